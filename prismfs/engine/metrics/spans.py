"""Durations as text for people. Imports nothing heavy."""

_UNITS = ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s"))


def format_seconds(seconds: float) -> str:
    """Return a length of time in its two largest units, such as `47m 32s`, `3d 4h` or `6.0s`."""
    if abs(seconds) < 59.95:
        return f"{seconds:.1f}s"
    whole, sign = round(abs(seconds)), "-" if seconds < 0 else ""
    for size, unit, below, part in _UNITS:
        if whole >= size:
            count, rest = divmod(whole, size)
            return f"{sign}{count}{unit} {rest // below}{part}"
    raise AssertionError("a minute or more has a unit")
