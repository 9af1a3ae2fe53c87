"""Questions beside their candidate answers: which messages are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import Vectors, unit_rows
from pipeline.extract.table import ChatTable, Floats, Ints

HORIZON = 2500  # how many messages later a far answer may stand
TOGETHER = 64  # questions compared with what comes later in one product of matrices, which is ten times faster than one by one


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pair k: question `question[k]` (a number in the list of questions) and candidate row `row[k]`."""

    question: Ints
    row: Ints


def possible_answers(table: ChatTable) -> NDArray[np.bool_]:
    """Which messages can carry an answer at all."""
    words = np.expm1(table.column("length")) >= 2
    return np.asarray(words & (table.column("system") == 0) & (table.column("media") == 0), dtype=bool)


def candidate_pairs(table: ChatTable, questions: Sequence[Sequence[int]], fast: Vectors, window: int, far: int) -> Pairs:
    """The next messages, whoever quotes the question or names its asker later, and the nearest by meaning anywhere later."""
    n = len(table.messages)
    possible = possible_answers(table)
    told, able = possible & (table.column("length") >= 2), possible.tolist()  # told: six characters and more
    meant = question_vectors(questions, fast)
    quoting: dict[int, list[int]] = {}
    for i in np.flatnonzero(table.reply >= 0).tolist():
        quoting.setdefault(int(table.reply[i]), []).append(i)
    pairs: list[list[int]] = []
    starts = [min(n, rows[-1] + 1 + window) for rows in questions]
    for block in range(0, len(questions), TOGETHER):
        some = range(block, min(block + TOGETHER, len(questions)))
        first_row, last_row = min(starts[k] for k in some), min(n, max(starts[k] for k in some) + HORIZON)
        close = meant[block : some.stop] @ fast[first_row:last_row].T
        for k in some:
            rows, low = questions[k], starts[k]
            own, near = set(rows), range(rows[0] + 1, low)
            later = low + np.flatnonzero(told[low : min(n, low + HORIZON)])
            if len(later) > far:
                alike = close[k - block, later - first_row]
                best = np.flatnonzero(alike >= np.partition(alike, -far)[-far])  # few are left to sort
                later = later[best[np.argsort(-alike[best], kind="stable")[:far]]]
            quoted = [i for r in rows for i in quoting.get(r, ())]
            pairs.append([i for i in sorted({*near, *later.tolist(), *quoted} - own) if able[i]])
    size = np.array([len(rows) for rows in pairs], dtype=np.int64)
    return Pairs(question=np.repeat(np.arange(len(pairs)), size), row=np.array([i for rows in pairs for i in rows], dtype=np.int64))


def question_vectors(questions: Sequence[Sequence[int]], vectors: Vectors) -> Vectors:
    """One vector a question: the mean of its messages, the long ones counting more is left to the mean."""
    if not questions:
        return np.zeros((0, vectors.shape[1]), dtype=np.float32)
    rows, starts = _laid_out(questions)
    return unit_rows(np.add.reduceat(vectors[rows], starts, axis=0))


def best_of(values: Floats, questions: Sequence[Sequence[int]]) -> Floats:
    """The highest value among each question's rows, in each column."""
    rows, starts = _laid_out(questions)
    best: Floats = np.maximum.reduceat(values[rows], starts, axis=0)
    return best


def _laid_out(questions: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """The rows of all questions end to end, and where each question begins."""
    size = np.array([len(rows) for rows in questions], dtype=np.int64)
    return np.array([i for rows in questions for i in rows], dtype=np.int64), np.cumsum(size) - size


def part(questions: Sequence[Sequence[int]], pairs: Pairs, first: int, last: int) -> tuple[Sequence[Sequence[int]], Pairs, slice]:
    """The questions first … last-1 as if they were the only ones, their pairs, and where in `pairs` these stand."""
    low, high = np.searchsorted(pairs.question, [first, last]).tolist()
    where = slice(low, high)
    return questions[first:last], Pairs(question=pairs.question[where] - first, row=pairs.row[where]), where
