"""Threads → topics: threads on one subject together, titled in the log's own words.

Where threads share sittings and people, a learned model says how likely each two are on one topic; where every text
stands alone, or there are too many, they are grouped by meaning only. Threads that say too little, and those that are
noise throughout, stay out rather than pollute. Everything is deterministic: ties go to the earlier thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.cluster.affinity import same_topic
from pipeline.cluster.grouping import among_neighbours, by_expected_f1, by_k_means, how_many
from pipeline.cluster.identity import Centroid, match_topics, topic_centroids
from pipeline.cluster.options import TopicOptions
from pipeline.cluster.table import ThreadTable, stands_alone, thread_table
from pipeline.cluster.titles import name_words, title_topics
from pipeline.embedding import MessageVectors
from pipeline.model import Message, Scored, Thread, Topic

__all__ = ["Centroid", "TopicOptions", "group_into_topics", "match_topics", "topic_centroids"]


def group_into_topics(
    messages: Sequence[Message],
    threads: Sequence[Thread],
    scored: Sequence[Scored],
    vectors: MessageVectors,
    options: TopicOptions | None = None,
) -> list[Topic]:
    """The topics of one chat, largest first; threads that belong to none are in none."""
    options = options or TopicOptions()
    table = thread_table(messages, threads, scored, vectors, options)
    if not len(table):
        return []
    groups: dict[int, list[int]] = {}
    for i, label in enumerate(_labels(table)):
        groups.setdefault(label, []).append(i)
    ordered = sorted(groups.values(), key=lambda g: (-sum(len(table.rows[i]) for i in g), g[0]))
    texts = [[messages[r].text for i in group for r in table.rows[i]] for group in ordered]
    titles = title_topics(texts, name_words({m.sender for m in messages}), options.keywords)
    named = [(group, title, words) for group, (title, words) in zip(ordered, titles, strict=True) if title]
    return [
        Topic(id=f"k{n}", title=title, keywords=words, thread_ids=tuple(table.threads[i].id for i in group))
        for n, (group, title, words) in enumerate(named, 1)
    ]


def _labels(table: ThreadTable) -> list[int]:
    options = table.options
    if len(table) <= options.pairwise_threads and not stands_alone(table.messages, len(table)):
        return by_expected_f1(same_topic(table), np.array([float(len(r)) for r in table.rows]))
    rows = table.quality if len(table) <= options.quality_threads else table.fast
    return by_k_means(among_neighbours(rows), how_many(len(table)))
