"""Geometry of the two charts: numbers only, drawn by the HTML template as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from pipeline.model import Digest

WIDTH, HEIGHT = 720, 120  # of the timeline's view box
MOST_TOPICS = 8
MOST_LABELS = 7


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: where it stands, how large it is, and what it says."""

    label: str
    value: int
    x: int
    y: int
    width: int
    height: int
    peak: bool = False


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Activity from the first hour to the last: its bars, where days begin, the days under it, and what a bar is."""

    bars: tuple[Bar, ...]
    borders: tuple[int, ...]  # x of each midnight between two days
    days: tuple[date, ...]  # the labels under it, evenly spaced; one day: none, its hours are the labels
    unit: Literal["hour", "day"]

    @property
    def peak(self) -> Bar:
        return next(bar for bar in self.bars if bar.peak)


def timeline(stats: Mapping[str, Any]) -> Timeline | None:
    """The hours of up to a week, the days of anything longer; None when there are no figures."""
    by_day = {date.fromisoformat(day): int(n) for day, n in stats.get("by_day", {}).items()}
    by_hour = {hour: int(n) for hour, n in stats.get("timeline", {}).items()}
    if not by_day and any(stats.get("by_hour", ())):  # a digest written before there was a timeline
        return _timeline([f"{hour:02d}:00" for hour in range(24)], [int(n) for n in stats["by_hour"]], (), (), "hour")
    if not by_day:
        return None
    first, last = min(by_day), max(by_day)
    days = tuple(first + timedelta(days=i) for i in range((last - first).days + 1))
    if not by_hour or len(days) > MOST_LABELS:
        shown = tuple(days[round(i * (len(days) - 1) / (MOST_LABELS - 1))] for i in range(MOST_LABELS)) if len(days) > MOST_LABELS else days
        return _timeline([day.isoformat() for day in days], [by_day.get(day, 0) for day in days], (), shown, "day")
    hours = [f"{day.isoformat()}T{hour:02d}" for day in days for hour in range(24)]
    borders = tuple(WIDTH * i // len(days) for i in range(1, len(days)))
    return _timeline(hours, [by_hour.get(hour, 0) for hour in hours], borders, days if len(days) > 1 else (), "hour")


def _timeline(
    labels: Sequence[str], counts: Sequence[int], borders: tuple[int, ...], days: tuple[date, ...], unit: Literal["hour", "day"]
) -> Timeline:
    most = max(counts)
    peak = counts.index(most)
    step = WIDTH / len(counts)
    gap = min(3.0, step / 5)
    bars = tuple(
        Bar(
            label=label, value=n, x=round(i * step + gap), y=HEIGHT - height, width=max(1, round(step - 2 * gap)), height=height,
            peak=i == peak,
        )
        for i, (label, n) in enumerate(zip(labels, counts, strict=True))
        for height in [max(3, round(n / most * HEIGHT)) if n else 0]
        if n or len(counts) <= 24
    )  # fmt: skip
    return Timeline(bars=bars, borders=borders, days=days, unit=unit)


def topic_bars(digest: Digest) -> tuple[Bar, ...]:
    """The largest topics by messages; nothing when there is only one to compare."""
    found = [(t["title"], int(t["messages"])) for t in digest.stats.get("top_topics", ()) if t.get("title")]
    found = sorted(found or [(t.title, t.messages) for t in digest.topics if t.title], key=lambda x: -x[1])[:MOST_TOPICS]
    most = max((n for _, n in found), default=0)
    if len(found) < 2:
        return ()
    return tuple(
        Bar(label=title, value=n, x=0, y=i * 34, width=max(4, round(n / most * WIDTH)), height=8) for i, (title, n) in enumerate(found)
    )
