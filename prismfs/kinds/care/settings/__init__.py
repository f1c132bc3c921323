"""Settings of incident care."""
