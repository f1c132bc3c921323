"""Record kinds of incident care."""
