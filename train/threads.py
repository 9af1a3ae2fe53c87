"""`pipeline/weights/thread_*`: which message answers which, learned from annotated chats.

    thread_addressed.onnx                  Ubuntu IRC (CC BY 4.0), gold reply links
    thread_community_{quality,fast}.onnx   the annotated community chats and the synthetic Chinese ones (Apache-2.0/MIT), gold threads
    thread_clockless.onnx                  Molweni (Apache-2.0), the synthetic chats, some Ubuntu IRC, all as if no clock had been there
    thread_acts.npz                        what a message does, from the annotated chats

Trees score the candidates of a message; their objective is the softmax over them, and with thread labels every earlier
message of the thread is right. Each annotated chat is learned from twice: as exported, and as text copied from a chat
window (nicknames as ids, whole minutes, no quotes). The trees see acts as they will be on an unknown chat: those of a
training chat come from models fitted without it. A run that holds something out leaves those linkers alone that learn
nothing from it.
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
from pipeline.thread.linking import ADDRESSED, CLOCKLESS, COMMUNITY, COMMUNITY_FEATURES, Linker, pair_rows
from train.dialogs import parts_of
from train.export import save_trees
from train.gold import GoldChat, gold_chats
from train.vectors import cached_passages

TREES: dict[str, Any] = {
    "min_data_in_leaf": 30, "lambda_l2": 1.0, "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": 63,
    "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
ROUNDS = {"addressed": 200, "community": 120, "clockless": 100}
SHAPE = {
    "addressed": {"num_leaves": 31, "learning_rate": 0.1}, "community": {"num_leaves": 20, "learning_rate": 0.12},
    "clockless": {"num_leaves": 12, "learning_rate": 0.1},
}  # fmt: skip
# Boosters averaged, by file. Four of the annotated chats' slow linker: 72.3 / 38.4 (1-1 / EM-F), two 71.9 / 37.3 and 72.7 / 38.8
# by their seeds: more bring less chance, so that another machine learns much the same. Long logs, which use the fast one, want speed.
SEEDS = {"thread_addressed": 1, "thread_community_quality": 8, "thread_community_fast": 2, "thread_clockless": 1}
SYNTHETIC_WEIGHT = 0.5
ADDRESSED_SHARE = 0.7  # of the annotated messages; the rest brings little and costs minutes
CLOCKLESS_EVERY = 12  # every so manyth IRC file; with the synthetic ones they keep the clockless linker from knowing dialogues only
OTHERS_WEIGHT = 0.1
MOLWENI = "questions.molweni.dev"  # + ".0", ".1", ".2": parts to hold out, the same as of the scorer's questions
RIDGE = 30.0
RESUMED_SECONDS = 3600
NOISE_ACTS = ("banter", "greeting", "ad", "ack", "sticker", "chain", "checkin")
PARTS = 3
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
    """Writes the linkers and the acts; `hold_out` names gold chats, "synth_zh.N" and "questions.molweni.dev.N"."""
    out.mkdir(parents=True, exist_ok=True)
    of_dialogues = {h for h in hold_out if h.startswith(MOLWENI)}
    if not hold_out or hold_out - of_dialogues:
        _train_community(eval_data, out, hold_out, synthetic)
    if not hold_out:
        train_addressed(eval_data, out)
    if not hold_out or of_dialogues:
        train_clockless(eval_data, out, hold_out)


def _train_community(eval_data: Path, out: Path, hold_out: frozenset[str], synthetic: bool) -> None:
    gold = list(gold_chats(eval_data, hold_out))
    synth = [_labelled(path) for path in synthetic_files(eval_data, hold_out)] if synthetic else []
    saved: dict[str, Rows] = {}
    for tier in (QUALITY, FAST):
        talks = [_talk(chat) for chat in gold]
        fitted = [_products(t, tier) for t in talks]
        if tier == QUALITY or not hold_out:  # annotated chats are short, so that their figures need no fast linker
            parts = _community_examples(gold, synth, fitted, tier)
            _fit(*parts, COMMUNITY, out / f"thread_community_{tier}.onnx", COMMUNITY_FEATURES)
        weights, bias = _solve(fitted)
        saved |= {tier: weights.astype(np.float16), f"{tier}_bias": bias}
    np.savez_compressed(out / WEIGHTS, allow_pickle=False, **saved)  # type: ignore[arg-type]  # its stubs take only arrays by position


def synthetic_files(eval_data: Path, hold_out: frozenset[str]) -> list[Path]:
    """Those that are not held out: "synth_zh.0" names the first two files."""
    files = sorted((eval_data / "disentangle/synth_zh").glob("dev.??.jsonl"))
    return [f for k, f in enumerate(files) if f"synth_zh.{k // 2}" not in hold_out]


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


def train_clockless(eval_data: Path, out: Path, hold_out: frozenset[str]) -> None:
    """The linker of logs without a telling clock: gold parents are right."""
    irc = sorted((eval_data / "disentangle/irc_ubuntu/train").glob("*.jsonl"))[::CLOCKLESS_EVERY]
    parts = [(_parents(*_with_parents(f), CLOCKLESS), OTHERS_WEIGHT) for f in [*synthetic_files(eval_data, hold_out), *irc]]
    dialogs = _read(eval_data / "qa/molweni.dev.jsonl")
    parts += [
        (_parents(*_dialogues([d for d, k in zip(dialogs, parts_of(dialogs, PARTS), strict=True) if k == part]), CLOCKLESS), 1.0)
        for part in range(PARTS) if f"{MOLWENI}.{part}" not in hold_out
    ]  # fmt: skip
    x, y, width = (np.concatenate([p[i] for p, _ in parts]) for i in range(3))
    weight = np.concatenate([np.full(len(p[2]), w) for p, w in parts])
    _fit(x.astype(np.float32), y, width, weight, CLOCKLESS, out / "thread_clockless.onnx", FEATURES)


def _fit(x: Rows, y: Rows, width: Ints, weight: Doubles, linker: Linker, path: Path, features: list[str]) -> None:
    boosters = []
    for seed in range(SEEDS[path.stem]):
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
    """The annotated messages of one file (a part, drawn)."""
    messages, parents = _with_parents(path)
    return _parents(messages, {k: p for k, p in parents.items() if draw.random() < ADDRESSED_SHARE}, ADDRESSED)


def _with_parents(path: Path) -> tuple[list[Message], dict[int, set[int]]]:
    """The messages, and the rows of the annotated ones with those of their gold parents (their own where they start something)."""
    rows = [r for r in _read(path) if not r["system"]]
    row = {r["id"]: k for k, r in enumerate(rows)}
    return [_message(r) for r in rows], {k: {row.get(p, -1) for p in r["reply_to"]} or {k} for k, r in enumerate(rows) if r["eval"]}


def _dialogues(dialogs: list[dict[str, Any]]) -> tuple[list[Message], dict[int, set[int]]]:
    """One dialogue a day."""
    start = datetime(2024, 1, 1, 9, tzinfo=CHINA)
    messages: list[Message] = []
    parents: dict[int, set[int]] = {}
    for day, dialog in enumerate(dialogs):
        row = {m["id"]: len(messages) + k for k, m in enumerate(dialog["messages"])}
        for k, m in enumerate(dialog["messages"]):
            sent_at = start + timedelta(days=day, seconds=30 * k)
            messages.append(
                Message(id=f"{day}/{k}", sender_id=f"{day}-{m['speaker']}", sender=m["speaker"], sent_at=sent_at, text=m["text"])
            )
        for own in row.values():
            parents[own] = {row[x["parent"]] for x in dialog["links"] if row[x["child"]] == own} or {own}
    return messages, parents


def _parents(messages: list[Message], parents: dict[int, set[int]], linker: Linker) -> tuple[NDArray[np.float16], Rows, Ints]:
    """Gold parents are right; messages whose parent is no candidate are left out."""
    c = read_columns(messages, _vectors(messages, FAST), linker.has_clock)
    me, it, start, width = candidates(c, 0, len(c), linker.recent)
    right = np.zeros(len(me), dtype=np.float32)
    for k, wanted in parents.items():
        right[start[k] : start[k] + width[k]] = [j in wanted for j in it[start[k] : start[k] + width[k]].tolist()]
    keep = np.zeros(len(c), dtype=bool)
    keep[list(parents)] = True
    keep &= np.add.reduceat(right, start) > 0
    pairs = np.repeat(keep, width)
    new_width = width[keep]
    new_start = np.r_[0, np.cumsum(new_width)[:-1]].astype(np.int64)
    if not len(new_width):
        return np.zeros((0, len(FEATURES)), dtype=np.float16), np.zeros(0, dtype=np.float32), new_width
    x = pair_rows(c, message_table(c), None, me[pairs], it[pairs], new_start, new_width)
    return x.astype(np.float16), right[pairs], new_width  # half the memory of a million rows
