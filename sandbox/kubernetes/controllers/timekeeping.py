"""Time, as objects have it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def written(moment: datetime) -> str:
    """A time as objects have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str) -> datetime:
    """A time that an object has."""
    return datetime.fromisoformat(text)
