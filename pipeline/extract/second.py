"""A second look at each pair: how the first look's probabilities compare within the question, the turn and the candidate."""

from __future__ import annotations

import numpy as np

from pipeline.extract.pair_features import FEATURES as FIRST
from pipeline.extract.pairs import Pairs
from pipeline.extract.table import ChatTable, Floats, Ints

MODEL = "extract_pair_second.onnx"
ADDED = (
    "p", "p_best", "p_rank", "p_share", "p_turn_mean", "p_turn_best", "p_turn_before", "p_turn_after", "p_other_question", "p_over_other",
    "best_same_sender", "best_distance", "best_gap", "better_before", "p_before", "p_best_other_sender", "p_sender_best", "p_turn_near",
)  # fmt: skip
FEATURES = (*FIRST, *ADDED)


def second_features(table: ChatTable, questions: int, pairs: Pairs, features: Floats, p: Floats, elsewhere: Floats) -> Floats:
    """[pairs, FEATURES]; `p` are the first look's probabilities, `elsewhere` what `best_elsewhere` says of these pairs."""
    added = np.zeros((len(p), len(ADDED)), dtype=np.float32)
    starts = np.searchsorted(pairs.question, np.arange(questions + 1))
    for k in range(questions):
        here = slice(starts[k], starts[k + 1])
        if starts[k] < starts[k + 1]:
            added[here] = _compare(table, pairs.row[here], p[here], elsewhere[here])
    return np.concatenate([features, added], axis=1)


def best_elsewhere(pairs: Pairs, p: Floats, messages: int) -> Floats:
    """For each pair its candidate's best probability with another question; needs all pairs of the chat."""
    best, second, whose = np.zeros(messages, dtype=np.float32), np.zeros(messages, dtype=np.float32), np.full(messages, -1, dtype=np.int64)
    order = np.lexsort((p, pairs.row))  # the candidate's best last
    row = pairs.row[order]
    last = np.append(row[1:] != row[:-1], True) if len(row) else np.zeros(0, dtype=bool)
    best[row[last]], whose[row[last]] = p[order[last]], pairs.question[order[last]]
    before_last = np.append(last[1:] & (row[1:] == row[:-1]), False) if len(row) else last
    second[row[before_last]] = p[order[before_last]]
    return np.where(whose[pairs.row] == pairs.question, second[pairs.row], best[pairs.row])


def _compare(table: ChatTable, rows: Ints, p: Floats, other: Floats) -> Floats:
    """The ADDED columns of one question's candidates (rows in time order)."""
    order = np.argsort(-p, kind="stable")
    rank = np.empty(len(p), dtype=np.float32)
    rank[order] = np.arange(len(p))
    top = order[0]
    turns, turn = np.unique(table.burst[rows], return_inverse=True)
    turn_mean = np.bincount(turn, weights=p) / np.bincount(turn)
    turn_best, senders_best = np.zeros(len(turns)), np.zeros(int(table.sender.max()) + 1)
    np.maximum.at(turn_best, turn, p)
    sender = table.sender[rows]
    np.maximum.at(senders_best, sender, p)
    before, after = _neighbours(turn, p), _neighbours(turn[::-1], p[::-1])[::-1]
    strangers = order[sender[order] != sender[top]]
    likely = np.concatenate([[0], np.cumsum(p > 0.3)[:-1]])
    columns = (
        p, np.full(len(p), p[top]), np.minimum(rank, 20), p / max(float(p[top]), 1e-6), turn_mean[turn], turn_best[turn], before,
        after, other, p - other,
        sender == sender[top], np.sign(rows - rows[top]) * np.log1p(np.abs(rows - rows[top])),
        np.log1p(np.abs(table.seconds[rows] - table.seconds[rows[top]])), likely, np.concatenate([[0], np.cumsum(p)[:-1]]),
        np.full(len(p), p[strangers[0]] if len(strangers) else 0), senders_best[sender], np.maximum(before, after),
    )  # fmt: skip
    return np.stack([np.asarray(x, dtype=np.float32) for x in columns], axis=1)


def _neighbours(turn: Ints, p: Floats) -> Floats:
    """The probability of the candidate before in the same turn."""
    found, last = np.zeros(len(p), dtype=np.float32), dict[int, float]()
    for i, t in enumerate(turn.tolist()):
        found[i] = last.get(t, 0.0)
        last[t] = float(p[i])
    return found
