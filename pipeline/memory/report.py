"""The operator's report of a period: for the operator, never posted by default."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.archive import Archive, StoredChat
from pipeline.mask import mask
from pipeline.memory.cues import chat_day
from pipeline.memory.figures import (
    Line,
    Period,
    hours,
    members,
    noise_figures,
    peak,
    read_lines,
    response,
    unanswered_share,
    weekdays,
)
from pipeline.memory.health import stage, warnings
from pipeline.memory.keeping import read_ledger
from pipeline.memory.ledger import Question
from pipeline.memory.optout import OptedOut, nobody
from pipeline.memory.people import SETTLED, advertisers, kol, last_lines, lurkers, newcomers, starters

SCHEMA = "dianti.report/1"
OPEN_MOST, OPEN_SURE = 8, 0.5  # so many open questions; P(it is one and has no answer)
HALVES = 14  # days from which a period without a past is laid against its own first half


def build_report(
    archive: Archive,
    chats: Sequence[StoredChat],
    since: datetime | None = None,
    until: datetime | None = None,
    opted_out: OptedOut = nobody,
) -> dict[str, Any]:
    """The report of those chats together, as its JSON document; every number can be traced to messages of the archive."""
    every = read_lines(archive, chats, None, until)
    questions = [q for chat in chats for q in read_ledger(archive, chat, None, opted_out)]
    name = chats[0].chat.name if len(chats) == 1 else ", ".join(c.chat.name for c in chats)
    lines = [x for x in every if since is None or x.at >= since]
    if not lines:
        return {"schema": SCHEMA, "chat": name, "period": None, **_empty()}
    now = _period(lines, questions)
    before, against = _before(every, lines, questions, since)
    known = last_lines([x for x in every if x.at < lines[0].at])
    reaches_back = lines[0].at - every[0].at >= SETTLED
    new = newcomers(now, known, reaches_back, opted_out)
    leaders = kol(now, before, opted_out)
    life, life_numbers = stage(every)
    return {
        "schema": SCHEMA, "chat": name,
        "period": {
            "start": now.start.isoformat(), "end": now.end.isoformat(), "days": now.days, "messages": len(now.member_lines),
            "first_day": chat_day(now.start).isoformat(), "last_day": chat_day(now.end).isoformat(),
        },
        "compared_with": {"start": before.start.isoformat(), "end": before.end.isoformat(), "what": against} if before else None,
        "members": members(now) | {"before": members(before) if before else None},
        "kol": leaders, "starters": starters(now, opted_out), "newcomers": new,
        "lurkers": lurkers(now, known, opted_out), "advertisers": advertisers(now),
        "hours": hours(now), "weekdays": weekdays(now), "peak": peak(now),
        "response": response(now) | {"before": response(before) if before else None},
        "unanswered_share": unanswered_share(now), "noise_share": noise_figures(now)["noise"], "noise": noise_figures(now),
        "stage": life, "stage_numbers": life_numbers, "warnings": warnings(now, before, new, opted_out),
        "open_questions": open_questions(archive, chats, now.start, now.end, opted_out),
        "too_little_data": len(now.member_lines) < 50 or now.days < 2,
    }  # fmt: skip


def open_questions(
    archive: Archive, chats: Sequence[StoredChat], start: datetime, end: datetime, opted_out: OptedOut = nobody
) -> list[dict[str, Any]]:
    """What was asked in the period and has no answer yet, the surest questions first: for the operator to answer."""
    found = []
    for chat in chats:
        for q in read_ledger(archive, chat, None, opted_out):
            if q.status == "open" and not q.answers and max(a.confidence for a in q.askings) >= OPEN_SURE and start <= q.last_asked <= end:
                last = q.askings[-1]
                line = {"id": f"{chat.key}/{q.id}", "text": mask(q.text), "sender": mask(last.sender), "time": last.at.isoformat()}
                found.append((-len(q.askings), -max(a.confidence for a in q.askings), last.at, line))
    return [line for *_rank, line in sorted(found, key=lambda f: (*f[:3], f[3]["id"]))][:OPEN_MOST]


def _empty() -> dict[str, Any]:
    return {
        "compared_with": None,
        "members": {"active": 0, "speaking": 0, "contributing": 0, "before": None},
        "kol": [],
        "starters": [],
        "newcomers": [],
        "lurkers": [],
        "advertisers": [],
        "hours": [0] * 24,
        "weekdays": [0] * 7,
        "peak": {},
        "response": {"asked": 0, "answered": 0, "answered_share": None, "median_minutes": None, "within_an_hour": None, "before": None},
        "unanswered_share": None,
        "noise_share": None,
        "noise": {},
        "stage": "unknown",
        "stage_numbers": {"days": 0},
        "warnings": [],
        "open_questions": [],
        "too_little_data": True,
    }


def _period(lines: Sequence[Line], questions: Sequence[Question]) -> Period:
    start, end = lines[0].at, lines[-1].at
    return Period(
        start=start, end=end, lines=tuple(lines), questions=tuple(q for q in questions if any(start <= a.at <= end for a in q.askings))
    )


def _before(
    every: Sequence[Line], lines: Sequence[Line], questions: Sequence[Question], since: datetime | None
) -> tuple[Period | None, str]:
    """The period of equal length before; for the whole archive, its own first half."""
    if since is not None:
        length = lines[-1].at - since
        old = [x for x in every if since - length - timedelta(days=1) <= x.at < since]
        return (_period(old, questions), "before") if old else (None, "")
    days = (chat_day(lines[-1].at) - chat_day(lines[0].at)).days + 1
    if days < HALVES:
        return None, ""
    middle = lines[0].at + (lines[-1].at - lines[0].at) / 2
    old = [x for x in lines if x.at < middle]
    return (_period(old, questions), "first_half") if old else (None, "")
