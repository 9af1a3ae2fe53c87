"""Which of a chat's earlier topics a new one goes on with.

Nothing is kept for it: the topics' best messages are read and their fast vectors made anew, which takes milliseconds and
leaves nothing behind when messages are forgotten.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from pipeline.cluster import Centroid, match_topics, topic_centroids
from pipeline.embedding import FAST, MessageVectors, load_embedder, unit_rows
from pipeline.model import Analysis
from pipeline.text import clean

EARLIER = 300  # of the chat's newest topics that a new one may go on with
BEST = 20  # messages that stand for an earlier topic


def goes_on_with(db: sqlite3.Connection, chat: int, a: Analysis, fresh: Sequence[str], but: frozenset[int]) -> dict[str, int]:
    """Topic id of the analysis → number of the chat's earlier topic that it continues, for those of `fresh` that do.

    `but`: numbers that are already spoken for.
    """
    old = _centroids(db, chat, but) if fresh else {}
    if not old:
        return {}
    vectors = MessageVectors(a.messages, load_embedder(FAST), load_embedder(FAST))
    new = topic_centroids([k for k in a.topics if k.id in set(fresh)], a.threads, a.messages, a.scored, vectors)
    return {k: int(n) for k, n in match_topics(new, old).items()}


def _centroids(db: sqlite3.Connection, chat: int, but: frozenset[int]) -> Mapping[str, Centroid]:
    """Of the newest topics, by number (of one width, so that they sort)."""
    rows = db.execute(
        """
        SELECT a.topic, a.value, m.text FROM analysed a JOIN message m ON m.row = a.row
        WHERE a.chat = ? AND a.topic >= (SELECT next_topic FROM chat WHERE id = ?) - ? AND a.noise IS NULL
        ORDER BY a.topic, a.value DESC, a.row
        """,
        (chat, chat, EARLIER),
    )
    best: dict[int, list[tuple[float, str]]] = {}
    for topic, value, text in rows:
        if topic not in but and len(mine := best.setdefault(topic, [])) < BEST:
            mine.append((value + 0.01, clean(text)))
    embedder = load_embedder(FAST)
    return {
        f"{topic:012d}": unit_rows((embedder.passages([t for _w, t in said]) * [[w] for w, _t in said]).sum(0, keepdims=True))[0]
        for topic, said in best.items()
    }
