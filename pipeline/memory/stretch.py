"""The ledger's own unit of work: a day of chat, from four in the morning to the next.

The archive's sessions and windows depend on how the chat was imported (a day a time, or a year at once). The ledger
must not: a message's day depends on the message alone, so the same messages give the same stretches in whatever order
they arrived.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta, timezone

from pipeline.memory.cues import DAY_STARTS, chat_day
from pipeline.model import Message

MOST = 12_000  # messages analysed at once
EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))  # where a day begins first and ends last


def days_of(messages: Sequence[Message]) -> dict[date, list[Message]]:
    """The messages of each day, in time order."""
    found: dict[date, list[Message]] = {}
    for message in messages:
        found.setdefault(chat_day(message.sent_at), []).append(message)
    return dict(sorted(found.items()))


def instants(day: date) -> tuple[datetime, datetime]:
    """When that day can begin and end, anywhere: messages within may still be of its neighbours."""
    return datetime.combine(day, time(), EAST) + DAY_STARTS, datetime.combine(day + timedelta(days=1), time(), WEST) + DAY_STARTS


def parts(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """A day too long to be analysed at once, in pieces."""
    for start in range(0, len(messages), MOST):
        yield messages[start : start + MOST]
