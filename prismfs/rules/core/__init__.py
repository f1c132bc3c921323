"""Core: what the rules of every family use, and the rules of the desk itself.

The draft and the road (`draft`, `road`, `follow_ups`), who is who and may do what (`authority`), what is proposed of
the roster (`roster`), what people sign off (`signoff`), mailboxes (`mailbox`), messages to the outside
(`outbox`), fingerprints (`fingerprint`), and what happened outside the rules: a refused file, a person's commit, a
change of the protected files, files that an older program wrote (`observe`).
"""
