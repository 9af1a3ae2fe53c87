"""Groups of threads: by the probabilities of all pairs, or by k-means where there are too many."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import Vectors, unit_rows

GONE = -9.0  # a group that has been merged into another


def by_expected_f1(same: NDArray[np.float64], size: NDArray[np.float64]) -> list[int]:
    """A label for each thread: average linkage, stopped where the expected F1 of the pairs of messages is greatest.

    With P(two messages belong together) given, that is 2 · Σp(pairs put together) / (pairs put together + Σp(all pairs)).
    """
    n = len(same)
    weight = np.outer(size, size)
    expected = same * weight
    np.fill_diagonal(expected, 0)
    together = float((size * (size - 1) / 2).sum())  # the pairs inside threads are taken as right
    right, wanted = together, together + float(expected.sum()) / 2
    likeness = same.copy()
    np.fill_diagonal(likeness, GONE)
    label = np.arange(n)
    best, best_f1 = label.copy(), right / (together + wanted) if wanted else 0.0
    for _ in range(n - 1):
        a, b = sorted(divmod(int(np.argmax(likeness)), n))
        right, together = right + float(expected[a, b]), together + float(weight[a, b])
        for matrix in (expected, weight):
            matrix[a] += matrix[b]
            matrix[:, a] += matrix[:, b]
        alive = likeness[a] > GONE / 2
        alive[[a, b]] = False
        merged = np.where(alive, expected[a] / weight[a], GONE)
        likeness[a], likeness[:, a] = merged, merged
        likeness[b], likeness[:, b] = GONE, GONE
        label[label == b] = a
        if (f1 := right / (together + wanted)) > best_f1:
            best, best_f1 = label.copy(), f1
    return [int(x) for x in best]


def by_k_means(rows: Vectors, groups: int, rounds: int = 30, starts: int = 3) -> list[int]:
    """A label for each row: spherical k-means from fixed seeds, the tightest of a few starts."""
    best, best_fit = np.zeros(len(rows), dtype=np.int64), -math.inf
    for seed in range(starts):
        centres = _spread_start(rows, groups, np.random.default_rng(seed))
        label = np.argmax(rows @ centres.T, axis=1)
        for _ in range(rounds):
            centres = unit_rows(np.stack([rows[label == k].sum(0) if (label == k).any() else centres[k] for k in range(groups)]))
            new = np.argmax(rows @ centres.T, axis=1)
            if (new == label).all():
                break
            label = new
        fit = float((rows * centres[label]).sum())
        if fit > best_fit + 1e-6:
            best, best_fit = label, fit
    return [int(x) for x in best]


def _spread_start(rows: Vectors, groups: int, random: np.random.Generator) -> Vectors:
    """k-means++: each next centre far from those before it, by chance."""
    chosen = [int(random.integers(len(rows)))]
    distance = 1 - rows @ rows[chosen[0]]
    for _ in range(groups - 1):
        share = np.cumsum(np.maximum(distance, 0), dtype=np.float64)
        chosen.append(min(int(np.searchsorted(share, random.random() * share[-1])), len(rows) - 1))
        distance = np.minimum(distance, 1 - rows @ rows[chosen[-1]])
    return rows[chosen]


def among_neighbours(rows: Vectors, neighbours: int = 20, rounds: int = 2, most: int = 20_000) -> Vectors:
    """Each row drawn towards the mean of its nearest rows: what lies between two groups goes to one.

    Quadratic, so only up to `most` rows.
    """
    if not 2 * neighbours < len(rows) <= most:
        return rows
    for _ in range(rounds):
        drawn = np.empty_like(rows)
        for start in range(0, len(rows), 1000):
            alike = rows[start : start + 1000] @ rows.T
            nearest = np.argpartition(-alike, neighbours, axis=1)[:, :neighbours]
            drawn[start : start + 1000] = rows[start : start + 1000] + rows[np.sort(nearest, axis=1)].mean(1)
        rows = unit_rows(drawn)
    return rows


def how_many(threads: int) -> int:
    """Topics that a reader can take in: some seven for fifty threads, sixteen for ten thousand."""
    return max(1, min(threads, round(1.2 * math.log2(threads)))) if threads > 1 else threads
