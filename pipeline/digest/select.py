"""Choice under a budget: cover as much value as possible in so many characters, without repeating.

A monotone submodular function (Lin & Bilmes, "Multi-document summarization via budgeted maximization of
submodular functions", NAACL 2010): each message brings its gain, weakened by the share of its words that the
chosen ones already said; the greedy step takes the best gain per cost ** `scale`.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# What a repeated message still brings: not zero, since the same words can answer another question.
REPEATED = 0.35


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Something that is printed whole or not at all: `gain` a message id, `cost` in characters printed."""

    key: str
    gain: Mapping[str, float]
    cost: int
    wave: int = 0  # a lower one goes in first, as long as there is room


def select(units: Sequence[Unit], budget: int, words: Mapping[str, Mapping[str, float]], scale: float = 0.6) -> list[Unit]:
    """The chosen units in order of choice; `words` maps message id → {word: weight}.

    The units of one wave compete among themselves. Ties go to the earlier unit.
    """
    chosen: list[Unit] = []
    shown: set[str] = set()
    said: set[str] = set()
    left = budget
    for wave in sorted({u.wave for u in units}):
        heap = [(-_worth(u, shown, said, words) / max(u.cost, 1) ** scale, i) for i, u in enumerate(units) if u.wave == wave]
        heapq.heapify(heap)
        while heap:
            _stale, i = heapq.heappop(heap)
            unit = units[i]
            if unit.cost > left:
                continue
            now = -_worth(unit, shown, said, words) / max(unit.cost, 1) ** scale
            if now >= 0:
                continue
            if heap and now > heap[0][0]:  # its gain has shrunk: back into the queue (lazy greedy)
                heapq.heappush(heap, (now, i))
                continue
            chosen.append(unit)
            left -= unit.cost
            shown.update(unit.gain)
            for message_id in unit.gain:
                said.update(words.get(message_id, ()))
    return chosen


def _worth(unit: Unit, shown: set[str], said: set[str], words: Mapping[str, Mapping[str, float]]) -> float:
    total = 0.0
    for message_id, gain in unit.gain.items():
        if message_id in shown:
            continue
        own = words.get(message_id, {})
        weight = sum(own.values())
        new = sum(w for word, w in own.items() if word not in said) / weight if weight else 1.0
        total += gain * (REPEATED + (1 - REPEATED) * new)
    return total
