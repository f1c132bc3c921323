"""The sections of an artifact: read from Markdown, typed, and written as a template."""
