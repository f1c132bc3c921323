"""Record kinds of incident response."""
