"""Which questions are worth printing, and whether what was found answers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.extract.pair_features import FEATURES as PAIR
from pipeline.extract.pairs import Pairs, best_of
from pipeline.extract.table import COLUMN, ChatTable, Floats, Ints
from pipeline.learned import read_trees, read_weights

ANSWERED, REAL = "extract_answered.onnx", "extract_real.onnx"  # P(question and answers are right), P(a question worth printing)
LINEAR = "extract_judging.json"  # the linear halves of both
OWN_OF_QUESTION = ("mark", "clause_end", "ask_word", "either", "anyone", "trouble", "joke", "list", "deferral", "same_trouble")
OF_TOP = (
    "distance", "gap_s", "thanks_after", "thanks_gap", "length", "meaning", "shared_share", "same_sender", "joke", "guess", "deferral",
    "ack",
    "asks_answer", "standing", "turn_quotes_question", "corrected_after", "turn_chars", "same_thread", "linked",
)  # fmt: skip
FEATURES = (
    "asks", "asks_sum", "rows", "chars", *OWN_OF_QUESTION, "standing", "best", "second", "likely", "rival", *(f"top_{n}" for n in OF_TOP),
    "joke_next", "ack_next", "media_next", "short_next", "repliers_next", "remaining", "best_used_before", "asker_asked_before",
    "worth", "worth_best_answer", "worth_answers", "answers", "best_beyond_rival", "asks_and_best",
)  # fmt: skip
_AS_LOGIT = frozenset({"asks", "best", "second", "rival", "worth", "worth_best_answer", "worth_answers"})
WANTED, SHARE, MOST = 0.3, 0.5, 6  # an answer's P, its share of the best one's, how many messages are printed at most


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the pair models found for one question: chosen answer rows, and the pair of the best one (-1: none)."""

    answers: tuple[int, ...]
    top: int


def choose_answers(pairs: Pairs, p: Floats, questions: int) -> list[Found]:
    """The best candidate of each question and those nearly as good."""
    starts = np.searchsorted(pairs.question, np.arange(questions + 1))
    found = []
    for k in range(questions):
        here = np.arange(starts[k], starts[k + 1])
        if not len(here):
            found.append(Found(answers=(), top=-1))
            continue
        order = here[np.argsort(-p[here], kind="stable")]
        line = max(WANTED, float(p[order[0]]) * SHARE)
        chosen = [int(pairs.row[i]) for i in order[:MOST] if p[i] >= line] or [int(pairs.row[order[0]])]
        found.append(Found(answers=tuple(sorted(chosen)), top=int(order[0])))
    return found


def judge(features: Floats) -> tuple[Floats, Floats]:
    """P(question and printed answers are right), P(the question is worth printing at all)."""
    weights, x = read_weights(LINEAR), linear_input(features)
    answered = (read_trees(ANSWERED).probability(features) + linear(x, weights["answered"])) / 2
    real = (read_trees(REAL).probability(features) + linear(x, weights["real"])) / 2
    return answered.astype(np.float32), real.astype(np.float32)


def linear(x: Floats, weights: dict[str, list[float]]) -> Floats:
    """A logistic regression over scaled features."""
    z = (x - np.array(weights["mean"])) / np.array(weights["scale"])
    chance: Floats = (1 / (1 + np.exp(-(z @ np.array(weights["weight"]) + weights["bias"][0])))).astype(np.float32)
    return chance


def linear_input(features: Floats) -> Floats:
    """Probabilities as log-odds."""
    x = features.astype(np.float64).copy()
    for j, name in enumerate(FEATURES):
        if name in _AS_LOGIT:
            p = np.clip(x[:, j], 1e-4, 1 - 1e-4)
            x[:, j] = np.log(p / (1 - p))
    return x.astype(np.float32)


def of_top(found: Sequence[Found], features: Floats) -> Floats:
    """[questions, OF_TOP]: what is read of each question's best pair; `features` are the pairs' first-look features."""
    places = np.array([f.top for f in found], dtype=np.int64)
    of_each = features[:, [_PLACE[n] for n in OF_TOP]]
    return np.where(places[:, None] >= 0, of_each[places], 0) if len(of_each) else np.zeros((len(found), len(OF_TOP)), dtype=np.float32)


def judging_features(
    table: ChatTable, questions: Sequence[Sequence[int]], found: Sequence[Found], asks: Floats, worth: Floats, pairs: Pairs,
    top: Floats, p: Floats
) -> Floats:  # fmt: skip
    """[questions, FEATURES]; `top` is what `of_top` says of each question, `p` the pairs' second-look probabilities."""
    if not questions:
        return np.zeros((0, len(FEATURES)), dtype=np.float32)
    starts = np.searchsorted(pairs.question, np.arange(len(questions) + 1))
    best = np.array([p[f.top] if f.top >= 0 else 0 for f in found], dtype=np.float32)
    tops = np.array([pairs.row[f.top] if f.top >= 0 else -1 for f in found], dtype=np.int64)
    rival, used = _rivals(tops, best)
    asked_lately: dict[int, int] = {}
    asked, of_asked = best_of(asks, questions), best_of(table.own[:, [COLUMN[n] for n in OWN_OF_QUESTION]], questions).tolist()
    rows = []
    for k, own in enumerate(questions):
        mine = np.sort(p[starts[k] : starts[k + 1]])[::-1]
        second = float(mine[1]) if len(mine) > 1 else 0.0
        asker = int(table.sender[own[0]])
        before = own[0] - asked_lately.get(asker, -1000) < 25
        asked_lately[asker] = own[-1]
        answers = list(found[k].answers)
        row = [
            asked[k], asks[list(own)].sum(), len(own), np.log1p(sum(len(table.texts[i]) for i in own)),
            *of_asked[k], table.standing[own[0]],
            best[k], second, (mine >= 0.3).sum(), rival[k], *top[k],
            *_aftermath(table, own), np.log1p(len(table.messages) - own[-1]), used[k], before,
            worth[list(own)].max(), worth[answers].max() if answers else 0, worth[answers].mean() if answers else 0, len(answers),
            best[k] - rival[k], asked[k] * best[k],
        ]  # fmt: skip
        rows.append(row)
    return np.array(rows, dtype=np.float32)


def _rivals(tops: Ints, best: Floats) -> tuple[Floats, list[bool]]:
    """For each question: the best P with which another question claims the same answer; did an earlier question claim it?"""
    claims: dict[int, list[int]] = {}
    for k, row in enumerate(tops.tolist()):
        if row >= 0:
            claims.setdefault(row, []).append(k)
    rival, used = np.zeros(len(tops), dtype=np.float32), [False] * len(tops)
    for group in claims.values():
        ranked = sorted(group, key=lambda k: (-best[k], k))[:2]
        for k in group:
            others = [j for j in ranked if j != k]
            rival[k] = best[others[0]] if others else 0
            used[k] = k != group[0]
    return rival, used


_PLACE = {name: i for i, name in enumerate(PAIR)}


def _aftermath(table: ChatTable, own: Sequence[int]) -> list[float]:
    """How others went on in the next six messages: jokes, nods, pictures, crumbs; how many wrote."""
    rows = np.arange(own[-1] + 1, min(len(table.messages), own[-1] + 7))
    rows = rows[table.sender[rows] != table.sender[own[0]]]
    if not len(rows):
        return [0.0] * 5
    of = table.own[rows]
    shares = [float(of[:, COLUMN[n]].mean()) for n in ("joke", "ack", "media")]
    return [*shares, float((of[:, COLUMN["length"]] < 1.9).mean()), float(len(set(table.sender[rows].tolist())))]
