"""Settings of workflows."""
