"""prismfs: an incident desk without a server; every state change is one git commit."""

__version__ = "0.2.0.dev0"
