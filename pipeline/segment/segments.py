"""Sessions → segments: stretches on one subject, cut where the learned model sees the subject change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from pipeline.embedding import MessageVectors
from pipeline.learned import read_trees
from pipeline.model import Segment, Session
from pipeline.segment.cues import last_sentence
from pipeline.segment.options import SegmentOptions
from pipeline.segment.shifts import FEATURES, Words, chosen_places, grams_of, shift_table

WEIGHTS = "segment.onnx"
LONGEST = 5_000  # turns looked at together: a session of a million messages is read in such pieces


def split_into_segments(sessions: Sequence[Session], vectors: MessageVectors, options: SegmentOptions | None = None) -> list[Segment]:
    """Each session cut where its subject changes; row i of `vectors` is the i-th message of the sessions in order."""
    starts = [{0, *places} for places in chosen_places(shift_probabilities(sessions, vectors))]
    segments = []
    for session, mine in zip(sessions, starts, strict=True):
        bounds = [*sorted(mine), len(session.messages)]
        segments += [Segment(id=f"{session.id}.{n}", messages=session.messages[a:b]) for n, (a, b) in enumerate(pairwise(bounds), 1)]
    return segments


def shift_probabilities(sessions: Sequence[Session], vectors: MessageVectors) -> list[np.ndarray]:
    """For each session, P(a new subject starts) of every message but the first."""
    trees = read_trees(WEIGHTS)
    if tuple(trees.features) != FEATURES:
        raise ValueError(f"{WEIGHTS} was trained on other features; run `make train`")
    turns = [g for s in sessions for g in grams_of(s.messages)]
    words = Words.of(turns)
    ends = vectors.fast_of([last_sentence(t) for t in vectors.texts])
    tables, row = [], 0
    for session in sessions:
        stop = row + len(session.messages)
        tables.append(shift_table(session, vectors.fast[row:stop], ends[row:stop], turns[row:stop], words))
        row = stop
    found = trees.probability(np.concatenate(tables)) if tables else np.zeros(0, dtype=np.float32)
    return np.split(found, np.cumsum([len(t) for t in tables])[:-1])
