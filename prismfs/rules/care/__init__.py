"""Incident care: a report is taken in, addressed, sorted into its lane, judged and answered.

A signal comes in by a file, a commit or a bridge (`intake`, `address`, `bridge`), gets one lane (`lanes`,
`classifier`, `unclassified`), is answered from the knowledge base (`knowledge`) or handed on, and its reporter hears
of every step (`replies`). Triage of an incident has five tiers (`assessment`), done by rules, a person or a command
(`judgement`). What concerns the product may leave as an issue, past an operator (`outbound_issue`).
"""
