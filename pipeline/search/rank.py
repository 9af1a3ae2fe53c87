"""The second half of a search: how well each candidate fits, and whether anything fits at all.

Both are weighted sums: with some five hundred labelled queries, trees were worse than the plain cosine (docs/search.md).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.learned import weights_file
from pipeline.search.features import FEATURES
from pipeline.search.usual import Usual

Rows = NDArray[np.float32]
WEIGHTS = "search.json"
EXACT = 4.0  # who types the very words means them: ahead of everything that is only near in meaning
FARTHEST = 4.0  # standard deviations; a freak value counts no more than that

# Signs that the archive holds an answer. Few, because some six hundred queries teach no more: with twice as many (the
# terms' BM25, value, whether it is an answer, the gap to the tenth …) queries of an unseen chat were told apart less well.
SIGNS = ("usual_z", "best_probed", "cosine_mean3", "unseen", "coverage_thread", "best_score", "score_gap5")
_AT = {name: i for i, name in enumerate(FEATURES)}


class Linear:
    """A weighted sum of standardised numbers."""

    def __init__(self, weights: dict[str, Any], names: tuple[str, ...]) -> None:
        if tuple(weights["names"]) != names:
            raise ModelError(f"{WEIGHTS} does not fit this version of dianti; run `make train`")
        self.mean, self.spread, self.weights = (np.array(weights[k], dtype=np.float64) for k in ("mean", "spread", "weights"))
        self.bias = float(weights["bias"])

    def __call__(self, x: Rows) -> NDArray[np.float64]:
        z = np.clip((x - self.mean) / self.spread, -FARTHEST, FARTHEST)
        return z @ self.weights + self.bias


class Ranking(NamedTuple):
    """The learned weights: of candidates, of silence, and the belief below which nothing is shown."""

    fit: Linear
    about: Linear
    floor: float


@lru_cache(maxsize=2)
def _read(path: Path) -> Ranking:
    found = json.loads(path.read_text(encoding="utf-8"))
    return Ranking(Linear(found["fit"], FEATURES), Linear(found["about"], SIGNS), float(found["floor"]))


def ranking() -> Ranking:
    return _read(weights_file(WEIGHTS))


def score(features: Rows) -> NDArray[np.float64]:
    """One number a candidate, higher fits better."""
    return ranking().fit(features) + EXACT * features[:, _AT["exact"]]


def signs(features: Rows, scores: Sequence[float], usual: Usual, unseen: float) -> Rows:
    """The signs of an answer, from candidates best first; `unseen` as in `Question`."""
    best = features[:3]
    cosine = float(features[:, _AT["cosine"]].max())
    return np.array(
        [
            (cosine - usual.best_mean) / usual.best_spread, float(best[:, _AT["cosine_probed"]].max()),
            float(best[:, _AT["cosine"]].mean()), unseen, float(features[:10, _AT["thread_coverage"]].max()), scores[0],
            scores[0] - scores[min(4, len(scores) - 1)],
        ],
        dtype=np.float32,
    )  # fmt: skip


def about(found: Rows) -> float:
    """Belief in 0…1 that the archive holds an answer."""
    return probability(float(ranking().about(found[None])[0]))


def floor() -> float:
    """Below this belief nothing is shown."""
    return ranking().floor


def probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
