"""Messages → sessions between long pauses → segments on one subject each.

A session ends at a pause that is long for this group, and at the day line when nobody is talking across it. Inside a
session a segment ends where the words before and after differ most (TextTiling's depth, on meaning vectors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import MessageVectors, Vectors, unit_rows
from pipeline.model import Message, Segment, Session


@dataclass(frozen=True, kw_only=True)
class SegmentOptions:
    """Where sessions and segments end."""

    day_start_hour: int = 4  # the small hours belong to the evening before
    shortest_pause_min: float = 30.0  # no pause below this ends a session, however busy the group
    longest_pause_min: float = 360.0  # every pause above this does, however sleepy
    segment_depth: float = 0.5  # standard deviations of depth above the session's mean


def split_into_sessions(messages: Sequence[Message], options: SegmentOptions | None = None) -> list[Session]:
    """The stretches between long pauses; every message is in exactly one."""
    options = options or SegmentOptions()
    if not messages:
        return []
    gaps = _gaps(messages)
    pause = session_pause(gaps, options)
    shift = timedelta(hours=options.day_start_hour)
    day = [(m.sent_at - shift).date() for m in messages]
    starts = [0] + [i for i in range(1, len(messages)) if gaps[i - 1] >= pause or day[i] != day[i - 1]]
    return [
        Session(id=f"s{n}", messages=tuple(messages[a:b]))
        for n, (a, b) in enumerate(zip(starts, [*starts[1:], len(messages)], strict=True), 1)
    ]


def _gaps(messages: Sequence[Message]) -> NDArray[np.float64]:
    """Seconds from each message to the next; never negative."""
    at = np.array([m.sent_at.timestamp() for m in messages])
    return np.maximum(np.diff(at), 0)


def session_pause(gaps: NDArray[np.float64], options: SegmentOptions) -> float:
    """Seconds of silence that end a session in a group with these gaps."""
    usual = float(np.quantile(gaps, 0.95)) if len(gaps) else 0.0
    return min(max(10 * usual, 90 * 60, options.shortest_pause_min * 60), options.longest_pause_min * 60)


def split_into_segments(sessions: Sequence[Session], vectors: MessageVectors, options: SegmentOptions | None = None) -> list[Segment]:
    """Each session cut where its subject changes; row i of `vectors` is the i-th message of the sessions in order."""
    options = options or SegmentOptions()
    segments: list[Segment] = []
    row = 0
    for session in sessions:
        mine = vectors.fast[row : row + len(session.messages)]
        row += len(session.messages)
        starts = [0, *_shifts(mine, options), len(session.messages)]
        segments += [Segment(id=f"{session.id}.{n}", messages=session.messages[a:b]) for n, (a, b) in enumerate(pairwise(starts), 1)]
    return segments


def _shifts(rows: Vectors, options: SegmentOptions, window: int = 3) -> list[int]:
    """The messages (not the first) with which a new subject starts."""
    n = len(rows)
    if n < 4:
        return []
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
    at = np.arange(1, n)
    before = unit_rows(sums[at] - sums[np.maximum(at - window, 0)])
    after = unit_rows(sums[np.minimum(at + window, n)] - sums[at])
    depth = _depths((before * after).sum(1))
    limit = depth.mean() + options.segment_depth * depth.std()
    return [int(i) for i in at if depth[i - 1] > limit and depth[i - 1] > 0]


def _depths(similar: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far similarity climbs on both sides of each place; only valleys count."""
    n = len(similar)
    depth = np.zeros(n)
    for i in range(n):
        if (i and similar[i - 1] < similar[i]) or (i + 1 < n and similar[i + 1] <= similar[i]):
            continue
        a = b = i
        while a > 0 and similar[a - 1] >= similar[a]:
            a -= 1
        while b + 1 < n and similar[b + 1] >= similar[b]:
            b += 1
        depth[i] = similar[a] + similar[b] - 2 * similar[i]
    return depth
