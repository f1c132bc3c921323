"""Record kinds that every family shares."""
