"""Core: what every family of rules stands on, and the rules of the desk itself.

The draft and the road (`draft`, `road`, `follow_ups`), who may do what (`authority`, `roles`), the roster and the
other protected files (`roster`, `protected`), mailboxes (`mailbox`), fingerprints (`fingerprint`), and what happened
outside of the rules: a refused file, a commit of somebody else (`observe`).
"""
