"""What a message does in the talk (opens a subject, asks, answers, jokes, signs in…), told by its vector and its neighbours'.

Linear models on the vectors of the message, the one before and the one after, and on what they have in common; learned from
the annotated chats. Text alone says with an AUC of .85 whether a message opens a conversation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.learned import read_arrays
from pipeline.thread.columns import Floats

ACTS: tuple[str, ...] = (
    "starts", "switches", "resumes", "ends", "asks", "answers", "banter", "greeting", "ad", "ack", "sticker", "chain", "checkin",
    "valuable",
)  # fmt: skip
WEIGHTS = "thread_acts.npz"


def acts_of(vectors: Floats, tier: str) -> Floats:
    """[messages, len(ACTS)]; of vectors from a model that the weights do not know, only the averages."""
    weights = read_arrays(WEIGHTS)
    bias = weights[f"{tier}_bias"].astype(np.float32)
    found = np.repeat(bias[None], len(vectors), axis=0)
    parts = np.split(weights[tier].astype(np.float32), len(context(vectors)))
    if parts[0].shape[0] != vectors.shape[1]:
        return found
    for part, around in zip(parts, context(vectors), strict=True):
        found += around @ part
    return found


def context(vectors: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The message, its neighbours, and the products that say how alike they are."""
    before, after = np.zeros_like(vectors), np.zeros_like(vectors)
    before[1:], after[:-1] = vectors[:-1], vectors[1:]
    return [vectors, before, after, vectors * before, vectors * after]
