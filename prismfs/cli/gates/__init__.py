"""Verbs of gates."""
