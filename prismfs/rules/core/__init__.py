"""What every family of rules needs: the draft, rights, the roster, mailboxes, fingerprints."""
