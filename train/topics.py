"""Learns how likely two threads of a chat are on one topic: a logistic regression over `pipeline.cluster.affinity`.

From the gold chats, with the gold threads and with the program's own (which are less clean, as those it will meet).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from pipeline.cluster import TopicOptions
from pipeline.cluster.affinity import FEATURES, WEIGHTS, pair_features
from pipeline.cluster.table import ThreadTable, thread_table
from pipeline.embedding import FAST, QUALITY, MessageVectors, Vectors, load_embedder, unit_rows
from pipeline.model import Kind, Message, Scored, Thread
from pipeline.score import ScoreOptions, score_messages
from pipeline.segment import split_into_sessions
from pipeline.thread import ThreadOptions, untangle
from train.vectors import cached_passages

VISIBLE = ("url", "title", "file_name", "role")


class CachedVectors(MessageVectors):
    """Message vectors whose quality rows come from the disk."""

    def quality(self, rows: Sequence[int]) -> Vectors:
        return cached_passages([self.texts[r] for r in rows])


@dataclass(frozen=True, kw_only=True)
class GoldChat:
    name: str
    messages: Sequence[Message]
    gold: dict[str, Any]
    vectors: MessageVectors


def read_gold(eval_data: Path, hold_out: frozenset[str] = frozenset()) -> list[GoldChat]:
    """The gold chats but for those held out."""
    found = []
    for folder in sorted((eval_data / "gold").iterdir()):
        if folder.name in hold_out:
            continue
        messages = []
        for line in (folder / "chat.jsonl").read_text(encoding="utf-8").splitlines():
            m = json.loads(line)
            messages.append(
                Message(
                    id=m["id"], sender_id=m["sender_id"], sender=m["sender"], sent_at=datetime.fromisoformat(m["time"]), text=m["text"],
                    kind=Kind(m.get("type", "text")), reply_to=m.get("reply_to"), mentions=tuple(m.get("mentions") or ()),
                    **{k: m[k] for k in VISIBLE if m.get(k)},
                )
            )  # fmt: skip
        gold = json.loads((folder / "gold.json").read_text(encoding="utf-8"))
        vectors = CachedVectors(messages, load_embedder(FAST), load_embedder(QUALITY))
        found.append(GoldChat(name=folder.name, messages=messages, gold=gold, vectors=vectors))
    return found


def own_threads(chat: GoldChat) -> tuple[list[Thread], list[Scored]]:
    """The program's threads and values."""
    sessions = split_into_sessions(chat.messages)
    links, threads = untangle(chat.messages, sessions, chat.vectors, ThreadOptions())
    return list(threads), list(score_messages(chat.messages, links, threads, chat.vectors, ScoreOptions()))


def gold_threads(chat: GoldChat) -> list[Thread]:
    threads: dict[str, list[Message]] = {}
    for message in chat.messages:
        if message.id in chat.gold["threads"]:
            threads.setdefault(chat.gold["threads"][message.id], []).append(message)
    return [Thread(id=t, messages=tuple(ms)) for t, ms in threads.items()]


def targets(chat: GoldChat, table: ThreadTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each two threads the share of their valuable messages' pairs that are on one gold topic, and how many pairs there are."""
    topic = {t: k for k, one in enumerate(chat.gold["topics"]) for t in one["threads"]}
    of, value = chat.gold["threads"], chat.gold["value"]
    counts = [Counter(topic[of[m.id]] for m in t.messages if value.get(m.id) and of.get(m.id) in topic) for t in table.threads]
    share = np.array([[c[k] for k in range(len(chat.gold["topics"]))] for c in counts], dtype=np.float64)
    pairs = np.outer(share.sum(1), share.sum(1))
    return share @ share.T / np.maximum(pairs, 1), pairs


def examples(chats: Sequence[GoldChat]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Features, share of same-topic pairs and weight of every two threads of a chat."""
    x, y, weight = [], [], []
    for chat in chats:
        own, scored = own_threads(chat)
        for threads in (gold_threads(chat), own):
            table = thread_table(chat.messages, threads, scored, chat.vectors, TopicOptions())
            same, pairs = targets(chat, table)
            low = np.tril_indices(len(table), -1)
            used = pairs[low] > 0
            x.append(pair_features(table)[low][used])
            y.append(same[low][used])
            weight.append(np.sqrt(pairs[low][used]))
    return np.concatenate(x), np.concatenate(y), np.concatenate(weight)


def usual_topic(chats: Sequence[GoldChat]) -> Vectors:
    """What all topics share in the fast tier: the mean of the gold topics' unit means."""
    found = []
    for chat in chats:
        topic = {t: k for k, one in enumerate(chat.gold["topics"]) for t in one["threads"]}
        rows: dict[int, list[int]] = {}
        for i, m in enumerate(chat.messages):
            if chat.gold["value"].get(m.id) and (k := topic.get(chat.gold["threads"].get(m.id))) is not None:
                rows.setdefault(k, []).append(i)
        found += [unit_rows(chat.vectors.fast[mine].mean(0, keepdims=True))[0] for _k, mine in sorted(rows.items())]
    usual: Vectors = np.mean(found, axis=0)
    return usual


def train(eval_data: Path, out: Path, hold_out: frozenset[str] = frozenset()) -> None:
    """Writes `topic_pairs.json`; gold chats in `hold_out` are left out."""
    chats = read_gold(eval_data, hold_out)
    x, y, weight = examples(chats)
    scale = StandardScaler().fit(x)
    z = scale.transform(x)
    model = LogisticRegression(C=0.3, max_iter=1000)
    model.fit(np.concatenate([z, z]), np.repeat([1, 0], len(y)), sample_weight=np.concatenate([weight * y, weight * (1 - y)]))
    (out / WEIGHTS).write_text(
        json.dumps(
            {
                "format": "dianti.linear/1",
                "features": list(FEATURES),
                "mean": [round(float(v), 6) for v in scale.mean_],
                "scale": [round(float(v), 6) for v in scale.scale_],
                "coefficients": [round(float(v), 6) for v in model.coef_[0]],
                "intercept": round(float(model.intercept_[0]), 6),
                "usual": [round(float(v), 4) for v in usual_topic(chats)],
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
