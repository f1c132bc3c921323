"""Records in git: snapshots, commits in groups, files on disk, and the indexes derived from commits."""
