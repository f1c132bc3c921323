"""Verbs of work items."""
