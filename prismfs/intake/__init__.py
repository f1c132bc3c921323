"""Intake: reading the files that agents drop, setting refused ones aside, and taking secrets out.

Nothing here parses a record or decides anything; it yields bytes, refusals and scrubbed documents.
"""
