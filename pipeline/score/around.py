"""The conversation around a message: how grave it is, who takes part, and what of it is about the same thing.

A cry for help and the crumbs of a case being solved ("没 手都放上去了") read word for word like banter; what is said around
them tells the two apart. Neighbours count more the nearer, the more alike and the more of the same sender they are: a
soft thread, which no mistake of the linker can cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Message
from pipeline.score.cues import COLUMN, Table
from pipeline.score.meaning import TARGETS

WINDOWS = (15, 40)  # messages on each side
MINUTES = 10.0
LASTING_SECONDS = 900.0  # after which a neighbour weighs a third
REACH = 40  # messages on each side that may belong to the same talk
ALIKE_LEAST = 0.05  # weight of a neighbour that has nothing in common
OWN_MORE = 3.0  # times as much weigh the sender's own messages
PARTNER_REACH = 2  # messages beside the sender's own that are a partner's
BEST_OF = 12
NARROW = 15  # messages on each side in which members are counted
BLOCK = 128

_MEANT = ("noise", "value", "knowledge", "question")
_CUES = ("log_length", "bug", "laugh", "question_mark", "advice", "solved", "thanks", "exclaims")
_SOFT = ("noise", "value", "knowledge", "question", "private", "log_length", "laugh", "bug")
AROUND: tuple[str, ...] = (
    *(f"wide{w}.{name}" for w in WINDOWS for name in (*_MEANT, *_CUES)),
    *(f"minutes.{name}" for name in (*_MEANT, *_CUES)),
    "minutes.messages",
    *(f"{where}.best_{name}" for name in ("value", "knowledge") for where in ("earlier", "later")),
    "talk.own_share", "talk.members", "talk.own_value",
    *(f"talk.{name}" for name in _SOFT), *(f"partners.{name}" for name in _SOFT),
    "talk.most_alike", "talk.alike", "talk.own_messages",
)  # fmt: skip


def around_table(messages: Sequence[Message], cues: Table, meaning: Table, vectors: NDArray[np.float32]) -> Table:
    """[messages, len(AROUND)]"""
    if not messages:
        return np.zeros((0, len(AROUND)), dtype=np.float32)
    seconds = np.array([m.sent_at.timestamp() for m in messages])
    _, sender = np.unique([m.sender_id or m.sender for m in messages], return_inverse=True)
    told = np.column_stack([meaning[:, [TARGETS.index(t) for t in _MEANT]], cues[:, [COLUMN[c] for c in _CUES]]]).astype(np.float64)
    place = np.arange(len(messages))
    first, last = np.searchsorted(seconds, seconds - 60 * MINUTES), np.searchsorted(seconds, seconds + 60 * MINUTES, side="right")
    return np.column_stack(
        [
            *(_mean_of_others(told, np.maximum(0, place - w), np.minimum(len(place), place + w + 1)) for w in WINDOWS),
            _mean_of_others(told, first, last), np.log1p(last - first - 1),
            _best(told[:, 1]), _best(told[:, 2]),
            _members(sender, told[:, 1]), _talk(seconds, sender, cues, meaning, vectors),
        ]
    ).astype(np.float32)  # fmt: skip


def _mean_of_others(told: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.float64]:
    """Means over rows first…last, the row itself left out."""
    total = np.vstack([np.zeros((1, told.shape[1])), np.cumsum(told, axis=0)])
    mean: NDArray[np.float64] = (total[last] - total[first] - told) / np.maximum(1, last - first - 1)[:, None]
    return mean


def _best(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """The highest score among the few messages before, and among the few after; -1 where there is none."""
    best = np.full((len(score), 2), -np.inf)
    for k in range(1, min(BEST_OF, len(score) - 1) + 1):
        best[k:, 0] = np.maximum(best[k:, 0], score[:-k])
        best[:-k, 1] = np.maximum(best[:-k, 1], score[k:])
    return np.where(np.isinf(best), -1.0, best)


def _members(sender: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the messages near: the sender's share, how many members write, what the sender's own are worth."""
    n = len(sender)
    earlier, latest = np.full(n, -1, dtype=np.int64), np.full(int(sender.max()) + 1, -1, dtype=np.int64)
    for i, who in enumerate(sender.tolist()):
        earlier[i], latest[who] = latest[who], i
    own, members, worth, near = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    place = np.arange(n)
    for k in range(-min(NARROW, n - 1), min(NARROW, n - 1) + 1):
        here = place[max(0, -k) : n - max(0, k)]
        same = sender[here] == sender[here + k]
        near[here] += 1
        own[here] += same
        worth[here] += same * value[here + k]
        members[here] += earlier[here + k] < here - NARROW  # the member's first message of the window
    return np.column_stack([own / near, members, worth / np.maximum(1, own)])


def _talk(
    seconds: NDArray[np.float64], sender: NDArray[np.int64], cues: Table, meaning: Table, vectors: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Weighted means over the soft thread, over what partners say beside the sender's messages, and how much there is of both."""
    n = len(seconds)
    unit = vectors - vectors.mean(axis=0)
    unit = unit / (np.linalg.norm(unit, axis=1, keepdims=True) + 1e-9)
    told = np.column_stack(
        [meaning[:, TARGETS.index(t)] if t in TARGETS else cues[:, COLUMN[t]] for t in _SOFT]
    )  # fmt: skip
    rows = np.zeros((n, 2 * len(_SOFT) + 3))
    for start in range(0, n, BLOCK):
        end = min(n, start + BLOCK)
        low, high = max(0, start - REACH), min(n, end + REACH)
        distance = np.arange(low, high)[None, :] - np.arange(start, end)[:, None]
        band = np.abs(distance) <= REACH
        others = band & (distance != 0)
        lasting = np.exp(-np.abs(seconds[None, low:high] - seconds[start:end, None]) / LASTING_SECONDS)
        alike = np.maximum(0, unit[start:end] @ unit[low:high].T) * others
        mine = (sender[None, low:high] == sender[start:end, None]) & band
        weight = ((alike + ALIKE_LEAST) * lasting * np.where(mine, OWN_MORE, 1.0) + 1e-6) * others
        beside = _widened(mine, PARTNER_REACH) & others
        partners = (lasting + 1e-6) * beside
        rows[start:end] = np.column_stack(
            [
                _weighted(weight, told[low:high]), _weighted(partners, told[low:high]),
                alike.max(axis=1), (alike * lasting).sum(axis=1), mine.sum(axis=1),
            ]
        )  # fmt: skip
    return rows


def _weighted(weight: NDArray[np.float64], told: Table) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = (weight @ told) / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    return mean


def _widened(marked: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """Also the columns up to `by` beside a marked one."""
    wide = marked.copy()
    for k in range(1, by + 1):
        wide[:, k:] |= marked[:, :-k]
        wide[:, :-k] |= marked[:, k:]
    return wide
