"""Use cases: one turn over what is waiting, deliveries, founding, verifying. No loop, no threads."""
