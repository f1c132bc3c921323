"""Incident care: a report is taken in, addressed, sorted into its lane, judged and answered."""
