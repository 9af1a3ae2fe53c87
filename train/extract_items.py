"""Learns which messages are resources, announcements, decisions…: one logistic regression a kind.

Trees over the same columns did worse: a kind has some fifty messages in all the training chats together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pipeline.extract import item_kinds
from pipeline.extract.judging import linear
from pipeline.extract.questions import speaks
from train.extract_chats import Chat, fit_linear, out_of_fold, ridge, save_meaning, stacked

STRENGTH = 0.01  # of the regressions' data against their penalty
LOWEST = 0.14  # a line below would print what is more likely wrong than right by far
BETA = 1.0  # precision and recall weigh alike


def train_items(chats: Sequence[Chat], out: Path) -> None:
    """Needs `meaning_input`, `fast_input`, `worth` and `asks` of each chat."""
    labels = np.concatenate([c.item_labels for c in chats])

    def fit_meaning(some: Sequence[Chat]) -> Callable[[Chat], np.ndarray]:
        w = ridge(stacked(some, "meaning_input"), np.concatenate([c.item_labels for c in some]))
        return lambda c: c.x["meaning_input"] @ w[:-1] + w[-1]

    out_of_fold(chats, fit_meaning, "kinds_meaning")
    for c in chats:
        c.x["kinds"] = item_kinds.kind_features(
            c.messages, c.table, item_kinds.read_words(c.table), c.x["worth"], c.x["asks"], c.x["kinds_meaning"]
        )
    lines, models = {}, {}
    for j, kind in enumerate(item_kinds.KINDS):
        out_of_fold(chats, _fitting(j), f"p_{kind}")
        models[kind] = fit_linear(stacked(chats, "kinds"), labels[:, j], STRENGTH)
        lines[kind] = best_line(labels[:, j], stacked(chats, f"p_{kind}"))
    save_meaning(chats, labels, out / item_kinds.MEANING)
    written = {"format": "dianti.items/1", "features": list(item_kinds.FEATURES), "lines": lines, "kinds": models}
    (out / item_kinds.MODEL).write_text(json.dumps(written), encoding="utf-8")


def _fitting(j: int) -> Callable[[Sequence[Chat]], Callable[[Chat], np.ndarray]]:
    def fit(some: Sequence[Chat]) -> Callable[[Chat], np.ndarray]:
        weights = fit_linear(stacked(some, "kinds"), np.concatenate([c.item_labels[:, j] for c in some]), STRENGTH)
        return lambda c: item_kinds.both(linear(c.x["kinds"], weights), c.x["kinds_meaning"][:, j]) * speaks(c.table)

    return fit


def best_line(labels: np.ndarray, p: np.ndarray) -> float:
    """The threshold with the best F-beta, on a grid."""

    def score(line: float) -> float:
        said = p >= line
        right = float((labels * said).sum())
        precision, recall = right / max(1, int(said.sum())), right / max(1.0, float(labels.sum()))
        return (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall) if right else 0.0

    return round(float(max(np.arange(LOWEST, 0.81, 0.02), key=lambda line: (score(line), line))), 2)
