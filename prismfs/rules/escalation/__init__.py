"""Escalation: who is told of what needs attention, by which route, and what happens without an answer.

An escalation is opened or counted (`opening`), acknowledged, raised and closed (`lifecycle`), and handed from tier
to tier (`tiers`). Its notices are steps of the road: route (`notices`, by the tree of `routes`), hold (`hold`,
while one of the `silences` or an inhibit rule mutes it), enqueue (`notices`: in `groups`, or within its limits).
`messages` says what they say and when they may leave; what became of them is in `notices`, too.
"""
