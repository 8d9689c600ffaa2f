"""How long something took or has been, as people say it: `45 s`, `12 min`, `3 h`, `5 d`."""

from datetime import timedelta

# From how many seconds on a unit is used.
_UNITS = (("d", 2 * 86400, 86400), ("h", 2 * 3600, 3600), ("min", 2 * 60, 60))


def told(span: timedelta) -> str:
    """The span in its largest unit of which there are at least two; never less than nothing."""
    seconds = max(int(span.total_seconds()), 0)
    for unit, least, length in _UNITS:
        if seconds >= least:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
