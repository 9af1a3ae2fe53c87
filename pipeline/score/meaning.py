"""What the vectors and cues of a message and its two neighbours mean together: one linear score a question asked of it.

The quality vectors carry more (docs/scoring.md), the fast ones cost nothing; each tier has its own weights, and a long
log is scored with the fast one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.learned import read_arrays
from pipeline.score.cues import Table

TARGETS = ("noise", "value", "knowledge", "question", "ad", "conflict", "private", "salient")
CUE_SCALE = 0.3  # cues are 0 or 1 and more than the entries of a unit vector: brought to their order
BLOCK = 8192  # rows at once: keeps the widened table small on long logs


def widened(cues: Table, vectors: NDArray[np.float32]) -> Table:
    """Each row beside the one before and the one after: [rows, 3 × (dimension + cues)] and a constant."""
    own = np.column_stack([vectors, cues * CUE_SCALE])
    return np.column_stack([own, shifted(own, 1), shifted(own, -1), np.ones(len(own), dtype=np.float32)])


def shifted(table: Table, by: int) -> Table:
    """Row i gets what row i - by has; zeros beyond the ends."""
    moved = np.zeros_like(table)
    if by > 0:
        moved[by:] = table[:-by]
    elif by < 0:
        moved[:by] = table[-by:]
    else:
        moved[:] = table
    return moved


def meaning_table(cues: Table, vectors: NDArray[np.float32], tier: str) -> Table:
    """[rows, len(TARGETS)]: above 0 yes, below 0 no."""
    weights = read_arrays(f"score_meaning_{tier}.npz")["weights"].astype(np.float32)
    rows = np.zeros((len(cues), len(TARGETS)), dtype=np.float32)
    for start in range(0, len(cues), BLOCK):
        first, last = max(0, start - 1), min(len(cues), start + BLOCK + 1)
        block = widened(cues[first:last], vectors[first:last]) @ weights
        rows[start : start + BLOCK] = block[start - first : start - first + BLOCK]
    return rows
