"""When a calibration was made, on the reader's clock: its file has UTC, a person reads local time."""

from __future__ import annotations

import datetime

FORM = "%Y-%m-%dT%H:%M:%SZ"
"""As the file has it."""


def made_at(created: str) -> datetime.datetime | None:
    """The moment of a file's `created`, in UTC; None where it cannot be read.

    Example:
        >>> made_at("2026-01-03T19:30:00Z")
        datetime.datetime(2026, 1, 3, 19, 30, tzinfo=datetime.timezone.utc)
    """
    try:
        return datetime.datetime.strptime(created, FORM).replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return None


def local_words(created: str) -> str:
    """As "03 Jan 2026 20:30" in local time; as it stands where it cannot be read."""
    made = made_at(created)
    return created if made is None else made.astimezone().strftime("%d %b %Y %H:%M")
