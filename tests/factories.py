"""Builds logs in one readable line: chat("甲: 有人吗？ | 乙: 在 +2m | 甲: 怎么报名？ +5h")."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from pipeline.model import Chat, Export, Kind, Message

START = datetime(2026, 3, 10, 20, 0, tzinfo=timezone(timedelta(hours=8)))
_STEP = re.compile(r"\s*\+(\d+)(s|m|h|d)\s*$")
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DEFAULT_STEP = timedelta(seconds=20)

__all__ = ["START", "UTC", "chat", "export", "message"]


def message(text: str, *, id: str = "m1", sender: str = "甲", at: datetime = START, kind: Kind = Kind.TEXT, **more: object) -> Message:
    """One message; the sender's id is the name unless given."""
    given = {"sender_id": sender, **more}
    return Message(id=id, sender=sender, sent_at=at, text=text, kind=kind, **given)  # type: ignore[arg-type]


def chat(line: str, start: datetime = START) -> tuple[Message, ...]:
    """ "name: text [+5m] | …": each message comes 20 s, or the given time, after the one before; ids m1, m2…"""
    found, now = [], start
    for n, part in enumerate(line.split(" | "), 1):
        step = _STEP.search(part)
        body = part[: step.start()] if step else part
        if n > 1:
            now += timedelta(seconds=int(step[1]) * _UNIT[step[2]]) if step else DEFAULT_STEP
        sender, _, text = body.strip().partition(": ")
        found.append(message(text, id=f"m{n}", sender=sender, at=now))
    return tuple(found)


def export(line: str, name: str = "测试群") -> Export:
    return Export(chat=Chat(name=name), format="test", messages=chat(line))
