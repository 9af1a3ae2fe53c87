"""`pipeline/weights/thread_*`: which message answers which, learned from annotated chats.

    thread_addressed.onnx                  Ubuntu IRC (CC BY 4.0), gold reply links
    thread_community_{quality,fast}.onnx   the annotated community chats and the synthetic Chinese ones (Apache-2.0/MIT), gold threads
    thread_acts.npz                        what a message does, from the annotated chats

Trees score the candidates of a message; their objective is the softmax over them, and with thread labels every earlier
message of the thread is right. Each annotated chat is learned from twice: as exported, and as text copied from a chat
window (nicknames as ids, whole minutes, no quotes). The trees see acts as they will be on an unknown chat: those of a
training chat come from models fitted without it. A run that holds gold chats out leaves the addressed linker alone: it
learns nothing from them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import FAST, QUALITY, load_embedder
from pipeline.model import Kind, Message
from pipeline.text import clean
from pipeline.thread.acts import ACTS, WEIGHTS, context
from pipeline.thread.candidates import candidates
from pipeline.thread.columns import centred, read_columns
from pipeline.thread.features import FEATURES, message_table
from pipeline.thread.linking import ADDRESSED, COMMUNITY, COMMUNITY_FEATURES, Linker, pair_rows
from train.export import save_trees
from train.gold import GoldChat, gold_chats
from train.vectors import cached_passages

TREES: dict[str, Any] = {
    "min_data_in_leaf": 30, "lambda_l2": 1.0, "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": 63,
    "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
ROUNDS = {"addressed": 200, "community": 120}
SHAPE = {"addressed": {"num_leaves": 31, "learning_rate": 0.1}, "community": {"num_leaves": 20, "learning_rate": 0.12}}
SEEDS = {"addressed": 1, "community": 2}  # boosters averaged
SYNTHETIC_WEIGHT = 0.5
ADDRESSED_SHARE = 0.7  # of the annotated messages; the rest brings little and costs minutes
RIDGE = 30.0
RESUMED_SECONDS = 3600
NOISE_ACTS = ("banter", "greeting", "ad", "ack", "sticker", "chain", "checkin")
CHINA = timezone(timedelta(hours=8))

Rows = NDArray[np.float32]
Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]
Products = tuple[Doubles, ...]


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One chat to learn from: its spoken messages, their threads, and where known what each does."""

    name: str
    messages: list[Message]
    thread: list[str]
    acts: Rows | None = None


def train(eval_data: Path, out: Path, hold_out: frozenset[str], synthetic: bool = True) -> None:
    gold = list(gold_chats(eval_data, hold_out))
    synth = [_labelled(path) for path in sorted((eval_data / "disentangle/synth_zh").glob("dev.*.jsonl"))] if synthetic else []
    saved: dict[str, Rows] = {}
    out.mkdir(parents=True, exist_ok=True)
    for tier in (QUALITY, FAST):
        talks = [_talk(chat) for chat in gold]
        fitted = [_products(t, tier) for t in talks]
        if tier == QUALITY or not hold_out:  # annotated chats are short, so that their figures need no fast linker
            parts = _community_examples(gold, synth, fitted, tier)
            _fit(*parts, COMMUNITY, out / f"thread_community_{tier}.onnx", COMMUNITY_FEATURES)
        weights, bias = _solve(fitted)
        saved |= {tier: weights.astype(np.float16), f"{tier}_bias": bias}
    np.savez_compressed(out / WEIGHTS, allow_pickle=False, **saved)  # type: ignore[arg-type]  # its stubs take only arrays by position
    if not hold_out:
        train_addressed(eval_data, out)


def _community_examples(gold: list[GoldChat], synth: list[Talk], fitted: list[Products], tier: str) -> tuple[Rows, Rows, Ints, Doubles]:
    """(features, right or wrong, candidates a message, weight a message)"""
    parts = []
    for k, chat in enumerate(gold):
        without = _solve([f for j, f in enumerate(fitted) if j != k])
        parts += [(_examples(talk, tier, *without), 1.0) for talk in (_talk(chat), _talk(chat, copied=True))]
    whole = _solve(fitted)
    parts += [(_examples(talk, tier, *whole), SYNTHETIC_WEIGHT) for talk in synth]
    x, y, width = (np.concatenate([p[i] for p, _ in parts]) for i in range(3))
    return x, y, width, np.concatenate([np.full(len(p[2]), w) for p, w in parts])


def train_addressed(eval_data: Path, out: Path) -> None:
    """The linker of channels whose people name each other; gold parents, not threads, are right."""
    parts = []
    for k, path in enumerate(sorted((eval_data / "disentangle/irc_ubuntu/train").glob("*.jsonl"))):
        parts.append(_irc_examples(path, np.random.default_rng(k)))
    x, y, width = (np.concatenate([p[i] for p in parts]) for i in range(3))
    _fit(x.astype(np.float32), y, width, np.ones(len(width)), ADDRESSED, out / "thread_addressed.onnx", FEATURES)


def _fit(x: Rows, y: Rows, width: Ints, weight: Doubles, linker: Linker, path: Path, features: list[str]) -> None:
    boosters = []
    for seed in range(SEEDS[linker.name]):
        given = {"objective": _softmax_objective(width, weight), "seed": seed, **SHAPE[linker.name], **TREES}
        boosters.append(lightgbm.train(given, lightgbm.Dataset(x, label=y), num_boost_round=ROUNDS[linker.name]))
    save_trees(boosters, path, features)


def _softmax_objective(width: Ints, weight: Doubles) -> Callable[[Rows, Any], tuple[Rows, Rows]]:
    """Minus the log of the probability that the right candidates of a message have together."""
    start = np.r_[0, np.cumsum(width)[:-1]]
    group = np.repeat(np.arange(len(width)), width)
    each = weight[group]

    def objective(raw: Rows, data: lightgbm.Dataset) -> tuple[Rows, Rows]:
        e = np.exp(raw - np.maximum.reduceat(raw, start)[group])
        p = e / np.add.reduceat(e, start)[group]
        right = e * data.get_label()
        q = right / np.maximum(np.add.reduceat(right, start)[group], 1e-12)
        return (p - q) * each, np.maximum(p * (1 - p), 1e-3) * each

    return objective


# ---- acts -------------------------------------------------------------------------------------------------------


def _products(talk: Talk, tier: str) -> Products:
    """What a ridge regression needs of one chat, so that leaving one out costs only a solution."""
    assert talk.acts is not None
    x = np.hstack(context(_vectors(talk.messages, tier))).astype(np.float64)
    return x.T @ x, x.T @ talk.acts, x.sum(axis=0), talk.acts.sum(axis=0), np.array(float(len(x)))


def _solve(parts: list[Products]) -> tuple[Rows, Rows]:
    xx, xy, sx, sy, n = (sum(p[i] for p in parts) for i in range(5))
    mean, target = sx / n, sy / n
    weights = np.linalg.solve(xx - n * np.outer(mean, mean) + RIDGE * np.eye(len(mean)), xy - n * np.outer(mean, target))
    return weights.astype(np.float16).astype(np.float32), (target - mean @ weights).astype(np.float32)


def _act_targets(ids: list[str], seconds: list[float], thread: list[str], gold: dict[str, Any]) -> Rows:
    n = len(ids)
    table = np.zeros((n, len(ACTS)), dtype=np.float32)
    column = {name: k for k, name in enumerate(ACTS)}
    last: dict[str, int] = {}
    for i, t in enumerate(thread):
        if t in last:
            table[last[t], column["ends"]] = 0
            table[i, column["resumes"]] = seconds[i] - seconds[last[t]] > RESUMED_SECONDS
        else:
            table[i, column["starts"]] = 1
        table[i, column["switches"]] = i == 0 or thread[i - 1] != t
        table[i, column["ends"]] = 1
        last[t] = i
    asked = {str(i) for q in gold["qa"] for i in q["question"]}
    answered = {str(i) for q in gold["qa"] for i in q["answers"]}
    for i, name in enumerate(ids):
        table[i, column["asks"]], table[i, column["answers"]] = name in asked, name in answered
        table[i, column["valuable"]] = min(gold["value"].get(name, 0), 2) / 2
        if (reason := gold["noise"].get(name)) in NOISE_ACTS:
            table[i, column[reason]] = 1
    return table


# ---- examples ---------------------------------------------------------------------------------------------------


def _talk(chat: GoldChat, copied: bool = False) -> Talk:
    messages = [m for m in chat.export.messages if not m.is_system]
    if copied:
        messages = [
            replace(m, sender_id=m.sender, reply_to=None, mentions=(), sent_at=m.sent_at.replace(second=0, microsecond=0))
            for m in messages if m.kind not in (Kind.RECALL, Kind.PAT)
        ]  # fmt: skip
    thread = [str(chat.gold["threads"][m.id]) for m in messages]
    acts = _act_targets([m.id for m in messages], [m.sent_at.timestamp() for m in messages], thread, chat.gold)
    return Talk(name=chat.name, messages=messages, thread=thread, acts=acts)


def _labelled(path: Path) -> Talk:
    rows = [r for r in _read(path) if not r["system"]]
    return Talk(name=path.name, messages=[_message(r) for r in rows], thread=[str(r["thread"]) for r in rows])


def _message(r: dict[str, Any]) -> Message:
    quote = r.get("quote")
    return Message(
        id=str(r["id"]), sender_id=r["sender"], sender=r["sender"], sent_at=datetime.fromisoformat(r["time"]).replace(tzinfo=CHINA),
        text=r["text"], reply_to=None if quote is None else str(quote),
    )  # fmt: skip


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _vectors(messages: list[Message], tier: str) -> Rows:
    texts = [clean(m.text) for m in messages]
    return centred(cached_passages(texts) if tier == QUALITY else load_embedder(FAST).passages(texts))


def _examples(talk: Talk, tier: str, weights: Rows, bias: Rows) -> tuple[Rows, Rows, Ints]:
    """(features, right or wrong, candidates a message): every earlier message of the thread is right, else itself."""
    c = read_columns(talk.messages, _vectors(talk.messages, tier))
    acts = np.hstack(context(c.vectors)) @ weights + bias
    me, it, start, width = candidates(c, 0, len(c), COMMUNITY.recent)
    number = {t: k for k, t in enumerate(dict.fromkeys(talk.thread))}
    thread = np.array([number[t] for t in talk.thread])
    right = (thread[me] == thread[it]) & (me != it)
    none = ~np.logical_or.reduceat(right, start)
    right[start[none]] = True  # a message's own row comes first
    return pair_rows(c, message_table(c), acts.astype(np.float32), me, it, start, width), right.astype(np.float32), width


def _irc_examples(path: Path, draw: np.random.Generator) -> tuple[NDArray[np.float16], Rows, Ints]:
    """The annotated messages of one file (a part, drawn), their gold parents right; those whose parent is no candidate left out."""
    rows = [r for r in _read(path) if not r["system"]]
    c = read_columns([_message(r) for r in rows], _vectors([_message(r) for r in rows], FAST))
    row = {r["id"]: k for k, r in enumerate(rows)}
    wanted = [k for k, r in enumerate(rows) if r["eval"] and draw.random() < ADDRESSED_SHARE]
    me, it, start, width = candidates(c, 0, len(c), ADDRESSED.recent)
    right = np.zeros(len(me), dtype=np.float32)
    for k in wanted:
        parents = {row.get(p, -1) for p in rows[k]["reply_to"]} or {k}
        right[start[k] : start[k] + width[k]] = [j in parents for j in it[start[k] : start[k] + width[k]].tolist()]
    keep = np.zeros(len(c), dtype=bool)
    keep[wanted] = True
    keep &= np.add.reduceat(right, start) > 0
    pairs = np.repeat(keep, width)
    new_width = width[keep]
    new_start = np.r_[0, np.cumsum(new_width)[:-1]].astype(np.int64)
    if not len(new_width):
        return np.zeros((0, len(FEATURES)), dtype=np.float16), np.zeros(0, dtype=np.float32), new_width
    x = pair_rows(c, message_table(c), None, me[pairs], it[pairs], new_start, new_width)
    return x.astype(np.float16), right[pairs], new_width  # half the memory of a million rows
