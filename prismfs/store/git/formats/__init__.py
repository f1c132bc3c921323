"""What git reads and writes itself, in its own formats: packs, folders, the index."""
