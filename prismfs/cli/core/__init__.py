"""Verbs of the desk itself."""
