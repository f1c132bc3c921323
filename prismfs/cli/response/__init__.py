"""Verbs of incident response."""
