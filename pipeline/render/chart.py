"""Geometry of the two charts: numbers only, drawn by the HTML template as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.model import Digest

WIDTH, HEIGHT = 720, 120  # of the timeline's view box
STEP = WIDTH // 24
MOST_TOPICS = 8


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


def hour_bars(stats: Mapping[str, Any]) -> tuple[Bar, ...]:
    """Messages by hour of the day; nothing when there are no figures."""
    hours = [int(n) for n in stats.get("by_hour", ())]
    most = max(hours, default=0)
    if len(hours) != 24 or not most:
        return ()
    peak = hours.index(most)
    return tuple(_hour(hour, n, most, hour == peak) for hour, n in enumerate(hours))


def _hour(hour: int, n: int, most: int, peak: bool) -> Bar:
    height = max(3, round(n / most * HEIGHT)) if n else 1
    return Bar(label=f"{hour:02d}", value=n, x=hour * STEP + 3, y=HEIGHT - height, width=STEP - 6, height=height, peak=peak)


def topic_bars(digest: Digest) -> tuple[Bar, ...]:
    """The largest topics by messages; nothing when there is only one to compare."""
    found = [(t["title"], int(t["messages"])) for t in digest.stats.get("top_topics", ()) if t.get("title")]
    found = (found or [(t.title, t.messages) for t in digest.topics if t.title])[:MOST_TOPICS]
    most = max((n for _, n in found), default=0)
    if len(found) < 2:
        return ()
    return tuple(
        Bar(label=title, value=n, x=0, y=i * 34, width=max(4, round(n / most * WIDTH)), height=8) for i, (title, n) in enumerate(found)
    )
