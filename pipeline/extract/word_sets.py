"""Many small sets of words as numbers laid end to end, so that what they share is summed by numpy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.extract.table import Ints

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WordSets:
    """Set k holds the words flat[end[k] - size[k] : end[k]], in the order of their numbers."""

    flat: Ints
    size: Ints
    end: Ints

    def of(self, k: int) -> Ints:
        return self.flat[self.end[k] - self.size[k] : self.end[k]]

    def joined(self, sets: Ints, into: Ints, count: int) -> WordSets:
        """`count` new sets: set k is the union of those `sets` whose `into` is k."""
        words = self.flat[self._places(sets)]
        most = int(self.flat.max(initial=0)) + 1
        keys = np.unique(np.repeat(into, self.size[sets]) * most + words)
        return _word_sets(keys % most, np.bincount(keys // most, minlength=count))

    def sums(self, sets: Ints, weight: Doubles) -> Doubles:
        """The summed weight of the words of each of these sets; `weight` has an entry a word."""
        size = self.size[sets]
        total = np.zeros(len(sets))
        if size.any():
            start = np.cumsum(size) - size
            total[size > 0] = np.add.reduceat(weight[self.flat[self._places(sets)]], start[size > 0])
        return total

    def _places(self, sets: Ints) -> Ints:
        """Where in `flat` the words of these sets stand, set after set."""
        size = self.size[sets]
        start = np.cumsum(size) - size
        return np.repeat(self.end[sets] - size - start, size) + np.arange(int(size.sum()))


def number_words(sets: Iterable[frozenset[str]]) -> tuple[WordSets, dict[str, int]]:
    """The sets, and each word's number by first appearance (words of one set in alphabetical order)."""
    number: dict[str, int] = {}
    rows = [sorted(number.setdefault(word, len(number)) for word in sorted(words)) for words in sets]
    size = np.array([len(row) for row in rows], dtype=np.int64)
    return _word_sets(np.array([n for row in rows for n in row], dtype=np.int64), size), number


def _word_sets(flat: Ints, size: Ints) -> WordSets:
    return WordSets(flat=flat, size=size, end=np.cumsum(size))
