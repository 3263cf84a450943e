"""Times of day as the API server has them where they are finer than a second."""

from datetime import UTC, datetime


def stamp() -> str:
    """Return the time of day as a MicroTime: always with microseconds, or it is refused."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
