"""Learns when two askings are one question and when a note answers an earlier day, from the gold chats' own repeats and late answers.

There are few of them (some two dozen repeats in ten chats), so both judges are linear and strongly regularised.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis import AnalysisOptions
from pipeline.embedding import FAST, Embedder, MessageVectors, Vectors, load_embedder
from pipeline.memory.asking import Stretch, read_stretch
from pipeline.memory.cues import chat_day
from pipeline.memory.match import (
    CHINESE,
    LATE_FEATURES,
    POINTED_FEATURES,
    Learned,
    asking_sides,
    late_features,
    note_sides,
    pointed_features,
)
from pipeline.memory.stretch import days_of
from pipeline.model import Answer, Kind, Message, QAPair
from pipeline.text import cjk_share, grams
from train.vectors import cached_passages

RARITY_LEAST = 3  # messages that hold a gram before its rarity is listed
STRENGTH = 0.3  # inverse of the regularisation; 0.1 … 1 differ little


class CachedQuality:
    """The quality model, its passages kept on disk."""

    def __init__(self) -> None:
        self._model = load_embedder()
        self.name, self.dimension = self._model.name, self._model.dimension

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._model.queries(texts)

    def passages(self, texts: Sequence[str]) -> Vectors:
        return cached_passages(texts, self._model)


@dataclass(frozen=True, kw_only=True)
class GoldChat:
    name: str
    messages: tuple[Message, ...]
    qa: list[dict[str, Any]]

    def root(self, k: int) -> int:
        before = self.qa[k].get("asked_before")
        return k if before is None else self.root(before)


def train(eval_data: Path, out: Path, hold_out: frozenset[str] = frozenset()) -> None:
    """Writes `memory.json`; gold chats in `hold_out` are left out."""
    chats = [c for c in read_chats(eval_data) if c.name not in hold_out]
    text = json.dumps(fit(chats), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    (out / "memory.json").write_text(text + "\n", encoding="utf-8")


def read_chats(eval_data: Path) -> list[GoldChat]:
    found = []
    for folder in sorted((eval_data / "gold").iterdir()):
        lines = (folder / "chat.jsonl").read_text(encoding="utf-8").splitlines()
        gold = json.loads((folder / "gold.json").read_text(encoding="utf-8"))
        found.append(GoldChat(name=folder.name, messages=tuple(message(json.loads(x)) for x in lines if x.strip()), qa=gold["qa"]))
    return found


def message(r: dict[str, Any]) -> Message:
    return Message(
        id=str(r["id"]),
        sender_id=str(r["sender_id"]),
        sender=r["sender"],
        sent_at=datetime.fromisoformat(r["time"]),
        text=r["text"],
        kind=Kind(r.get("type", "text")),
        reply_to=r.get("reply_to"),
        mentions=tuple(r.get("mentions", ())),
        reactions=tuple((r.get("reactions") or {}).items()),
        url=r.get("url"),
        title=r.get("title"),
        file_name=r.get("file_name"),
        role=r.get("role"),
    )


def fit(chats: Sequence[GoldChat]) -> dict[str, Any]:
    embedder = CachedQuality()
    blank = background(chats, embedder)
    pointed, late = [], []
    for chat in chats:
        read = known_stretches(chat, embedder)
        pointed += pointed_rows(chat, read, blank, embedder)
        late += late_rows(chat, read, blank, embedder)
    return {
        "mean": [[round(float(x), 5) for x in row] for row in blank.mean], "rarity": dict(blank.rarity), "rarest": list(blank.rarest),
        "pointed": linear(pointed, POINTED_FEATURES), "late": linear(late, LATE_FEATURES),
    }  # fmt: skip


def background(chats: Sequence[GoldChat], embedder: Embedder) -> Learned:
    """What all chat of a language has in common: the mean vector, and how many messages hold each gram."""
    every = sorted({m.text for c in chats for m in c.messages if len(m.text) > 8})
    means: list[Vectors] = []
    rarest: list[float] = []
    rarity: dict[str, float] = {}
    for chinese in (True, False):
        means.append(embedder.passages([t for t in every if (cjk_share(t) >= CHINESE) is chinese]).mean(0))
        of_language = [c for c in chats if (cjk_share("".join(m.text for m in c.messages)) >= CHINESE) is chinese]
        total = sum(len(c.messages) for c in of_language)
        frequency = Counter(g for c in of_language for m in c.messages for g in set(grams(m.text)))
        rarest.append(round(math.log((total + 1) / RARITY_LEAST), 2))
        for g, n in sorted(frequency.items()):
            if n >= RARITY_LEAST:
                rarity[g] = min(rarity.get(g, 99.0), round(math.log((total + 1) / (n + 1)), 2))
    none = np.zeros(1)
    return Learned(mean=np.stack(means), rarest=(rarest[0], rarest[1]), rarity=rarity, pointed=none, late=none)


def known_stretches(chat: GoldChat, embedder: Embedder) -> list[tuple[Stretch, list[int]]]:
    """Each stretch with the annotated questions asked in it, and which those are.

    What was merely overheard is left out: learning from it as wrong pairs cost a seventh of the repeats.
    """
    found = []
    for messages in days_of(chat.messages).values():
        row = {m.id: i for i, m in enumerate(messages)}
        numbers = sorted((k for k, q in enumerate(chat.qa) if q["question"][0] in row), key=lambda k: row[chat.qa[k]["question"][0]])
        pairs = [known_pair(chat.qa[k], {m.id: m.sender_id for m in messages}) for k in numbers]
        vectors = MessageVectors(messages, load_embedder(FAST), embedder)
        read = read_stretch(messages, vectors, AnalysisOptions(), pairs)
        askings = tuple(a for a in read.askings if not a.overheard)
        found.append((Stretch(askings=askings, notes=read.notes), numbers))
    return found


def known_pair(q: dict[str, Any], sender: dict[str, str]) -> QAPair:
    """An annotated question with those of its answers that stand in its own stretch, after it."""
    order = list(sender)
    asked = tuple(i for i in q["question"] if i in sender)
    by_member: dict[str, list[str]] = {}
    for i in sorted((i for i in q["answers"] if i in sender and order.index(i) > order.index(asked[0])), key=order.index):
        by_member.setdefault(sender[i], []).append(i)
    answers = tuple(Answer(message_ids=tuple(ids)) for ids in by_member.values())
    return QAPair(
        question_ids=asked,
        answers=answers,
        status=q["status"] if answers else "unanswered",
        confidence=1.0,
        resolved_by=q.get("resolved_by"),
    )


Row = tuple[list[float], bool]


def pointed_rows(chat: GoldChat, read: Sequence[tuple[Stretch, list[int]]], blank: Learned, embedder: Embedder) -> list[Row]:
    """Each asking of which somebody says that it was asked before, against each asking of an earlier day."""
    askings = [(a, k) for stretch, numbers in read for a, k in zip(stretch.askings, numbers, strict=True)]
    sides = asking_sides([a for a, _k in askings], blank, embedder)
    return [
        (pointed_features(a, sides[i], b, sides[j], blank), chat.root(ka) == chat.root(kb))
        for j, (b, kb) in enumerate(askings)
        for i, (a, ka) in enumerate(askings[:j])
        if b.pointing and chat_day(a.at) < chat_day(b.at)
    ]


def late_rows(chat: GoldChat, read: Sequence[tuple[Stretch, list[int]]], blank: Learned, embedder: Embedder) -> list[Row]:
    rows = []
    for s, (stretch, _numbers) in enumerate(read):
        earlier = [(a, k) for before, numbers in read[:s] for a, k in zip(before.askings, numbers, strict=True)]
        sides, notes = asking_sides([a for a, _k in earlier], blank, embedder), note_sides(stretch.notes, blank, embedder)
        for n, sn in zip(stretch.notes, notes, strict=True):
            for (a, k), sa in zip(earlier, sides, strict=True):
                if a.sender_id != n.sender_id:
                    right = bool(set(n.message_ids) & set(chat.qa[k]["answers"]))
                    rows.append((late_features(a, sa, n, sn, blank), right))
    return rows


def linear(rows: Sequence[Row], features: Sequence[str]) -> dict[str, float]:
    """A logistic regression on scaled features, its scales folded into the weights."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # ships no types

    x: NDArray[np.float64] = np.array([r for r, _y in rows])
    scale = np.where(x.std(0) > 0, x.std(0), 1.0)
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit(x / scale, [y for _x, y in rows])
    weights = model.coef_[0] / scale
    return {f: round(float(w), 4) for f, w in zip(features, weights, strict=True)} | {"constant": round(float(model.intercept_[0]), 4)}
