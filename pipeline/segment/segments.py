"""Sessions → segments: stretches on one subject, cut where the learned model sees the subject change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import MessageVectors
from pipeline.learned import read_trees
from pipeline.model import Segment, Session
from pipeline.segment.cues import last_sentence
from pipeline.segment.options import SegmentOptions
from pipeline.segment.shifts import FEATURES, Words, chosen_places, shift_table
from pipeline.text import grams

WEIGHTS = "segment.onnx"
LONGEST = 5_000  # turns looked at together: a session of a million messages is read in such pieces
Probabilities = NDArray[np.float32]


def split_into_segments(sessions: Sequence[Session], vectors: MessageVectors, options: SegmentOptions | None = None) -> list[Segment]:
    """Each session cut where its subject changes; row i of `vectors` is the i-th message of the sessions in order."""
    starts = [{0, *places} for places in chosen_places(shift_probabilities(sessions, vectors))]
    segments = []
    for session, mine in zip(sessions, starts, strict=True):
        bounds = [*sorted(mine), len(session.messages)]
        segments += [Segment(id=f"{session.id}.{n}", messages=session.messages[a:b]) for n, (a, b) in enumerate(pairwise(bounds), 1)]
    return segments


def shift_probabilities(sessions: Sequence[Session], vectors: MessageVectors) -> list[Probabilities]:
    """For each session, P(a new subject starts) of every message but the first."""
    trees = read_trees(WEIGHTS)
    if tuple(trees.features) != FEATURES:
        raise ValueError(f"{WEIGHTS} was trained on other features; run `make train`")
    words = Words.of(grams(m.text) for s in sessions for m in s.messages)
    found, row = [], 0
    for session in sessions:
        parts = []
        for start in range(0, len(session.messages), LONGEST):
            messages = session.messages[start : start + LONGEST + 1]  # one more, so that the place between two pieces is looked at
            rows = slice(row + start, row + start + len(messages))
            ends = vectors.fast_of([last_sentence(t) for t in vectors.texts[rows]])
            table = shift_table(messages, vectors.fast[rows], ends, [grams(m.text) for m in messages], words)
            parts.append(trees.probability(table) if len(table) else np.zeros(0, dtype=np.float32))
        found.append(np.concatenate(parts)[: max(0, len(session.messages) - 1)])
        row += len(session.messages)
    return found
