"""How likely two threads of one chat are on the same topic: a linear model over meaning, words, people and time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.cluster.table import SITTING_SEC, ThreadTable
from pipeline.learned import read_weights

WEIGHTS = "topic_pairs.json"
LONGEST_HOURS = 24 * 7  # beyond a week a gap is a gap
FEATURES = (
    "meaning", "fast_meaning", "shared_words", "rare_words", "people", "same_starter", "same_main_voice",
    "gap", "same_sitting", "messages_between", "days", "smaller", "larger", "less_worth",
)  # fmt: skip


def same_topic(table: ThreadTable) -> NDArray[np.float64]:
    """[threads, threads] P(on one topic)."""
    weights = read_weights(WEIGHTS)
    if tuple(weights["features"]) != FEATURES:
        raise ValueError(f"{WEIGHTS} was trained on other features; run `make train`")
    x = (pair_features(table) - np.array(weights["mean"])) / np.array(weights["scale"])
    return 1 / (1 + np.exp(-(x @ np.array(weights["coefficients"]) + weights["intercept"])))  # type: ignore[no-any-return]


def pair_features(table: ThreadTable) -> NDArray[np.float64]:
    """[threads, threads, FEATURES], symmetric."""
    shared, rare = _words(table.words)
    people, starter, voice = _people(table)
    return np.stack(
        [table.quality @ table.quality.T, table.fast @ table.fast.T, shared, rare, people, starter, voice, *_time(table), *_size(table)],
        axis=-1,
    ).astype(np.float64)


def _words(words: Sequence[Counter[str]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine of the threads' tf-idf, and the weight of what they share (logarithm)."""
    found = Counter(w for thread in words for w in thread)
    column = {w: i for i, w in enumerate(w for w, n in found.items() if n > 1)}
    has, tf = np.zeros((len(words), len(column))), np.zeros((len(words), len(column)))
    length = np.zeros(len(words))
    for i, thread in enumerate(words):
        for word, n in thread.items():
            idf = np.log((len(words) + 1) / found[word])
            length[i] += ((1 + np.log(n)) * idf) ** 2
            if word in column:
                has[i, column[word]] = np.sqrt(idf)
                tf[i, column[word]] = (1 + np.log(n)) * idf
    tf /= np.sqrt(length)[:, None] + 1e-9
    return tf @ tf.T, np.log1p(has @ has.T)


def _people(table: ThreadTable) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Overlap of who spoke; whether one person opened both; whether one person spoke most in both."""
    spoke = [Counter(m.sender_id for m in t.messages) for t in table.threads]
    column = {s: i for i, s in enumerate(dict.fromkeys(s for c in spoke for s in c))}
    there = np.zeros((len(spoke), len(column)))
    for i, c in enumerate(spoke):
        there[i, [column[s] for s in c]] = 1
    both = there @ there.T
    either = there.sum(1)[:, None] + there.sum(1)[None, :] - both
    first = np.array([column[t.messages[0].sender_id] for t in table.threads])
    most = np.array([column[c.most_common(1)[0][0]] for c in spoke])
    return both / either, _equal(first), _equal(most)


def _time(table: ThreadTable) -> list[NDArray[np.float64]]:
    """Hours between the two, one sitting or not, messages between, days between their starts."""
    at = np.array([m.sent_at.timestamp() for m in table.messages])
    row = {m.id: i for i, m in enumerate(table.messages)}
    sitting = np.concatenate([[0], np.cumsum(np.diff(at) >= SITTING_SEC)])
    first = np.array([row[t.messages[0].id] for t in table.threads])
    last = np.array([row[t.messages[-1].id] for t in table.threads])
    main = np.array([_commonest([int(sitting[row[m.id]]) for m in t.messages]) for t in table.threads])
    hours = np.minimum(_between(at[first], at[last]) / 3600, LONGEST_HOURS)
    days = np.minimum(np.abs(at[first][:, None] - at[first][None, :]) / 86400, LONGEST_HOURS / 24)
    return [np.log1p(60 * hours), _equal(main), np.log1p(_between(first, last)), days]


def _between(start: NDArray[np.floating], end: NDArray[np.floating]) -> NDArray[np.float64]:
    """From the end of the earlier to the start of the later; 0 where they overlap."""
    return np.asarray(np.maximum(0, np.maximum(start[None, :] - end[:, None], start[:, None] - end[None, :])), dtype=np.float64)


def _size(table: ThreadTable) -> list[NDArray[np.float64]]:
    count = np.log1p([len(r) for r in table.rows])
    worth = np.log1p([float(table.value[list(r)].sum()) for r in table.rows])
    return [np.minimum.outer(count, count), np.maximum.outer(count, count), np.minimum.outer(worth, worth)]


def _equal(labels: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.equal.outer(labels, labels).astype(np.float64)  # type: ignore[no-any-return]


def _commonest(values: Sequence[int]) -> int:
    return Counter(values).most_common(1)[0][0]
