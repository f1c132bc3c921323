"""Use cases: one turn over what is waiting, deliveries, setting up, verifying. No loop, no threads."""
