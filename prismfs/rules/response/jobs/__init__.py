"""Jobs that fail: tried again as the settings allow, before people are asked."""
