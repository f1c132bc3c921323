"""Work items of other programs: the lines of the beads program's `issues.jsonl`, read and written."""
