"""Settings of escalation."""
