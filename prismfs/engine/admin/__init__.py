"""Founding a project, looking it over, trying settings, importing."""
