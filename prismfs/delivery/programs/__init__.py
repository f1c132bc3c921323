"""Running other programs: argument lists, never a shell."""
