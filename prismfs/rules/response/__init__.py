"""Incident response: an incident from detection to its review.

It is reported by a signal or a command (`reports`), a job or the desk itself, and opened or counted (`opening`); it has
targets and a clock (`targets`, `clock`, `update_sla`), climbs the chain of people (`owners`, `executive`), changes
(`severity_change`, `status`, `mitigation`, `pauses`) and ends (`closing`, `merging`). Jobs that fail are tried again
before people are asked (`jobs`); what is over is reviewed and leaves action items (`postmortem`).
"""
