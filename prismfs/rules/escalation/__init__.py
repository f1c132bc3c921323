"""Escalation: who is told of what needs attention, by which route, and what happens when nobody answers."""
