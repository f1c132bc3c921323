"""Verbs of incident care."""
