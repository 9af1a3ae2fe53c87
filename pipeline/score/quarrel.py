"""A quarrel is one thing: what stands between two angry messages belongs to it, one angry message alone does not make one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Message

CORE = 0.5  # P(conflict) of a message that may be the core of a quarrel
EDGE = 0.2  # P(conflict) that suffices between or beside core messages
REACH = 5  # messages
REACH_SECONDS = 600.0


def whole_quarrels(messages: Sequence[Message], probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """P(conflict) after looking at the neighbours: raised beside core messages, lowered where nobody answers in kind."""
    n = len(messages)
    found = probability.copy()
    likely = np.flatnonzero(probability >= EDGE)
    core = np.flatnonzero(probability >= CORE)
    for i in core:
        near = [j for j in core[(core >= i - REACH) & (core <= i + REACH)] if j != i and _close(messages, int(i), int(j))]
        if not near and not any(_close(messages, int(i), int(j)) for j in likely[(likely >= i - REACH) & (likely <= i + REACH)] if j != i):
            found[i] = min(found[i], CORE - 0.01)
    pairs = [(int(a), int(b)) for a, b in pairwise(core) if b - a <= REACH and _close(messages, int(a), int(b))]
    for a, b in pairs:
        sides = {messages[a].sender_id, messages[b].sender_id}
        for j in range(max(0, a - 2), min(n, b + 3)):
            if probability[j] >= EDGE and (messages[j].sender_id in sides or a < j < b):
                found[j] = max(found[j], CORE)
    return found


def _close(messages: Sequence[Message], a: int, b: int) -> bool:
    return abs((messages[a].sent_at - messages[b].sent_at).total_seconds()) <= REACH_SECONDS
