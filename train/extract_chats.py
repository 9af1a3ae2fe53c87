"""The annotated chats as `train.extract` sees them, and how its models are fitted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from sklearn.linear_model import LogisticRegression

from pipeline.embedding import FAST, QUALITY, load_embedder
from pipeline.extract import pair_features
from pipeline.extract.item_kinds import KINDS
from pipeline.extract.table import ChatTable, read_table
from pipeline.model import Kind, Message
from pipeline.text import clean
from train.vectors import cached_passages

FOLDS = 5
COMMON = {
    "objective": "binary", "verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True,
    "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": 127,
}  # fmt: skip
MESSAGE = COMMON | {"num_leaves": 7, "learning_rate": 0.06, "min_data_in_leaf": 12, "feature_fraction": 0.5, "lambda_l2": 5}
RIDGE = 5.0


@dataclass(frozen=True, kw_only=True)
class Gold:
    """One question of the annotation, by rows."""

    asked: frozenset[int]
    answers: frozenset[int]
    wrong: frozenset[int]
    resolved: frozenset[int]
    is_open: bool


@dataclass(kw_only=True)
class Chat:
    """A training chat with what was computed for it so far."""

    name: str
    messages: list[Message]
    table: ChatTable
    fast: np.ndarray
    quality: np.ndarray
    context: pair_features.Context
    gold: list[Gold]
    worth_label: np.ndarray
    asks_label: np.ndarray
    item_labels: np.ndarray  # [messages, KINDS]
    x: dict[str, Any]  # what was computed so far


def read_gold(eval_data: Path, name: str) -> tuple[list[Message], dict[str, Any]]:
    """The chat as an export would show it, and its annotation."""
    folder = eval_data / "gold" / name
    rows = [json.loads(line) for line in (folder / "chat.jsonl").read_text(encoding="utf-8").splitlines() if line.strip()]
    messages = [
        Message(
            id=r["id"], sender_id=r["sender_id"], sender=r["sender"], sent_at=datetime.fromisoformat(r["time"]), text=r["text"],
            kind=Kind(r["type"]),
            reply_to=r.get("reply_to"), mentions=tuple(r.get("mentions") or ()), url=r.get("url"), title=r.get("title"),
            file_name=r.get("file_name"),
        )
        for r in rows
    ]  # fmt: skip
    return messages, json.loads((folder / "gold.json").read_text(encoding="utf-8"))


def read_chat(eval_data: Path, name: str) -> Chat:
    """The chat with its annotation by rows."""
    messages, gold = read_gold(eval_data, name)
    table = read_table(messages)
    row = {m.id: i for i, m in enumerate(messages)}
    rows = lambda ids: frozenset(row[i] for i in ids if i in row)  # noqa: E731
    asked = [
        Gold(
            asked=rows(q["question"]), answers=rows(q["answers"]), wrong=rows(q["wrong_answers"]),
            resolved=rows([q["resolved_by"]] if q["resolved_by"] else []), is_open=q["status"] == "unanswered",
        )
        for q in gold["qa"]
    ]  # fmt: skip
    asks, worth = np.zeros(len(messages)), np.array([gold["value"].get(m.id, 0) > 0 for m in messages], dtype=float)
    asks[sorted({i for g in asked for i in g.asked})] = 1
    fast = load_embedder(FAST).passages([clean(m.text) for m in messages])
    quality = cached_passages([clean(m.text) for m in messages])
    context = pair_features.Context(thread=np.full(len(messages), -1, dtype=np.int64), parent=table.reply.copy())
    items = np.zeros((len(messages), len(KINDS)))
    for item in gold["items"]:
        kind = "announcement" if item["category"] == "event" else item["category"]
        if kind in KINDS:
            items[sorted(rows(item["ids"])), KINDS.index(kind)] = 1
    return Chat(
        name=name, messages=messages, table=table, fast=fast, quality=quality, context=context, gold=asked,
        worth_label=worth, asks_label=asks, item_labels=items, x={},
    )  # fmt: skip


# ---- fitting -----------------------------------------------------------------------------------------------------
Predict = Callable[[np.ndarray], np.ndarray]


def _fold(chats: Sequence[Chat], chat: Chat) -> int:
    names = sorted({c.name for c in chats})
    return names.index(chat.name) % FOLDS


def out_of_fold(chats: Sequence[Chat], fit: Callable[[Sequence[Chat]], Callable[[Chat], np.ndarray]], key: str) -> None:
    """Sets `x[key]` of every chat from models that have not seen it."""
    for fold in range(min(FOLDS, len({c.name for c in chats}))):
        rest = [c for c in chats if _fold(chats, c) != fold]
        predict = fit(rest)
        for chat in chats:
            if _fold(chats, chat) == fold:
                chat.x[key] = predict(chat)


def boost(
    params: dict[str, Any], x: np.ndarray, y: np.ndarray, rounds: int, weight: np.ndarray | None = None, seeds: int = 1
) -> list[lightgbm.Booster]:
    data = lightgbm.Dataset(x, y, weight=weight, free_raw_data=False, params={"verbose": -1, "max_bin": 127})
    return [lightgbm.train(params | {"seed": seed + 1}, data, rounds) for seed in range(seeds)]


def mean_prediction(boosters: Sequence[lightgbm.Booster], x: np.ndarray) -> np.ndarray:
    """As the exported ensemble says it: the mean of the raw sums, then the sigmoid."""
    raw = np.mean([b.predict(x, raw_score=True, num_threads=1) for b in boosters], axis=0) if len(x) else np.zeros(0)
    return (1 / (1 + np.exp(-raw))).astype(np.float32)


def ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least squares with a penalty; the last row of the result is the constant."""
    x1 = np.concatenate([x, np.ones((len(x), 1))], axis=1).astype(np.float64)
    penalty = RIDGE * np.eye(x1.shape[1])
    penalty[-1, -1] = 1e-6
    return np.linalg.solve(x1.T @ x1 + penalty, x1.T @ y).astype(np.float32)


def stacked(chats: Sequence[Chat], key: str) -> np.ndarray:
    return np.concatenate([c.x[key] for c in chats])


def save_meaning(chats: Sequence[Chat], labels: np.ndarray, path: Path) -> None:
    """The linear models of both tiers."""
    arrays = {QUALITY: ridge(stacked(chats, "meaning_input"), labels), FAST: ridge(stacked(chats, "fast_input"), labels)}
    np.savez(path, **arrays)  # type: ignore[arg-type]


def fit_linear(x: np.ndarray, y: np.ndarray, c: float) -> dict[str, list[float]]:
    """A logistic regression over scaled columns, as `judging.linear` reads it."""
    z = x.astype(np.float64)
    mean, scale = z.mean(0), z.std(0) + 1e-6
    model = LogisticRegression(C=c, max_iter=1000).fit((z - mean) / scale, y)
    rounded = lambda v: [float(f"{a:.6g}") for a in np.ravel(v)]  # noqa: E731
    return {"mean": rounded(mean), "scale": rounded(scale), "weight": rounded(model.coef_), "bias": rounded(model.intercept_)}
