"""Threads → topics: threads on one subject together, titled in the log's own words.

A thread is represented by the mean of its messages' vectors, weighted by what they are worth. Threads that say too
little stay out rather than pollute. Everything is deterministic: ties go to the earlier thread.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import MessageVectors, Vectors, unit_rows
from pipeline.model import Message, Scored, Thread, Topic
from pipeline.text import fold, words


@dataclass(frozen=True, kw_only=True)
class TopicOptions:
    """How alike threads must be, and what is too little."""

    merge_similarity: float = 0.45  # of thread vectors from which the chat's mean is taken out
    least_value: float = 0.25  # messages below it say nothing about a subject
    keywords: int = 5


def group_into_topics(
    messages: Sequence[Message],
    threads: Sequence[Thread],
    scored: Sequence[Scored],
    vectors: MessageVectors,
    options: TopicOptions | None = None,
) -> list[Topic]:
    """The topics of one chat, largest first; threads that belong to none are in none."""
    options = options or TopicOptions()
    row = {m.id: i for i, m in enumerate(messages)}
    kept = [(t, rows) for t in threads if (rows := _telling_rows([row[m.id] for m in t.messages], scored, options))]
    if not kept:
        return []
    means = unit_rows(np.stack([sum_rows(vectors.fast, scored, rows) for _, rows in kept]))
    labels = _average_linkage(_centred(means), options.merge_similarity)
    groups: dict[int, list[int]] = {}
    for i, label in enumerate(labels):
        groups.setdefault(label, []).append(i)
    ordered = sorted(groups.values(), key=lambda g: (-sum(len(kept[i][1]) for i in g), g[0]))
    keywords = _class_tf_idf(
        [[messages[r].text for i in g for r in kept[i][1]] for g in ordered], {m.sender for m in messages}, options.keywords
    )
    return [
        Topic(id=f"k{n}", title=" ".join(found[:2]) or "…", keywords=tuple(found), thread_ids=tuple(kept[i][0].id for i in group))
        for n, (group, found) in enumerate(zip(ordered, keywords, strict=True), 1)
    ]


def _telling_rows(rows: Sequence[int], scored: Sequence[Scored], options: TopicOptions) -> list[int]:
    return [r for r in rows if scored[r].noise is None and scored[r].value >= options.least_value]


def sum_rows(vectors: Vectors, scored: Sequence[Scored], rows: Sequence[int]) -> NDArray[np.float32]:
    weight = np.array([scored[r].value for r in rows], dtype=np.float32)
    return (vectors[list(rows)] * weight[:, None]).sum(0)  # type: ignore[no-any-return]


def _centred(rows: Vectors) -> Vectors:
    return unit_rows(rows - rows.mean(0)) if len(rows) > 2 else rows


def _average_linkage(rows: Vectors, least: float) -> list[int]:
    """Labels by agglomeration: the two groups whose centroids are most alike merge, until none is alike enough."""
    sums = {i: rows[i].astype(np.float64) for i in range(len(rows))}
    size = dict.fromkeys(sums, 1)
    label = list(range(len(rows)))
    similar = (rows @ rows.T).astype(np.float64)
    np.fill_diagonal(similar, -1)
    while len(sums) > 1:
        a, b = divmod(int(np.argmax(similar)), len(rows))
        if similar[a, b] < least:
            break
        a, b = min(a, b), max(a, b)
        sums[a] = sums[a] + sums.pop(b)
        size[a] += size.pop(b)
        label = [a if x == b else x for x in label]
        similar[b, :] = similar[:, b] = -1
        for other in sums:
            if other != a:
                similar[a, other] = similar[other, a] = float(sums[a] @ sums[other]) / (size[a] * size[other])
    return label


def _class_tf_idf(groups: Sequence[Sequence[str]], names: set[str], most: int) -> list[list[str]]:
    """The words that set each group of texts apart from the others, best first."""
    barred = {w for name in names for w in words(name)}
    counts = [
        Counter(w for text in texts for w in dict.fromkeys(words(fold(text))) if len(w) > 1 and w not in barred and not w.isdigit())
        for texts in groups
    ]
    total = Counter(w for c in counts for w in c.elements())
    average = sum(total.values()) / max(1, len(counts))
    best = []
    for count in counts:
        weigh = {w: n * math.log(1 + average / total[w]) for w, n in count.items()}
        best.append([w for w, _ in sorted(weigh.items(), key=lambda x: (-x[1], x[0]))[:most]])
    return best
