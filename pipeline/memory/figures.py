"""The messages of a period with what is known about each: the ground of every figure in the operator's report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from pipeline.archive import Archive, StoredChat
from pipeline.archive.store import micros
from pipeline.memory.cues import chat_day
from pipeline.memory.ledger import Question

VALUABLE = 0.5  # from this value on a message is a contribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message as the report sees it."""

    row: int
    chat: int
    id: str
    at: datetime
    sender_id: str
    sender: str
    kind: str
    text: str
    value: float
    noise: str | None
    thread: int | None
    reply_row: int | None
    role: str | None = None

    @property
    def is_said(self) -> bool:
        """Is it something that a member said, rather than noise or a notice?"""
        return self.noise is None and self.kind not in ("system", "recall", "pat")

    @property
    def worth(self) -> float:
        """What it adds to its writer's standing: one good message weighs more than several middling ones."""
        return self.value**2 if self.is_said else 0.0


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of time of one or more chats: their lines in time order, and the questions asked in it."""

    start: datetime
    end: datetime
    lines: tuple[Line, ...]
    questions: tuple[Question, ...]

    @property
    def days(self) -> int:
        return (chat_day(self.end) - chat_day(self.start)).days + 1

    @property
    def member_lines(self) -> list[Line]:
        return [x for x in self.lines if x.kind != "system"]


def read_lines(archive: Archive, chats: Sequence[StoredChat], since: datetime | None = None, until: datetime | None = None) -> list[Line]:
    """The analysed messages of those chats in the half-open period, in time order."""
    lower, upper = micros(since) if since else -(2**62), micros(until) if until else 2**62
    found = []
    for chat in chats:
        rows = archive.db.execute(
            """
            SELECT m.row, m.chat, m.id, m.sent_at, m.sender_id, m.sender, m.kind, m.text, a.value, a.noise, a.thread, a.reply_row,
                   json_extract(m.extra, '$.role')
            FROM message m JOIN analysed a ON a.row = m.row WHERE m.chat = ? AND m.at >= ? AND m.at < ? ORDER BY m.at, m.row
            """,
            (chat.row, lower, upper),
        )
        found += [
            Line(
                row=r[0],
                chat=r[1],
                id=r[2],
                at=datetime.fromisoformat(r[3]),
                sender_id=r[4],
                sender=r[5],
                kind=r[6],
                text=r[7],
                value=r[8],
                noise=r[9],
                thread=r[10],
                reply_row=r[11],
                role=r[12],
            )
            for r in rows
        ]
    return sorted(found, key=lambda x: (x.at, x.row))


def by_member(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """Each member's lines, members in order of their first."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line.kind != "system":
            found.setdefault(line.sender_id, []).append(line)
    return found


def hours(period: Period) -> list[int]:
    counted = Counter(x.at.hour for x in period.member_lines)
    return [counted.get(h, 0) for h in range(24)]


def weekdays(period: Period) -> list[int]:
    """Messages from Monday to Sunday."""
    counted = Counter(chat_day(x.at).weekday() for x in period.member_lines)
    return [counted.get(d, 0) for d in range(7)]


def peak(period: Period) -> dict[str, object]:
    """The hour in which most members speak: the best time to post what everybody should see."""
    speakers: dict[int, set[tuple[str, date]]] = {}
    for line in period.member_lines:
        if line.is_said:
            speakers.setdefault(line.at.hour, set()).add((line.sender_id, chat_day(line.at)))
    if not speakers:
        return {}
    counted = hours(period)
    best = max(speakers, key=lambda h: (len(speakers[h]), counted[h], -h))
    total = sum(counted)
    return {
        "hour": best,
        "speakers_a_day": round(len(speakers[best]) / period.days, 1),
        "messages": counted[best],
        "share": round(counted[best] / total, 3),
    }


def noise_figures(period: Period) -> dict[str, float]:
    """Shares of all messages but system notices: noise, and each reason."""
    lines = period.member_lines
    counted = Counter(x.noise for x in lines if x.noise)
    total = max(1, len(lines))
    return {"noise": round(sum(counted.values()) / total, 3)} | {k: round(n / total, 3) for k, n in sorted(counted.items())}


def response(period: Period) -> dict[str, object]:
    """How many questions were answered, and how fast."""
    asked = [(q, a) for q in period.questions for a in q.askings if period.start <= a.at <= period.end]
    waits = []
    for question, asking in asked:
        later = [x.told.at for x in question.answers if x.told.at >= asking.at]
        if later:
            waits.append((min(later) - asking.at).total_seconds() / 60)
    n = len(asked)
    return {
        "asked": n, "answered": len(waits), "answered_share": round(len(waits) / n, 3) if n else None,
        "median_minutes": round(median(waits), 1) if waits else None,
        "within_an_hour": round(sum(w <= 60 for w in waits) / n, 3) if n else None,
    }  # fmt: skip


def unanswered_share(period: Period) -> float | None:
    """Questions first asked here to which nobody said anything that may be an answer."""
    here = [q for q in period.questions if period.start <= q.askings[0].at <= period.end]
    return round(sum(not q.answers for q in here) / len(here), 3) if here else None


def members(period: Period) -> dict[str, int]:
    """How many were there at all, how many said something, how many contributed."""
    lines = by_member(period.lines)
    return {
        "active": len(lines),
        "speaking": sum(any(x.is_said for x in own) for own in lines.values()),
        "contributing": sum(any(x.is_said and x.value >= VALUABLE for x in own) for own in lines.values()),
    }
