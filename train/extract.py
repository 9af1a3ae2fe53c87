"""Learns the weights of `pipeline.extract` from the annotated chats.

Each model's inputs that are themselves predictions (worth, asks, first-look probabilities) are out-of-fold: every chat's
come from models trained without it, as they will be on a new chat.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from pipeline.extract import judging, pair_features, pairs, questions, second
from pipeline.extract.around import read_around
from pipeline.extract.options import ExtractOptions
from train.export import save_trees
from train.extract_chats import (
    COMMON,
    MESSAGE,
    Chat,
    Gold,
    boost,
    fit_linear,
    mean_prediction,
    out_of_fold,
    read_chat,
    ridge,
    save_meaning,
    stacked,
)
from train.extract_items import train_items
from train.gold import chat_names

PAIR = COMMON | {"num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 20, "feature_fraction": 0.4, "lambda_l2": 10}
SECOND = PAIR | {"num_leaves": 9, "feature_fraction": 0.5}
GROUP = COMMON | {"num_leaves": 4, "learning_rate": 0.05, "min_data_in_leaf": 25, "feature_fraction": 0.4, "lambda_l2": 10}
NOT_ASKED = 0.2  # weight of pairs whose question is none: the judging decides about those, the pair models about answers
SEEDS = 4  # boosters averaged: with two, what is open or answered changed with the machine that had learned it
WRONG = 3.0  # extra weight of an answer that somebody corrects later


def train(eval_data: Path, out: Path, hold_out: frozenset[str]) -> None:
    """Writes the stage's weights to `out`, learned from all gold chats but `hold_out`."""
    chats = [read_chat(eval_data, name) for name in chat_names(eval_data) if name not in hold_out]
    _train_messages(chats, out)
    train_items(chats, out)
    _train_pairs(chats, out)
    _train_judging(chats, out)


# ---- messages ----------------------------------------------------------------------------------------------------
def _train_messages(chats: Sequence[Chat], out: Path) -> None:
    """Meaning → worth → asks."""
    for c in chats:
        c.x["fast_input"], c.x["meaning_input"] = questions.meaning_input(c.fast), questions.meaning_input(c.quality)
        c.x["labels"] = np.stack([c.worth_label, c.asks_label], axis=1)

    def fit_meaning(some: Sequence[Chat]) -> Callable[[Chat], np.ndarray]:
        w = ridge(stacked(some, "meaning_input"), stacked(some, "labels"))
        return lambda c: c.x["meaning_input"] @ w[:-1] + w[-1]

    out_of_fold(chats, fit_meaning, "meaning")
    for c in chats:
        c.x["message"] = questions.message_features(c.table, c.x["meaning"])
        c.x["speaks"] = questions.speaks(c.table)

    def fit_worth(some: Sequence[Chat], seeds: int = 1) -> list[lightgbm.Booster]:
        return boost(MESSAGE, stacked(some, "message"), stacked(some, "labels")[:, 0], 200, seeds=seeds)

    def fit_asks(some: Sequence[Chat], seeds: int = 1) -> list[lightgbm.Booster]:
        return boost(MESSAGE, stacked(some, "message_asks"), stacked(some, "labels")[:, 1], 150, seeds=seeds)

    def predicting(
        fit: Callable[[Sequence[Chat]], list[lightgbm.Booster]], key: str
    ) -> Callable[[Sequence[Chat]], Callable[[Chat], np.ndarray]]:
        def fitted(some: Sequence[Chat]) -> Callable[[Chat], np.ndarray]:
            boosters = fit(some)
            return lambda c: mean_prediction(boosters, c.x[key]) * c.x["speaks"]

        return fitted

    out_of_fold(chats, predicting(fit_worth, "message"), "worth")
    for c in chats:
        c.x["message_asks"] = questions.asks_features(c.x["message"], c.x["worth"])
    out_of_fold(chats, predicting(fit_asks, "message_asks"), "asks")
    save_trees(fit_worth(chats, SEEDS), out / questions.WORTH, list(questions.FEATURES))
    save_trees(fit_asks(chats, SEEDS), out / questions.ASKS, list(questions.ASKS_FEATURES))
    save_meaning(chats, stacked(chats, "labels"), out / questions.MEANING)


# ---- pairs -------------------------------------------------------------------------------------------------------
def _train_pairs(chats: Sequence[Chat], out: Path) -> None:
    options = ExtractOptions()
    for c in chats:
        asks, worth = c.x["asks"].astype(np.float32), c.x["worth"].astype(np.float32)
        c.x["questions"] = groups = questions.group_questions(c.table, asks, options.group_gap_s)  # type: ignore[assignment]
        c.x["pairs"] = found = pairs.candidate_pairs(c.table, groups, c.fast, options.window_messages, options.far_candidates)  # type: ignore[assignment]
        around = read_around(c.table, groups, asks, found, c.fast)
        c.x["pair"] = pair_features.pair_features(c.table, groups, asks, worth, found, c.fast, c.context, around)
        match = [_best_gold(c.gold, g) for g in groups]
        c.x["match"] = match  # type: ignore[assignment]
        c.x["answers"] = np.array(
            [match[q] is not None and r in c.gold[match[q]].answers for q, r in zip(found.question, found.row, strict=True)], dtype=float
        )
        wrong = np.array(
            [match[q] is not None and r in c.gold[match[q]].wrong for q, r in zip(found.question, found.row, strict=True)], dtype=float
        )
        c.x["weight"] = (1 + WRONG * wrong) * np.where([match[q] is not None for q in found.question], 1, NOT_ASKED)

    def fit(params: dict[str, Any], key: str, rounds: int) -> Callable[..., Any]:
        def boosters(some: Sequence[Chat], seeds: int = 1) -> list[lightgbm.Booster]:
            return boost(params, stacked(some, key), stacked(some, "answers"), rounds, stacked(some, "weight"), seeds)

        return boosters

    def predicting(boosters: Callable[..., Any], key: str) -> Callable[[Sequence[Chat]], Callable[[Chat], np.ndarray]]:
        def fitted(some: Sequence[Chat]) -> Callable[[Chat], np.ndarray]:
            found = boosters(some)
            return lambda c: mean_prediction(found, c.x[key])

        return fitted

    first = fit(PAIR, "pair", 250)
    out_of_fold(chats, predicting(first, "pair"), "p_first")
    save_trees(first(chats, SEEDS), out / pair_features.MODEL, list(pair_features.FEATURES))
    for c in chats:
        elsewhere = second.best_elsewhere(c.x["pairs"], c.x["p_first"], len(c.messages))  # type: ignore[arg-type]
        c.x["pair_second"] = second.second_features(
            c.table,
            len(c.x["questions"]),
            c.x["pairs"],
            c.x["pair"],
            c.x["p_first"],
            elsewhere,  # type: ignore[arg-type]
        )
    again = fit(SECOND, "pair_second", 150)
    out_of_fold(chats, predicting(again, "pair_second"), "p")
    save_trees(again(chats, SEEDS), out / second.MODEL, list(second.FEATURES))


def _best_gold(gold: Sequence[Gold], rows: Sequence[int]) -> int | None:
    """The annotated question that shares most messages with the group."""
    shared = [len(g.asked & set(rows)) for g in gold]
    best = int(np.argmax(shared)) if shared else -1
    return best if best >= 0 and shared[best] else None


# ---- judging -----------------------------------------------------------------------------------------------------
def _train_judging(chats: Sequence[Chat], out: Path) -> None:
    for c in chats:
        groups, found = c.x["questions"], c.x["pairs"]
        asks, worth = c.x["asks"].astype(np.float32), c.x["worth"].astype(np.float32)
        chosen = judging.choose_answers(found, c.x["p"], len(groups))  # type: ignore[arg-type]
        top = judging.of_top(chosen, c.x["pair"])
        c.x["judging"] = judging.judging_features(c.table, groups, chosen, asks, worth, found, top, c.x["p"])  # type: ignore[arg-type]
        c.x["right"] = np.array(
            [_is_right(c.gold, questions.printed_rows(g, asks), f.answers) for g, f in zip(groups, chosen, strict=True)], dtype=float
        )
        c.x["real"] = np.array([m is not None for m in c.x["match"]], dtype=float)
    x, linear = stacked(chats, "judging"), {}
    for key, name, model in (("right", "answered", judging.ANSWERED), ("real", "real", judging.REAL)):
        y = stacked(chats, key)
        save_trees(boost(GROUP, x, y, 120, seeds=2 * SEEDS), out / model, list(judging.FEATURES))
        linear[name] = fit_linear(judging.linear_input(x), y, 0.02)
    (out / judging.LINEAR).write_text(
        json.dumps({"format": "dianti.linear/1", "features": list(judging.FEATURES), **linear}), encoding="utf-8"
    )


def _is_right(gold: Sequence[Gold], asked: Sequence[int], answers: Sequence[int]) -> bool:
    """Would this pair be right as printed: at most one stray message in the question, half of the answer right?"""
    q, a = set(asked), set(answers)
    return any(
        q & g.asked and len(q - g.asked) <= 1 and a & g.answers and 2 * len(a & (g.answers | g.resolved)) >= len(a)
        for g in gold
        if not g.is_open
    )
