"""The life of a chat: its stage, and the signs that it is about to leave it. Each sign comes with the numbers behind it.

A group's life runs sprouting → growing → active → declining → silent (萌芽、成长、活跃、衰退、沉寂).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.memory.cues import chat_day
from pipeline.memory.figures import Line, Period, by_member, members, noise_figures, response, unanswered_share
from pipeline.memory.optout import OptedOut, nobody

STAGE_DAYS = 21  # of history before a stage can be told
WARN_MESSAGES = 50  # in the period before a share means anything


def stage(lines: Sequence[Line]) -> tuple[str, dict[str, Any]]:
    """The stage of a chat's life from its weeks; "unknown" where there is too little to tell."""
    days = Counter(chat_day(x.at) for x in lines if x.kind != "system")
    if not days:
        return "unknown", {"days": 0}
    first, last = min(days), max(days)
    span = (last - first).days + 1
    if span < STAGE_DAYS:
        return "unknown", {"days": span, "needed": STAGE_DAYS}
    weeks = [sum(n for d, n in days.items() if (last - d).days // 7 == w) for w in range(span // 7)]  # newest first
    recent, earlier, most = _mean(weeks[: max(1, len(weeks) // 3)]), _mean(weeks[max(1, len(weeks) // 3) :]), max(weeks)
    numbers = {"weeks": len(weeks), "messages_a_week": round(recent, 1), "before": round(earlier, 1), "best_week": most}
    if recent < 0.1 * most:
        return "silent", numbers
    if recent < 0.6 * earlier:
        return "declining", numbers
    if recent > 1.3 * earlier:
        return ("sprouting" if span < 2 * STAGE_DAYS else "growing"), numbers
    return "active", numbers


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def warnings(
    period: Period, before: Period | None, newcomers: Sequence[Mapping[str, Any]], opted_out: OptedOut = nobody
) -> list[dict[str, Any]]:
    """What the operator should look at, most pressing first."""
    if len(period.member_lines) < WARN_MESSAGES:
        return []
    found = [*_unanswered(period, before), *_noise(period, before), *_few_carry(period), *_unwelcomed(newcomers)]
    if before is not None and len(before.member_lines) >= WARN_MESSAGES:
        found += [*_fading(period, before, opted_out), *_slower(period, before), *_absent_host(period, before)]
        if not newcomers and period.days >= 28:
            found.append({"sign": "no_new_members", "numbers": {"days": period.days}})
    return found


def _unanswered(period: Period, before: Period | None) -> list[dict[str, Any]]:
    share, old = unanswered_share(period), unanswered_share(before) if before else None
    asked = len(period.questions)
    if share is None or asked < 8 or share < 0.3:
        return []
    return [{"sign": "questions_unanswered", "numbers": {"share": share, "before": old, "questions": asked}}]


def _noise(period: Period, before: Period | None) -> list[dict[str, Any]]:
    now, old = noise_figures(period), noise_figures(before) if before else {}
    limits = {"ads": ("ad", 0.03), "quarrels": ("conflict", 0.02), "noise": ("noise", 0.75)}
    return [
        {"sign": sign, "numbers": {"share": now[key], "before": old.get(key), "messages": round(now[key] * len(period.member_lines))}}
        for sign, (key, limit) in limits.items()
        if now.get(key, 0.0) >= limit
    ]


def _few_carry(period: Period) -> list[dict[str, Any]]:
    """One voice, or three, in a group of many: the talk dies when they leave."""
    counted = sorted((sum(x.is_said for x in own) for own in by_member(period.lines).values()), reverse=True)
    total = sum(counted)
    if len(counted) < 10 or not total:
        return []
    one, three = counted[0] / total, sum(counted[:3]) / total
    if one < 0.4 and three < 0.65:
        return []
    return [{"sign": "few_carry_the_talk", "numbers": {"first": round(one, 3), "first_three": round(three, 3), "members": len(counted)}}]


def _unwelcomed(newcomers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    alone = sum(not p["answered"] for p in newcomers)
    if alone < 2:
        return []
    return [{"sign": "newcomers_without_answer", "numbers": {"alone": alone, "newcomers": len(newcomers)}}]


def _fading(period: Period, before: Period, opted_out: OptedOut) -> list[dict[str, Any]]:
    """Activity falls, or those who carried the chat before fall silent."""
    found = []
    now, old = len(period.member_lines) / period.days, len(before.member_lines) / before.days
    if now < 0.6 * old:
        found.append({"sign": "activity_falls", "numbers": {"messages_a_day": round(now, 1), "before": round(old, 1)}})
    worth = {s: sum(x.worth for x in own) for s, own in by_member(before.lines).items()}
    today = {s: sum(x.worth for x in own) for s, own in by_member(period.lines).items()}
    leaders = sorted((s for s in worth if worth[s] > 0), key=lambda s: (-worth[s], s))[:5]
    names = {x.sender_id: x.sender for x in before.lines}
    gone = [s for s in leaders if today.get(s, 0.0) < 0.25 * worth[s] and not opted_out(s, names[s])]
    if gone:
        found.append({"sign": "valuable_members_fade", "numbers": {"members": [names[s] for s in gone], "of": len(leaders)}})
    return found


def _slower(period: Period, before: Period) -> list[dict[str, Any]]:
    now, old = response(period)["median_minutes"], response(before)["median_minutes"]
    if not isinstance(now, float) or not isinstance(old, float) or now < 30 or now < 2 * old:
        return []
    return [{"sign": "answers_take_longer", "numbers": {"median_minutes": now, "before": old}}]


def _absent_host(period: Period, before: Period) -> list[dict[str, Any]]:
    """The host (owner or admin, where the export tells) spoke before and does not now."""
    hosts = {x.sender_id for x in before.lines if x.role in ("owner", "admin")}
    days = {chat_day(x.at) for x in period.lines if x.sender_id in hosts}
    if not hosts or days or members(period)["speaking"] < 5:
        return []
    return [{"sign": "host_absent", "numbers": {"hosts": len(hosts), "days": period.days}}]
