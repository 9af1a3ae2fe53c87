"""One chat as arrays: row r of every column belongs to the r-th message that is not the system's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Message
from pipeline.text import fold, grams
from pipeline.thread.addressing import find_addressees, number_senders
from pipeline.thread.cues import cues_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

MAX_GRAMS = 16  # the rarest distinct grams of a message; enough for an overlap, and a fixed width
EVEN_SHARE = 0.98  # of the steps of equal length; the busiest real channel told by the minute has .955
EVEN_STEP = 30.0  # seconds
LONGEST_STEP = 20 * 60.0  # a longer one is a pause
FEWEST_STEPS = 20  # fewer may be alike by chance
CONTEXT = 3  # messages that stand for what was being said around one


@dataclass(frozen=True, kw_only=True)
class Columns:
    """`seconds` never runs backwards; `quoted` and `addressed` hold rows and senders, -1 for none."""

    messages: list[Message]
    seconds: NDArray[np.float64]
    sender: Ints
    run: Ints  # number of the stretch of one sender's consecutive messages
    quoted: Ints
    addressed: Ints  # [rows, 2] senders whom the message names, most plainly named first
    how: Ints  # [rows, 2] how plainly
    cues: Floats
    vectors: Floats
    before: Floats  # unit mean of the vectors of this and the CONTEXT - 1 messages before
    after: Floats  # the same with the messages after
    grams: NDArray[np.int32]  # [rows, MAX_GRAMS], -1 where there are fewer
    gram_weight: Floats
    run_grams: NDArray[np.int32]  # of the whole stretch so far
    run_gram_weight: Floats
    place: Ints  # sorted sender * rows + row: counts a sender's messages between two rows
    nth: Ints  # which message of its sender

    def __len__(self) -> int:
        return len(self.messages)

    def count(self, sender: Ints, after: Ints, until: Ints) -> Ints:
        """How many messages of `sender` lie in the rows after < row < until."""
        n = len(self)
        low = np.searchsorted(self.place, sender * n + after, side="right")
        high = np.searchsorted(self.place, sender * n + until, side="left")
        found: Ints = np.maximum(high - low, 0)
        return found

    def last_of(self, sender: Ints, until: Ints) -> Ints:
        """The last row of `sender` before `until`, -1 for none."""
        n = len(self)
        at = np.searchsorted(self.place, sender * n + until, side="left") - 1
        found = self.place[np.maximum(at, 0)]
        row: Ints = np.where((at >= 0) & (found // n == sender) & (sender >= 0), found % n, -1)
        return row

    def next_of(self, sender: Ints, after: Ints) -> Ints:
        """The first row of `sender` after `after`, -1 for none."""
        n = len(self)
        at = np.searchsorted(self.place, sender * n + after, side="right")
        found = self.place[np.minimum(at, n - 1)]
        row: Ints = np.where((at < n) & (found // n == sender) & (sender >= 0), found % n, -1)
        return row


def says_nothing(messages: Sequence[Message]) -> bool:
    """Are the times made up: within its stretches of talk nearly every message as long after the last as every other?"""
    gaps = np.diff(np.array([m.sent_at.timestamp() for m in messages], dtype=np.float64))
    talk = np.round(gaps[(gaps >= 0) & (gaps < LONGEST_STEP)])
    if len(talk) < FEWEST_STEPS:
        return False
    return bool(np.unique(talk, return_counts=True)[1].max() >= EVEN_SHARE * len(talk))


def evened(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """One message every EVEN_STEP seconds; pauses stay. What a clock that says nothing is read as."""
    gaps = np.diff(seconds, prepend=seconds[:1])
    found: NDArray[np.float64] = seconds[:1].sum() + np.cumsum(np.where(gaps < LONGEST_STEP, EVEN_STEP, gaps))
    return found


def read_columns(messages: Sequence[Message], vectors: NDArray[np.float32], has_clock: bool = True) -> Columns:
    """`vectors` belong to `messages`; the system's rows are left out of the columns. Without a clock times are `evened`."""
    kept = [i for i, m in enumerate(messages) if not m.is_system]
    mine = [messages[i] for i in kept]
    n = len(mine)
    row = {m.id: r for r, m in enumerate(mine)}
    sender = np.array(number_senders(mine), dtype=np.int64)
    seconds = np.maximum.accumulate(np.array([m.sent_at.timestamp() for m in mine], dtype=np.float64)) if n else np.zeros(0)
    if not has_clock:
        seconds = evened(seconds)
    named = find_addressees(mine, sender.tolist())
    addressed, how = np.full((n, 2), -1, dtype=np.int64), np.zeros((n, 2), dtype=np.int64)
    for r, people in enumerate(named):
        for k, a in enumerate(people[:2]):
            addressed[r, k], how[r, k] = a.sender, a.how
    quoted = np.array([row.get(m.reply_to, -1) if m.reply_to else -1 for m in mine], dtype=np.int64)
    quoted[quoted == np.arange(n)] = -1
    run = np.cumsum(np.r_[0, sender[1:] != sender[:-1]]) if n else np.zeros(0, dtype=np.int64)
    ids, weights, run_ids, run_weights = _gram_arrays([m.text for m in mine], run)
    own = np.ascontiguousarray(vectors[kept], dtype=np.float32)
    place = np.sort(sender * n + np.arange(n))
    nth = np.zeros(n, dtype=np.int64)
    order = np.argsort(sender, kind="stable")
    if n:
        first = np.r_[True, sender[order][1:] != sender[order][:-1]]
        start = np.maximum.accumulate(np.where(first, np.arange(n), 0))
        nth[order] = np.arange(n) - start
    return Columns(
        messages=mine, seconds=seconds, sender=sender, run=run, quoted=quoted, addressed=addressed, how=how,
        cues=cues_of(mine), vectors=own, before=_context(own, -1), after=_context(own, 1),
        grams=ids, gram_weight=weights, run_grams=run_ids, run_gram_weight=run_weights, place=place, nth=nth,
    )  # fmt: skip


def speaks_to(c: Columns, row: Ints, sender: Ints) -> Ints:
    """How plainly the message at `row` names `sender`; 0 when it does not."""
    hit = c.addressed[row] == sender[:, None]
    how: Ints = np.where(hit, c.how[row], 0).max(axis=1)
    return how


def _context(vectors: Floats, direction: int) -> Floats:
    total = vectors.copy()
    for k in range(1, CONTEXT):
        if direction < 0:
            total[k:] += vectors[:-k]
        else:
            total[:-k] += vectors[k:]
    length = np.linalg.norm(total, axis=1, keepdims=True)
    unit: Floats = (total / np.where(length == 0, 1, length)).astype(np.float32)
    return unit


def _gram_arrays(texts: Sequence[str], run: Ints) -> tuple[NDArray[np.int32], Floats, NDArray[np.int32], Floats]:
    """The rarest grams of each message and of its sender's stretch so far, with their idf in this log."""
    known: dict[str, int] = {}
    found: list[list[int]] = []
    cache: dict[str, list[int]] = {}
    for text in texts:
        if text not in cache:
            cache[text] = sorted({known.setdefault(g, len(known)) for g in grams(fold(text[:400]))})
        found.append(cache[text])
    n = len(texts)
    df = np.bincount(
        np.concatenate([np.array(f, dtype=np.int64) for f in found]) if n else np.zeros(0, dtype=np.int64), minlength=len(known)
    )
    idf = np.log((n + 1) / (df + 0.5)).clip(0.05).astype(np.float32)
    ids, weights = np.full((n, MAX_GRAMS), -1, dtype=np.int32), np.zeros((n, MAX_GRAMS), dtype=np.float32)
    run_ids, run_weights = ids.copy(), weights.copy()
    so_far: list[int] = []
    for r, mine in enumerate(found):
        _fill(ids, weights, r, mine, idf)
        so_far = sorted({*so_far[:200], *mine}) if r and run[r] == run[r - 1] else mine
        _fill(run_ids, run_weights, r, so_far, idf)
    return ids, weights, run_ids, run_weights


def _fill(ids: NDArray[np.int32], weights: Floats, r: int, mine: list[int], idf: Floats) -> None:
    if len(mine) > MAX_GRAMS:
        mine = sorted(mine, key=lambda g: (-idf[g], g))[:MAX_GRAMS]
    ids[r, : len(mine)] = mine
    weights[r, : len(mine)] = idf[mine] if mine else 0


def centred(vectors: NDArray[np.float32]) -> Floats:
    """Unit vectors about the log's own mean: what all of its messages share says nothing about which belong together."""
    if not len(vectors):
        return vectors
    moved = vectors - vectors.mean(axis=0, keepdims=True)
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    unit: Floats = (moved / np.where(length < 1e-6, 1, length)).astype(np.float32)
    return unit
