"""Which of the moments that a message names its plan is about.

`find_times` reads each expression alone; here they are read together: a clock belongs to the day named before it
("周六爬山：7:30 集合", "昨天小结：8:42 出发"), and a clock that only measures something is no plan at all.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from pipeline.dates import NEAR, FoundTime, find_times

_SENTENCE_END = re.compile(r"[。！？!?；;\n]|\.\s")
_MEASURED = re.compile(r"\d\s*[%％]|百分之|\bper ?cent\b|平均|\bon average\b", re.IGNORECASE)
_HABIT = re.compile(r"(?:每|平时|通常|一般)[^\s，,。]{0,6}$|\b(?:every|each|usually|daily)\b[^,.]{0,12}$", re.IGNORECASE)


def main_moment(text: str, said_at: datetime) -> FoundTime | None:
    """The moment that an announcement is about: what it was moved to, else the first day to come (with the clock that any mention of
    it has), else the first clock; then a day by which one has to answer, and last the bare day on which it is said
    ("今天周六，明晚 22:00 截止")."""
    today = said_at.date().isoformat()
    ranked = sorted(moments(text, said_at), key=lambda f: (not f.is_change, f.when == today, f.is_deadline, not f.has_day, f.start))
    if not ranked:
        return None
    again = (f for f in ranked if f.has_clock and not f.is_deadline and f.when[:10] == ranked[0].when)
    return next(again, ranked[0])


def main_time(text: str, said_at: datetime) -> str | None:
    """`main_moment` as an ISO date or date-time."""
    found = main_moment(text, said_at)
    return found.when if found else None


def deadline(text: str, said_at: datetime) -> str | None:
    """By when something is promised or asked for: what that was moved to, else the first deadline, else the first day to come
    ("今天先到这，周日发" is Sunday), else today or the first clock."""
    today = said_at.date().isoformat()
    ranked = sorted(moments(text, said_at), key=lambda f: (not f.is_change, not f.is_deadline, not f.has_day, f.when == today, f.start))
    return ranked[0].when if ranked else None


def sentence_around(text: str, start: int, end: int) -> str:
    """The sentence, or line, that holds these characters."""
    first = max((m.end() for m in _SENTENCE_END.finditer(text, 0, start)), default=0)
    after = _SENTENCE_END.search(text, end)
    return text[first : after.start() if after else len(text)]


def only_measures(text: str, said_at: datetime) -> bool:
    """Are all the times that a text names those of a figure or a habit? Then nothing is to take place."""
    found = find_times(text, said_at)
    return bool(found) and all(f.has_clock and not f.has_day and _measures(text, f) for f in found)


def moments(text: str, said_at: datetime) -> list[FoundTime]:
    """The moments to come that a text names for something that is to take place, in order; said_at must be aware."""
    plans: list[FoundTime] = []
    for found in find_times(text, said_at):
        if found.has_day or not found.has_clock:
            plans.append(found)
            continue
        if _measures(text, found):
            continue
        day = next((p for p in reversed(plans) if p.has_day), None)
        if day is None:
            plans.append(found)
            continue
        clock = _on_day(found, day, said_at)
        if day is plans[-1] and not day.has_clock and not _SENTENCE_END.search(text[day.end : found.start]):
            plans[-1] = replace(
                clock, start=day.start, is_deadline=day.is_deadline or clock.is_deadline, is_change=day.is_change or clock.is_change
            )
        else:
            plans.append(clock)
    return [p for p in plans if not p.is_past]


def _measures(text: str, clock: FoundTime) -> bool:
    """Does a clock without a day qualify a habit or a figure ("晚上 8:30–9:30 发的内容回复率 17%") rather than name an appointment?"""
    if _HABIT.search(text[max(0, clock.start - NEAR) : clock.start]):
        return True
    return bool(_MEASURED.search(sentence_around(text, clock.start, clock.end)))


def _on_day(clock: FoundTime, day: FoundTime, said_at: datetime) -> FoundTime:
    """The clock on the day that is named before it."""
    alone = datetime.fromisoformat(clock.when)
    moment = alone + (date.fromisoformat(day.when[:10]) - said_at.date())
    return replace(clock, when=moment.isoformat(), has_day=True, is_past=moment < said_at - timedelta(hours=1))
