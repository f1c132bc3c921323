"""Setting up a project, checking it, trying its settings, importing."""
