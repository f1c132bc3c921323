"""Record kinds of work items."""
