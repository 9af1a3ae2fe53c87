"""How likely each candidate is the parent of each message: learned from annotated chats.

Two linkers, because people who share a channel fall into one of two customs. Where they name whom they speak to (IRC), the
names tell almost all; elsewhere turns, pace and what is said do. The chat's share of messages that name somebody tells which.
A third one is for logs whose clock says nothing (one message every 15 seconds: times that a program made up): pace would mislead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.i18n import _
from pipeline.learned import Trees, read_trees
from pipeline.model import Message
from pipeline.thread.acts import ACTS, acts_of
from pipeline.thread.addressing import Addressee, How
from pipeline.thread.candidates import candidates
from pipeline.thread.columns import Columns, Floats, Ints, read_columns, says_nothing
from pipeline.thread.features import FEATURES, message_table, pair_table

ADDRESSING_SHARE = 0.085  # community chats name somebody in up to 7 messages of 100, IRC channels in 10 to 56
SLAB, BEFORE, AFTER = 8000, 400, 40  # messages linked at once, and what is read around them: bounds memory, keeps time linear
BLOCK = 512  # messages whose candidate pairs are held at once
THREADS = 2

COMMUNITY_FEATURES: list[str] = [*FEATURES, *(f"me.act.{a}" for a in ACTS), *(f"it.act.{a}" for a in ACTS)]


@dataclass(frozen=True, kw_only=True)
class Linker:
    """One learned linker; `start_factor` weighs "starts something new" against the sum of a thread's links when decoding.

    Without a clock, times are read as evenly spaced.
    """

    name: str
    recent: int
    start_factor: float
    has_acts: bool
    has_clock: bool = True

    def trees(self, tier: str) -> Trees:
        file = f"thread_{self.name}_{tier}.onnx" if self.has_acts else f"thread_{self.name}.onnx"
        trees = read_trees(file)
        if trees.features != (COMMUNITY_FEATURES if self.has_acts else FEATURES):
            raise ModelError(_("{file}: these weights belong to another version; run `make train`").format(file=file))
        return trees


# The factors were chosen on the development sets: annotated chats (leave-one-out), Ubuntu IRC dev.
ADDRESSED = Linker(name="addressed", recent=40, start_factor=0.72, has_acts=False)
COMMUNITY = Linker(name="community", recent=20, start_factor=1.2, has_acts=True)
CLOCKLESS = Linker(name="clockless", recent=20, start_factor=1.0, has_acts=False, has_clock=False)


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The candidate parents of one message (rows of the chat, itself for a start) and the probability of each."""

    row: int
    parents: Ints
    probability: Floats


def choose_linker(messages: Sequence[Message], addressees: Sequence[Sequence[Addressee]]) -> Linker:
    """By whom each message names; where few name anybody, by the clock."""
    plainly = sum(bool(people) and people[0].how >= How.LEADING for people in addressees)
    if plainly and plainly >= ADDRESSING_SHARE * len(addressees):
        return ADDRESSED
    return CLOCKLESS if says_nothing(messages) else COMMUNITY


def score_candidates(messages: list[Message], vectors_of: Callable[[int, int], Floats], linker: Linker, tier: str) -> Iterator[Candidates]:
    """One item a message, in order. `vectors_of(low, high)` gives the vectors of those rows."""
    for low in range(0, len(messages), SLAB):
        high = min(low + SLAB, len(messages))
        first, last = max(low - BEFORE, 0), min(high + AFTER, len(messages))
        c = read_columns(messages[first:last], vectors_of(first, last), linker.has_clock)
        for found in _score_slab(c, linker, tier, low - first, high - first):
            yield Candidates(row=found.row + first, parents=found.parents + first, probability=found.probability)


def _score_slab(c: Columns, linker: Linker, tier: str, low: int, high: int) -> Iterator[Candidates]:
    trees = linker.trees(tier)
    table = message_table(c)
    acts = acts_of(c.vectors, tier) if linker.has_acts else None

    def score(first: int) -> list[Candidates]:
        me, it, start, width = candidates(c, first, min(first + BLOCK, high), linker.recent)
        raw = trees.raw(pair_rows(c, table, acts, me, it, start, width))[:, 0]
        p = softmax(raw, start, width)
        ends = zip(start.tolist(), (start + width).tolist(), strict=True)
        return [Candidates(row=int(me[a]), parents=it[a:b], probability=p[a:b]) for a, b in ends]

    for block in _pool().map(score, range(low, high, BLOCK)):
        yield from block


@cache
def _pool() -> ThreadPoolExecutor:
    """Most of the time is numpy's, which lets go of the interpreter; the order stays.

    One pool for the process: glibc gives each new thread a heap, and keeps what was freed in it. With a pool a call a long import
    left sixteen of them behind, some 50 MB each.
    """
    return ThreadPoolExecutor(THREADS)


def pair_rows(c: Columns, table: Floats, acts: Floats | None, me: Ints, it: Ints, start: Ints, width: Ints) -> Floats:
    """The models' input: COMMUNITY_FEATURES with acts, FEATURES without."""
    parts = [pair_table(c, me, it, start, width), table[me]]
    if acts is not None:
        parts += [acts[me], acts[it]]
    return np.hstack(parts)


def softmax(raw: Floats, start: Ints, width: Ints) -> Floats:
    """Probabilities among the candidates of each message."""
    group = np.repeat(np.arange(len(start)), width)
    e = np.exp(raw - np.maximum.reduceat(raw, start)[group])
    p: NDArray[np.float32] = (e / np.add.reduceat(e, start)[group]).astype(np.float32)
    return p
