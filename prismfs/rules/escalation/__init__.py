"""Escalation: who is told of what needs attention, by which route, and what happens when nobody answers.

An escalation is opened or counted (`lifecycle`), goes to a tier (`tiers`) and is looked at again at its times
(`timers`). Its notices are messages (`notices`, `messages`) that take their routes (`routes`), are kept back by
silences and inhibition (`silences`, `hold`), leave in groups (`groups`) and within limits (`throttle`). What became
of them is in `delivery`; one that reaches nobody sends the escalation on (`undeliverable`).
"""
