"""Record kinds of workflows and gates."""
