"""Settings of incident response."""
