"""The people of a period: who carries the chat, who starts talk, who is new, who is quiet, who advertises.

Figures about a person need enough messages to mean something, and leave out who opted out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pipeline.mask import mask
from pipeline.memory.cues import chat_day
from pipeline.memory.figures import VALUABLE, Line, Period, by_member
from pipeline.memory.optout import OptedOut
from pipeline.text import fold

ENOUGH = 5  # messages before somebody is ranked
MOST = 10  # people in a list
QUIET = 2  # messages said in the period, at most, of somebody who mostly reads
SETTLED = timedelta(days=7)  # the archive must reach back that far before a first message counts as somebody new
_SCANNED = re.compile(r"通过扫描|using .{0,20}invite link", re.IGNORECASE)
_INVITED = re.compile(r"邀请|\b(?:was )?(?:invited|added)\b", re.IGNORECASE)
_JOINED = re.compile(r"加入|进群|入群|邀请|join|added|invited", re.IGNORECASE)


def person(line: Line) -> dict[str, Any]:
    return {"sender_id": line.sender_id, "sender": mask(line.sender)}


def kol(period: Period, before: Period | None, opted_out: OptedOut) -> list[dict[str, Any]]:
    """Those whose messages the others keep, strongest first, with what they give and whether they fade."""
    answered = answers_given(period)
    old = {s: sum(x.worth for x in own) for s, own in by_member(before.lines).items()} if before else {}
    found = []
    for sender_id, own in by_member(period.lines).items():
        said = [x for x in own if x.is_said]
        if len(own) < ENOUGH or not any(x.value >= VALUABLE for x in said) or opted_out(sender_id, own[-1].sender):
            continue
        worth = sum(x.worth for x in said)
        found.append(
            person(own[-1])
            | {
                "worth": round(worth, 2),
                "messages": len(own),
                "valuable": sum(x.value >= VALUABLE for x in said),
                "answers": answered.get(sender_id, 0),
                "best": max(said, key=lambda x: (x.value, x.at)).id,
                "days": len({chat_day(x.at) for x in own}),
            }
            | ({"before": round(old.get(sender_id, 0.0), 2), "fading": worth < 0.4 * old.get(sender_id, 0.0)} if before else {})
        )
    return sorted(found, key=lambda p: (-p["worth"], p["sender_id"]))[:MOST]


def answers_given(period: Period) -> dict[str, int]:
    counted: dict[str, int] = {}
    for question in period.questions:
        for answer in question.answers:
            if period.start <= answer.told.at <= period.end:
                counted[answer.told.sender_id] = counted.get(answer.told.sender_id, 0) + 1
    return counted


def starters(period: Period, opted_out: OptedOut) -> list[dict[str, Any]]:
    """Those who begin the conversations that others join."""
    threads: dict[tuple[int, int], list[Line]] = {}
    for line in period.lines:
        if line.thread is not None and line.is_said:
            threads.setdefault((line.chat, line.thread), []).append(line)
    found: dict[str, dict[str, Any]] = {}
    for lines in threads.values():
        drawn = {x.sender_id for x in lines} - {lines[0].sender_id}
        if len(drawn) >= 2 and not opted_out(lines[0].sender_id, lines[0].sender):
            entry = found.setdefault(lines[0].sender_id, person(lines[0]) | {"started": 0, "drawn": 0, "messages": 0})
            entry["started"] += 1
            entry["drawn"] += len(drawn)
            entry["messages"] += len(lines)
    return sorted(found.values(), key=lambda p: (-p["started"], -p["drawn"], p["sender_id"]))[:MOST]


def newcomers(period: Period, known_before: Mapping[str, Line], reaches_back: bool, opted_out: OptedOut) -> list[dict[str, Any]]:
    """Who came in the period, and whether anybody answered them.

    Somebody is new whose joining the log shows, or (where the archive reaches back) who never spoke before.
    """
    notices = [fold(_joiners(x.text)) for x in period.lines if x.kind == "system" and _JOINED.search(x.text)]
    replied = {x.reply_row for x in period.lines if x.reply_row is not None}
    lines = by_member(period.lines)
    found = []
    for sender_id, own in lines.items():
        name = fold(own[0].sender)
        joined = len(name) > 1 and any(name in notice for notice in notices)
        first = sender_id not in known_before
        if not first or not (joined or reaches_back) or opted_out(sender_id, own[-1].sender) or all(x.noise == "ad" for x in own):
            continue
        asked = [q for q in period.questions for a in q.askings if a.sender_id == sender_id]
        answered = any(x.row in replied for x in own) or any(q.status != "open" for q in asked)
        found.append(
            person(own[-1])
            | {"since": own[0].at.isoformat(), "messages": len(own), "questions": len(asked), "answered": answered, "first": own[0].id}
        )
    return sorted(found, key=lambda p: (p["since"], p["sender_id"]))


def _joiners(notice: str) -> str:
    """The part of a notice that names who came, not who asked them in: "A邀请B加入了群聊", "B通过扫描A分享的二维码加入群聊"."""
    if scanned := _SCANNED.search(notice):
        return notice[: scanned.start()]
    if (asked := _INVITED.search(notice)) and not asked[0].casefold().startswith("was"):
        return notice[asked.end() :]
    return notice[: asked.start()] if asked else notice


def lurkers(period: Period, known_before: Mapping[str, Line], opted_out: OptedOut) -> list[dict[str, Any]]:
    """Members who mostly read: little said now. Those of an earlier period who fell silent come first."""
    lines = by_member(period.lines)
    here = [
        person(own[-1]) | {"messages": len(own), "said": sum(x.is_said for x in own), "last": own[-1].at.isoformat()}
        for sender_id, own in lines.items()
        if sum(x.is_said for x in own) <= QUIET and not any(x.noise == "ad" for x in own) and not opted_out(sender_id, own[-1].sender)
    ]
    gone = [
        person(line) | {"messages": 0, "said": 0, "last": line.at.isoformat()}
        for sender_id, line in known_before.items()
        if sender_id not in lines and line.noise != "ad" and not opted_out(sender_id, line.sender)
    ]
    return sorted([*gone, *here], key=lambda p: (p["said"], p["messages"], p["sender_id"]))


def advertisers(period: Period) -> list[dict[str, Any]]:
    """A clean-up list to decide on: who advertised more than once, or did nothing else. Opting out protects no advertiser."""
    found = []
    for _sender_id, own in by_member(period.lines).items():
        ads = [x for x in own if x.noise == "ad"]
        if len(ads) >= 2 or (ads and len(ads) == len(own)):
            found.append(
                person(own[-1])
                | {
                    "ads": len(ads),
                    "messages": len(own),
                    "days": len({chat_day(x.at) for x in ads}),
                    "example": mask(ads[0].text)[:80],
                    "message_id": ads[0].id,
                }
            )
    return sorted(found, key=lambda p: (-p["ads"], p["sender_id"]))


def last_lines(lines: Sequence[Line]) -> dict[str, Line]:
    """Each member's newest line."""
    return {x.sender_id: x for x in lines if x.kind != "system"}
