"""Incident response: an incident from detection to its review.

It is reported by a signal or a command (`reports`), a job or the desk itself, and opened or counted (`opening`); it has
a severity, targets and a clock (`severity`, `clock`), climbs the chain of people (`owners`), changes (`status`,
`orders`), and is mitigated, resolved and closed, or merged (`lifecycle`, `merging`). Jobs that fail are tried again
before people are asked (`jobs`); what is over is reviewed and leaves action items (`postmortem`).
"""
