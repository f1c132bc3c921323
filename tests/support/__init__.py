"""What tests share: projects on disk and in memory, servers that answer as the real ones do, labelled samples."""
