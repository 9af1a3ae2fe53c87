"""Between two turns of a session: what speaks for a change of subject, as a table for the learned model.

Row i − 1 of a session's table is the place before turn i. All features are free of language (the cue words aside) and
of the clock's unit: they compare the words and vectors before and after, who speaks, how long the turns and pauses are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import Vectors, unit_rows
from pipeline.model import Message
from pipeline.segment.cues import OPENINGS, asks, openings

Table = NDArray[np.float32]
WINDOWS = (1, 2, 3, 5, 8)  # turns on each side
REACH = 8  # turns back that a word or a vector is compared with
FEATURES: tuple[str, ...] = (
    *(f"alike_{w}" for w in WINDOWS),
    *(f"depth_{w}" for w in WINDOWS[1:]),
    *(f"z_alike_{w}" for w in WINDOWS[1:]),
    "nearest_before", "mean_before", "nearest_across", "far_across", "end_nearest_before", "end_alike_1",
    "session_like", "next_alike", "skip_alike",
    "shared_2", "shared_5", "new_words", "reused_after", "reused_new", "last_new",
    *(f"open_{name}" for name in OPENINGS), *(f"before_{name}" for name in OPENINGS), *(f"after_{name}" for name in OPENINGS[:2]),
    "asks", "asks_before", "asks_after", "asks_2_before",
    "length", "length_before", "length_after", "length_ratio", "usual_length",
    "same_speaker", "same_as_2_before", "first_speaker", "new_speaker", "since_spoke", "speakers",
    "run_before", "run_after", "speaker_share",
    "position", "from_start", "to_end", "turns",
    "gap", "gap_z", "gap_rank", "quotes_before",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Words:
    """How rare each gram is in the whole chat (its weight), to be counted once."""

    weight: Mapping[str, float]

    @classmethod
    def of(cls, turns: Iterable[Sequence[str]]) -> Words:
        found: Counter[str] = Counter()
        count = 0
        for turn in turns:
            found.update(set(turn))
            count += 1
        return cls(weight={g: math.log((count + 1) / n) for g, n in found.items()})


def shift_table(messages: Sequence[Message], rows: Vectors, ends: Vectors, turns: Sequence[Sequence[str]], words: Words) -> Table:
    """[len(messages) − 1, FEATURES]: `rows` and `ends` are the vectors of the turns and of their last sentences, `turns` their grams."""
    n = len(messages)
    if n < 2:
        return np.zeros((0, len(FEATURES)), dtype=np.float32)
    columns = [
        *_vector_columns(rows, ends, messages),
        *_word_columns(turns, words),
        *_cue_columns(messages),
        *_speaker_columns(messages),
        *_place_columns(messages),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


# ---- meaning ------------------------------------------------------------------------------------------------------
def _vector_columns(rows: Vectors, ends: Vectors, messages: Sequence[Message]) -> list[NDArray[np.floating]]:
    n = len(rows)
    weight = np.log1p([len(m.text) for m in messages]).astype(np.float32)
    sums = np.concatenate([np.zeros((1, rows.shape[1]), np.float64), np.cumsum(rows * weight[:, None], axis=0, dtype=np.float64)])
    at = np.arange(1, n)
    alike = [
        (unit_rows(sums[at] - sums[np.maximum(at - w, 0)]) * unit_rows(sums[np.minimum(at + w, n)] - sums[at])).sum(1) for w in WINDOWS
    ]
    back = np.stack([_shifted_dots(rows, rows, k) for k in range(1, REACH + 1)], axis=1)  # [turn, k]: with the turn k before; nan: none
    end_back = np.stack([_shifted_dots(ends, rows, k) for k in range(1, REACH + 1)], axis=1)
    nearest, mean = np.nanmax(back[1:], axis=1), np.nanmean(back[1:], axis=1)
    across = np.full((n, 9), np.nan, dtype=np.float32)  # turns 0…2 after the place with turns 1…3 before it
    for i in range(3):
        for j in range(3):
            across[: n - i, 3 * i + j] = back[i:, i + j]
    whole = unit_rows(sums[-1:])[0]
    after = np.append(back[2:, 0], np.nan)  # this turn with the next
    skip = np.append(back[2:, 1], np.nan)  # the turn before with the next
    return [
        *alike,
        *(_depths(a) for a in alike[1:]),
        *((a - a.mean()) / (a.std() + 1e-6) for a in alike[1:]),
        nearest, mean, np.nanmax(across[1:], axis=1), np.nanmean(across[1:], axis=1),
        np.nanmax(end_back[1:], axis=1), end_back[1:, 0], rows[1:] @ whole, after, skip,
    ]  # fmt: skip


def _shifted_dots(a: Vectors, b: Vectors, k: int) -> NDArray[np.float32]:
    """Row i: a[i] · b[i − k]; nan for the first k."""
    found = np.full(len(a), np.nan, dtype=np.float32)
    if len(a) > k:
        found[k:] = (a[k:] * b[:-k]).sum(1)
    return found


def _depths(alike: NDArray[np.floating]) -> NDArray[np.float64]:
    """TextTiling's depth: how far likeness climbs on both sides of each place."""
    n = len(alike)
    left, right = np.array(alike, dtype=np.float64), np.array(alike, dtype=np.float64)
    for i in range(1, n):
        if alike[i - 1] >= alike[i]:
            left[i] = left[i - 1]
    for i in range(n - 2, -1, -1):
        if alike[i + 1] >= alike[i]:
            right[i] = right[i + 1]
    return left + right - 2 * alike


# ---- words --------------------------------------------------------------------------------------------------------
def _word_columns(turns: Sequence[Sequence[str]], words: Words) -> list[NDArray[np.floating]]:
    n = len(turns)
    sets = [frozenset(t) for t in turns]
    weight = words.weight
    seen: dict[str, int] = {}  # gram → the last turn that had it
    new = np.zeros(n)
    for i, grams_here in enumerate(sets):
        total = sum(weight.get(g, 0.0) for g in grams_here)
        fresh = sum(weight.get(g, 0.0) for g in grams_here if i - seen.get(g, -REACH) >= REACH)
        new[i] = fresh / total if total else np.nan
        seen |= dict.fromkeys(grams_here, i)
    out: list[list[float]] = [[] for _ in range(4)]
    for i in range(1, n):
        before2, before5 = frozenset().union(*sets[max(0, i - 2) : i]), frozenset().union(*sets[max(0, i - 5) : i])
        after2, after5 = frozenset().union(*sets[i : i + 2]), frozenset().union(*sets[i : i + 5])
        later = frozenset().union(*sets[i + 1 : i + 6])
        out[0].append(_shared(before2, after2, weight))
        out[1].append(_shared(before5, after5, weight))
        out[2].append(sum(weight.get(g, 0.0) for g in sets[i] & later))
        out[3].append(sum(weight.get(g, 0.0) for g in (sets[i] & later) - before5))
    return [np.array(out[0]), np.array(out[1]), new[1:], np.array(out[2]), np.array(out[3]), new[:-1]]


def _shared(a: frozenset[str], b: frozenset[str], weight: Mapping[str, float]) -> float:
    """Weight of the shared grams, by the geometric mean of both sides' weights."""
    one, other = sum(weight.get(g, 0.0) for g in a), sum(weight.get(g, 0.0) for g in b)
    return sum(weight.get(g, 0.0) for g in a & b) / math.sqrt(one * other) if one and other else 0.0


# ---- cues, speakers, place ----------------------------------------------------------------------------------------
def _cue_columns(messages: Sequence[Message]) -> list[NDArray[np.floating]]:
    opened = np.array([openings(m.text) for m in messages])
    asked = np.array([float(asks(m.text)) for m in messages])
    length = np.log1p([len(m.text) for m in messages])
    usual = float(np.mean(length))
    after = np.concatenate([opened[2:, :2], np.zeros((1, 2))])
    return [
        *opened[1:].T, *opened[:-1].T, *after.T,
        asked[1:], asked[:-1], np.append(asked[2:], 0.0), np.insert(asked[:-2], 0, 0.0),
        length[1:], length[:-1], np.append(length[2:], np.nan), length[1:] - length[:-1], np.full(len(messages) - 1, usual),
    ]  # fmt: skip


def _speaker_columns(messages: Sequence[Message]) -> list[NDArray[np.floating]]:
    who = [m.sender_id for m in messages]
    n, count = len(who), Counter(who)
    last: dict[str, int] = {}
    since = np.full(n, np.nan)
    for i, speaker in enumerate(who):
        since[i] = math.log1p(i - last[speaker]) if speaker in last else np.nan
        last[speaker] = i
    run = np.ones(n)  # how many turns in a row this speaker has had, this one included
    for i in range(1, n):
        run[i] = run[i - 1] + 1 if who[i] == who[i - 1] else 1
    ahead = np.ones(n)
    for i in range(n - 2, -1, -1):
        ahead[i] = ahead[i + 1] + 1 if who[i] == who[i + 1] else 1
    return [
        np.array([float(a == b) for a, b in zip(who[1:], who, strict=False)]),
        np.array([np.nan, *(float(a == b) for a, b in zip(who[2:], who, strict=False))]),
        np.array([float(w == who[0]) for w in who[1:]]),
        np.isnan(since[1:]).astype(float), since[1:], np.full(n - 1, math.log1p(len(count))),
        run[:-1], ahead[1:], np.array([count[w] / n for w in who[1:]]),
    ]  # fmt: skip


def _place_columns(messages: Sequence[Message]) -> list[NDArray[np.floating]]:
    n = len(messages)
    at = np.arange(1, n)
    seconds = np.array([m.sent_at.timestamp() for m in messages])
    gap = np.log1p(np.maximum(np.diff(seconds), 0))
    place = {m.id: i for i, m in enumerate(messages)}
    spread = float(gap.std())
    quotes = [float(m.reply_to in place and place[m.reply_to] < i) for i, m in enumerate(messages) if i]
    steady = spread < 1e-6  # a transcript with made-up times: the clock says nothing
    return [
        at / n, np.log1p(at), np.log1p(n - at), np.full(n - 1, math.log1p(n)),
        np.full(n - 1, np.nan) if steady else gap,
        np.zeros(n - 1) if steady else (gap - gap.mean()) / spread,
        np.full(n - 1, 0.5) if steady else np.argsort(np.argsort(gap, kind="stable"), kind="stable") / max(1, n - 2),
        np.array(quotes),
    ]  # fmt: skip


def chosen_places(probability: Sequence[NDArray[np.floating]]) -> list[set[int]]:
    """For each session the turns that start a segment: the chat's most probable places, as many as make the expected F1 greatest.

    Over k places that is 2 · Σp(chosen) / (k + Σp(all)); so a chat that changes its subject often is cut more often, without a
    threshold that would have to suit them all.
    """
    pooled = np.concatenate([np.asarray(p, dtype=np.float64) for p in probability]) if probability else np.zeros(0)
    if not len(pooled):
        return [set() for _ in probability]
    ranked = -np.sort(-pooled)
    expected = 2 * np.cumsum(ranked) / (np.arange(1, len(ranked) + 1) + ranked.sum())
    least = ranked[int(np.argmax(expected))]
    return [{i + 1 for i in np.flatnonzero(np.asarray(p, dtype=np.float64) >= least).tolist()} for p in probability]
