"""Triage of an incident in five tiers: what is read, the privacy gates, the judgement, the output."""
