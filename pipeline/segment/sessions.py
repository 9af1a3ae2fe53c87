"""Messages → sessions: the stretches between pauses that are long for this group.

Between the pauses inside a conversation (minutes) and those between two (hours) a group's own pauses leave a gap; the
session pause lies in its middle. Where a group leaves several, the one nearest to an hour and a half counts most. At the
day line a session ends even without such a pause: at the longest silence within an hour of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Message, Session
from pipeline.segment.options import SegmentOptions


def split_into_sessions(messages: Sequence[Message], options: SegmentOptions | None = None) -> list[Session]:
    """The stretches between long pauses; every message is in exactly one."""
    options = options or SegmentOptions()
    if not messages:
        return []
    at = np.array([m.sent_at.timestamp() for m in messages])
    gaps = np.maximum(np.diff(at), 0)  # a clock that jumps back is no pause
    breaks = gaps >= session_pause(gaps, options)
    starts = [0, *sorted({*(np.flatnonzero(breaks) + 1).tolist(), *_day_starts(messages, at, gaps, breaks, options)}), len(messages)]
    return [Session(id=f"s{n}", messages=tuple(messages[a:b])) for n, (a, b) in enumerate(pairwise(starts), 1)]


def session_pause(gaps: NDArray[np.float64], options: SegmentOptions) -> float:
    """Seconds of silence that end a session in a group with these gaps between its messages."""
    low, high = options.shortest_pause_min * 60, options.longest_pause_min * 60
    steps = np.log([low, *np.sort(gaps[(gaps > low) & (gaps < high)]), high])
    middle = (steps[1:] + steps[:-1]) / 2
    nearness = np.exp(-(((middle - np.log(options.usual_pause_min * 60)) / options.pause_spread) ** 2) / 2)
    return float(np.exp(middle[int(np.argmax(np.diff(steps) * nearness))]))


def _day_starts(
    messages: Sequence[Message], at: NDArray[np.float64], gaps: NDArray[np.float64], breaks: NDArray[np.bool_], options: SegmentOptions
) -> list[int]:
    """For each day line that no long pause marks: the message after the longest silence within an hour of it."""
    shift = timedelta(hours=options.day_start_hour)
    days = [(m.sent_at - shift).date() for m in messages]
    found = []
    for i in range(1, len(messages)):
        if days[i] > days[i - 1] and not breaks[i - 1]:
            low, high = int(np.searchsorted(at[:i], at[i] - 3600)), i
            while high < len(at) - 1 and at[high + 1] - at[i] < 3600:
                high += 1
            if not breaks[low:high].any():
                found.append(low + int(np.argmax(gaps[low:high])) + 1)
    return found
