"""Settings of the project itself."""
