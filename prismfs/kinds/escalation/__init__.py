"""Record kinds of escalation."""
