"""Verbs of who runs the desk."""
