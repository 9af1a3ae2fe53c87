"""A second look at P(noise), once the first look's probabilities of the neighbours and of the sender's other messages are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Message
from pipeline.score.cues import Table

STEPS = (-3, -2, -1, 1, 2, 3)
WINDOWS = (3, 8, 20, 40)  # messages on each side
OWN_STEPS = 5  # of the sender's messages on each side …
OWN_SECONDS = 3600.0  # … within an hour
SEEN = (
    "log_length", "kind_image", "kind_voice", "ack", "thanks", "laugh", "question_mark", "meme", "faces", "gap_before", "gap_after",
    "same_before", "same_after", "burst_length", "burst_place", "speakers_near",
)  # fmt: skip  # cues and context that say how far the neighbours are to be believed
AGAIN: tuple[str, ...] = (
    "first", *(f"step{k}" for k in STEPS), *(f"window{w}" for w in WINDOWS), "own_before", "own_after", "own_mean", "own_messages", *SEEN,
)  # fmt: skip


def again_table(messages: Sequence[Message], seen: Table, noise: NDArray[np.float32]) -> Table:
    """[messages, len(AGAIN)]; `noise`: the first look's probabilities, `seen`: the columns SEEN."""
    n = len(messages)
    if not n:
        return np.zeros((0, len(AGAIN)), dtype=np.float32)
    p = np.clip(noise.astype(np.float64), 1e-4, 1 - 1e-4)
    odds = np.log(p / (1 - p))
    place, total = np.arange(n), np.concatenate([[0.0], np.cumsum(p)])
    columns = [odds, *(_step(odds, k) for k in STEPS)]
    for w in WINDOWS:
        first, last = np.maximum(0, place - w), np.minimum(n, place + w + 1)
        columns.append((total[last] - total[first] - p) / np.maximum(1, last - first - 1))
    return np.column_stack([*columns, _of_own(messages, p, odds), seen]).astype(np.float32)


def _step(values: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    """What the message `by` rows before (after: negative) has, 0 beyond the ends."""
    moved = np.zeros_like(values)
    if abs(by) < len(values):
        if by > 0:
            moved[by:] = values[:-by]
        else:
            moved[:by] = values[-by:]
    return moved


def _of_own(messages: Sequence[Message], p: NDArray[np.float64], odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the sender's other messages near: log-odds of the one before and after, mean probability, how many."""
    n = len(messages)
    _, sender = np.unique([m.sender_id or m.sender for m in messages], return_inverse=True)
    order = np.lexsort((np.arange(n), sender))
    who, seconds = sender[order].astype(np.float64) + 1, np.array([messages[i].sent_at.timestamp() for i in order])
    mean, count, found = np.zeros(n), np.zeros(n), np.zeros((n, 4))
    for k in (k for k in range(-OWN_STEPS, OWN_STEPS + 1) if k):
        there = (_step(who, k) == who) & (np.abs(_step(seconds, k) - seconds) < OWN_SECONDS)
        mean += _step(p[order], k) * there
        count += there
        if abs(k) == 1:
            found[:, 0 if k > 0 else 1] = _step(odds[order], k) * there
    found[:, 2], found[:, 3] = np.where(count > 0, mean / np.maximum(1, count), 0.5), count
    back = np.empty(n, dtype=np.int64)
    back[order] = np.arange(n)
    aligned: NDArray[np.float64] = found[back]
    return aligned
