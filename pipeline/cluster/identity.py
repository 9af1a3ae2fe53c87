"""The same topic next week: topics are told again by where their messages lie in the fast tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.cluster.options import TopicOptions
from pipeline.embedding import MessageVectors, unit_rows
from pipeline.model import Message, Scored, Thread, Topic

Centroid = NDArray[np.float32]


def topic_centroids(
    topics: Sequence[Topic], threads: Sequence[Thread], messages: Sequence[Message], scored: Sequence[Scored], vectors: MessageVectors
) -> dict[str, Centroid]:
    """Topic id → the unit mean of its messages' fast vectors, weighted by value: what an archive keeps of a topic."""
    row = {m.id: i for i, m in enumerate(messages)}
    of = {t.id: t for t in threads}
    found = {}
    for topic in topics:
        rows = [row[m.id] for t in topic.thread_ids for m in of[t].messages]
        worth = np.array([scored[r].value + 0.01 if scored[r].noise is None else 0.0 for r in rows], dtype=np.float32)
        found[topic.id] = unit_rows((vectors.fast[rows] * worth[:, None]).sum(0, keepdims=True))[0]
    return found


def match_topics(new: Mapping[str, Centroid], old: Mapping[str, Centroid], options: TopicOptions | None = None) -> dict[str, str]:
    """New topic id → the id of the earlier topic that it goes on with: the nearest first, each at most once."""
    options = options or TopicOptions()
    pairs = sorted((-float(a @ b), i, j) for i, a in new.items() for j, b in old.items())
    found: dict[str, str] = {}
    for nearness, i, j in pairs:
        if -nearness >= options.same_topic and i not in found and j not in found.values():
            found[i] = j
    return found
