"""Verbs of escalation."""
