"""Nudges and heartbeats: short notes between agents that are at work, outside of git."""
