"""Core: what the rules of every family use, and the rules of the desk itself.

The draft and the road (`draft`, `road`, `follow_ups`), who may do what (`authority`, `roles`, `identities`), what is
proposed of the roster (`roster`), what people sign off (`signoff`, `verdict_file`), mailboxes (`mailbox`), messages to
the outside (`outbox`), fingerprints (`fingerprint`), files that an older program wrote (`upgrade`), and what happened
outside the rules: a refused file, a person's commit, a change of the protected files (`observe`).
"""
