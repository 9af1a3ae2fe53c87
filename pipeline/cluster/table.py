"""What clustering knows of the threads: which messages count, their words and vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.cluster.options import TopicOptions
from pipeline.cluster.titles import name_words, telling_words
from pipeline.embedding import MessageVectors, Vectors, unit_rows
from pipeline.model import Message, Noise, Scored, Thread

SITTING_SEC = 95 * 60  # a longer silence between two messages: not one sitting
HARD_NOISE = frozenset(Noise) - {Noise.BANTER, Noise.ACK, Noise.GREETING}


@dataclass(frozen=True, kw_only=True)
class ThreadTable:
    """The threads that say something, in order; `rows[i]` are the messages of thread i that are no noise."""

    messages: Sequence[Message]
    threads: Sequence[Thread]
    rows: Sequence[Sequence[int]]
    words: Sequence[Counter[str]]  # word → in how many of the thread's messages
    value: NDArray[np.float32]  # of every message
    vectors: MessageVectors
    options: TopicOptions

    def __len__(self) -> int:
        return len(self.threads)

    @cached_property
    def fast(self) -> Vectors:
        """Mean of each thread's messages, weighted by value, the chat's mean taken out."""
        return self._means(self.vectors.fast, self.rows, range(len(self.messages)))

    @cached_property
    def quality(self) -> Vectors:
        """The same in the quality tier, over each thread's most valuable messages only."""
        most = self.options.quality_messages
        best = [sorted(sorted(rows, key=lambda r: (-self.value[r], r))[:most]) for rows in self.rows]
        needed = sorted({r for rows in best for r in rows})
        return self._means(self.vectors.quality(needed), best, needed)

    def _means(self, found: Vectors, rows: Sequence[Sequence[int]], order: Sequence[int]) -> Vectors:
        place = {r: i for i, r in enumerate(order)}
        used = sorted({place[r] for mine in rows for r in mine})
        centred = found - found[used].mean(0) if len(self) > 2 else found
        sums = [(centred[[place[r] for r in mine]] * (self.value[mine][:, None] + 0.01)).sum(0) for mine in rows]
        return unit_rows(np.stack(sums))


def thread_table(
    messages: Sequence[Message], threads: Sequence[Thread], scored: Sequence[Scored], vectors: MessageVectors, options: TopicOptions
) -> ThreadTable:
    """Keeps the threads with enough telling words in messages that are no noise.

    What is banter or a mere acknowledgement is told by the give and take around it: where every message stands alone
    (headlines, a notice board), that judgement is a guess, and one in six was kept out by it.
    """
    believed = HARD_NOISE if stands_alone(messages, len(messages)) else frozenset(Noise)
    row = {m.id: i for i, m in enumerate(messages)}
    names = name_words({m.sender for m in messages})
    kept: list[tuple[Thread, list[int], Counter[str]]] = []
    for thread in threads:
        rows = [r for m in thread.messages if scored[r := row[m.id]].noise not in believed]
        words = Counter(w for r in rows for w in dict.fromkeys(telling_words(messages[r].text, names)))
        if len(words) >= options.least_words:
            kept.append((thread, rows, words))
    return ThreadTable(
        messages=messages,
        threads=[t for t, _, _ in kept],
        rows=[r for _, r, _ in kept],
        words=[w for _, _, w in kept],
        value=np.array([s.value for s in scored], dtype=np.float32),
        vectors=vectors,
        options=options,
    )


def stands_alone(messages: Sequence[Message], threads: int) -> bool:
    """Do the messages lie so far apart that time and people say nothing of what belongs together?"""
    at = np.array([m.sent_at.timestamp() for m in messages])
    sittings = 1 + int((np.diff(at) >= SITTING_SEC).sum())
    return threads <= 1.2 * sittings
