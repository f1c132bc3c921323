"""What any record is: ids, codec, events, plans, views. Knows no kind, does no I/O."""
