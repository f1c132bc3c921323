"""Incident care: a report is taken in, addressed, sorted into its lane, judged and answered.

A signal comes in by a file, a commit or a bridge (`intake`, `bridge`, `signals`) and gets one lane (`lanes`, by the
rules of `classifier` and `matching`), or waits for a person who names it. A question is answered from the knowledge
base (`knowledge`); where something broke an incident is asked for, and triage has five parts (`triage`, `assessment`),
done by rules, a person or a command (`judgement`). Reporters hear of every step (`replies`). What concerns the product
may leave as an issue, past an operator (`outbound_issue`).
"""
