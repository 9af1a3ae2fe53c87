"""What the pairs of one chat are compared with: columns of the whole chat, read once, a row a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import Vectors
from pipeline.extract.pairs import Pairs, question_vectors
from pipeline.extract.table import ChatTable, Floats, Ints
from pipeline.extract.word_sets import Doubles, WordSets, number_words

PAIRS_AT_ONCE = 16_384  # whose vectors are held side by side: 32 MB


@dataclass(frozen=True, kw_only=True)
class Around:
    """Row i = message i.

    best_meaning, mean_meaning    its likeness to the questions that it may answer
    turn, turn_end                number and last row of its turn
    turn_size, turn_chars         messages and characters of its turn
    turn_quotes                   the rows that each turn (by its first row) quotes
    asking                        how many messages before it ask
    before                        the row of its sender's message before, -1 for none
    own_places                    sender · messages + row, sorted: where the next row of a sender is looked up
    corrected                     2: somebody quotes it and corrects, 1: somebody corrects something soon after
    retracted                     1: its sender soon takes something back
    words, rarity                 its words by number, and how rare each word is in this chat
    """

    best_meaning: Floats
    mean_meaning: Floats
    turn: Ints
    turn_end: Ints
    turn_size: Ints
    turn_chars: Floats
    turn_quotes: dict[int, set[int]]
    asking: Ints
    before: Ints
    own_places: Ints
    corrected: Floats
    retracted: Floats
    words: WordSets
    rarity: Doubles

    def next_of(self, sender: Ints, after: Ints, skip: int = 0) -> Ints:
        """The first row of each sender after each row (with `skip` 1 the second…), -1: none."""
        n = max(len(self.before), 1)
        at = np.searchsorted(self.own_places, sender * n + after, side="right") + skip
        found = self.own_places[np.minimum(at, len(self.own_places) - 1)]
        return np.where((at < len(self.own_places)) & (found // n == sender), found % n, -1)


def read_around(table: ChatTable, questions: Sequence[Sequence[int]], asks: Floats, pairs: Pairs, vectors: Vectors) -> Around:
    """The columns of a chat, of all its questions and all their candidates."""
    n = len(table.messages)
    rows = np.arange(n)
    places = np.sort(table.sender * max(n, 1) + rows)
    before = np.full(n, -1, dtype=np.int64)
    same = np.r_[False, places[1:] // max(n, 1) == places[:-1] // max(n, 1)] if n else np.zeros(0, dtype=bool)
    before[places[same] % max(n, 1)] = places[np.flatnonzero(same) - 1] % max(n, 1)
    end = np.zeros(n, dtype=np.int64)
    np.maximum.at(end, table.burst, rows)
    quotes: dict[int, set[int]] = {}
    for i in np.flatnonzero(table.reply >= 0).tolist():
        quotes.setdefault(int(table.burst[i]), set()).add(int(table.reply[i]))
    words, number = number_words(table.tokens)
    best, mean = _likeness(questions, pairs, vectors)
    return Around(
        best_meaning=best, mean_meaning=mean, turn=np.cumsum(table.burst == rows), turn_end=end[table.burst],
        turn_size=np.bincount(table.burst, minlength=n)[table.burst], turn_quotes=quotes,
        turn_chars=np.bincount(table.burst, weights=np.expm1(table.column("length")), minlength=n)[table.burst].astype(np.float32),
        asking=np.concatenate([[0], np.cumsum(asks >= 0.5)]), before=before, own_places=places,
        corrected=_corrected(table), retracted=_own_soon(table, table.column("retraction") > 0, 25, 900), words=words,
        rarity=np.array([table.rarity[w] for w in number], dtype=np.float64),
    )  # fmt: skip


def dots(a: Vectors, b: Vectors, rows_a: Ints, rows_b: Ints) -> Floats:
    """Cosine of a[rows_a[k]] and b[rows_b[k]] for every k."""
    return np.einsum("ij,ij->i", a[rows_a], b[rows_b]).astype(np.float32)  # type: ignore[no-any-return]


def _likeness(questions: Sequence[Sequence[int]], pairs: Pairs, vectors: Vectors) -> tuple[Floats, Floats]:
    """The best and the mean likeness of each message to the questions whose candidate it is."""
    meant, n = question_vectors(questions, vectors), len(vectors)
    best, total = np.full(n, -1.0, dtype=np.float32), np.zeros(n)
    for start in range(0, len(pairs.row), PAIRS_AT_ONCE):
        q, c = pairs.question[start : start + PAIRS_AT_ONCE], pairs.row[start : start + PAIRS_AT_ONCE]
        close = dots(meant, vectors, q, c)
        np.maximum.at(best, c, close)
        total += np.bincount(c, weights=close, minlength=n)
    return best, (total / np.maximum(np.bincount(pairs.row, minlength=n), 1)).astype(np.float32)


def _corrected(table: ChatTable) -> Floats:
    """2: somebody quotes it and corrects; 1: somebody corrects something soon after."""
    corrects = table.column("correction") > 0
    quoted = np.zeros(len(corrects), dtype=bool)
    for i in np.flatnonzero((table.reply >= 0) & corrects).tolist():
        quoted[table.reply[i]] |= table.sender[i] != table.sender[table.reply[i]]
    return np.maximum(2.0 * quoted, _other_soon(table, corrects, 6)).astype(np.float32)


def _other_soon(table: ChatTable, flag: NDArray[np.bool_], ahead: int) -> Floats:
    """Does somebody else write a flagged message among the next ones?"""
    n = len(flag)
    found = np.zeros(n, dtype=np.float32)
    for k in range(1, min(ahead, n - 1) + 1):
        found[: n - k] = np.maximum(found[: n - k], flag[k:] & (table.sender[k:] != table.sender[: n - k]))
    return found


def _own_soon(table: ChatTable, flag: NDArray[np.bool_], ahead: int, seconds: float) -> Floats:
    """Does the same sender write a flagged message soon after?"""
    found = np.zeros(len(flag), dtype=np.float32)
    last: dict[int, int] = {}
    for i in range(len(flag) - 1, -1, -1):
        who = int(table.sender[i])
        later = last.get(who)
        found[i] = later is not None and later - i <= ahead and table.seconds[later] - table.seconds[i] <= seconds
        if flag[i]:
            last[who] = i
    return found
