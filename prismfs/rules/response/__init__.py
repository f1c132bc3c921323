"""Incident response: an incident from detection to its review.

It is opened or joined (`opening`, `command_opening`), lives (`lifecycle`, `mitigation`, `status`), has targets and a
clock (`targets`, `clock`), climbs the chain of people (`owners`) and ends (`closing`, `merging`). Jobs that fail are
tried again before people are asked (`jobs`); what is over is reviewed and leaves action items (`postmortem`).
"""
