"""The operating-system user whose files the tests drop, for rosters that map it to a persona."""

from __future__ import annotations

import os
import pwd


class Owner:
    """Who owns the files that are dropped; histories that must be the same everywhere name another."""

    login = pwd.getpwuid(os.getuid()).pw_name
