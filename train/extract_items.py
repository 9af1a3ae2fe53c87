"""Learns which messages are resources, announcements, decisions…: one small model a kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pipeline.extract import item_kinds
from pipeline.extract.questions import speaks
from train.export import save_trees
from train.extract_chats import COMMON, Chat, boost, mean_prediction, out_of_fold, ridge, stacked

KIND = COMMON | {"num_leaves": 5, "learning_rate": 0.05, "min_data_in_leaf": 8, "feature_fraction": 0.3, "lambda_l2": 5}
ROUNDS = 120
BETA = {"resource": 1.0}  # precision and recall weigh alike for resources; of the rest the selection drops what is weak
BETA_ELSE = 1.5


def train_items(chats: Sequence[Chat], out: Path) -> None:
    """Needs `meaning`, `meaning_input` and `worth` of each chat."""

    def fit_meaning(some: Sequence[Chat]) -> Callable[[Chat], np.ndarray]:
        w = _meaning(some)
        return lambda c: c.x["meaning_input"] @ w[:-1] + w[-1]

    out_of_fold(chats, fit_meaning, "kinds_meaning")
    for c in chats:
        c.x["kinds"] = item_kinds.kind_features(c.messages, c.table, c.x["meaning"], c.x["worth"], c.x["kinds_meaning"])
    lines = {}
    for j, kind in enumerate(item_kinds.KINDS):
        lines[kind] = _train_kind(chats, j, kind, out)
    np.savez(out / item_kinds.MEANING, weights=_meaning(chats))
    (out / item_kinds.LINES).write_text(json.dumps({"format": "dianti.lines/1", "lines": lines}), encoding="utf-8")


def _meaning(chats: Sequence[Chat]) -> np.ndarray:
    return ridge(stacked(chats, "meaning_input"), np.concatenate([c.item_labels for c in chats]))


def _train_kind(chats: Sequence[Chat], j: int, kind: str, out: Path) -> float:
    """Writes the kind's model; returns the line that serves best on chats that it has not seen."""

    def fit(some: Sequence[Chat]) -> Callable[[Chat], np.ndarray]:
        boosters = boost(KIND, stacked(some, "kinds"), np.concatenate([c.item_labels[:, j] for c in some]), ROUNDS)
        return lambda c: mean_prediction(boosters, c.x["kinds"]) * speaks(c.table)

    out_of_fold(chats, fit, f"p_{kind}")
    labels = np.concatenate([c.item_labels[:, j] for c in chats])
    save_trees(boost(KIND, stacked(chats, "kinds"), labels, ROUNDS, seeds=2), out / item_kinds.model_name(kind), list(item_kinds.FEATURES))
    return best_line(labels, stacked(chats, f"p_{kind}"), BETA.get(kind, BETA_ELSE))


def best_line(labels: np.ndarray, p: np.ndarray, beta: float) -> float:
    """The threshold with the best F-beta, on a grid."""

    def score(line: float) -> float:
        said = p >= line
        right = float((labels * said).sum())
        precision, recall = right / max(1, int(said.sum())), right / max(1.0, float(labels.sum()))
        return (1 + beta**2) * precision * recall / (beta**2 * precision + recall) if right else 0.0

    return round(float(max(np.arange(0.1, 0.81, 0.02), key=lambda line: (score(line), line))), 2)
