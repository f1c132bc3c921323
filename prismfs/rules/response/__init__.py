"""Incident response: the life of an incident, its targets, its owners and what stakeholders hear."""
