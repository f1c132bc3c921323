"""Talking to other machines within one time-out: POST, SMTP, TLS."""
