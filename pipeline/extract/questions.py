"""Which messages ask, and which of them are one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import FAST, QUALITY, MessageVectors, Vectors
from pipeline.extract.options import ExtractOptions
from pipeline.extract.table import COLUMN, OWN, ChatTable, Floats, Ints, read_table
from pipeline.learned import read_arrays, read_trees
from pipeline.model import Message

WORTH, ASKS = "extract_worth.onnx", "extract_question.onnx"
MEANING = "extract_meaning.npz"  # columns worth, asks: for each tier linear models over the vectors of [this, the one before, the next]
AROUND = (
    "mark",
    "clause_end",
    "ask_word",
    "ask_ending",
    "trouble",
    "length",
    "thanks",
    "solved",
    "ack",
    "joke",
    "explain",
    "list",
    "correction",
    "deferral",
)
FEATURES = (
    *OWN, *(f"turn_before_{n}" for n in AROUND), *(f"turn_after_{n}" for n in AROUND),
    *(f"other_before_{n}" for n in AROUND), *(f"other_after_{n}" for n in AROUND), *(f"other_second_{n}" for n in AROUND),
    "gap_before", "gap_after", "repliers_10", "quoted_later", "asker_back_thanks", "standing", "seen_before", "meaning_worth",
    "meaning_asks",
)  # fmt: skip
ASKS_FEATURES = (*FEATURES, "worth", "worth_next")
SEED = 0.1  # P(asks) from which a message is looked at: the pair and the judging models decide later
FLOOD = 3  # the same words asked more often than this are a bot's or a chain's


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A chat as this stage reads it: P(worth reading) and P(asks something worth an answer), a row a message.

    The stage has its own idea of worth, because the pair models must be trained on out-of-fold values of it.
    """

    table: ChatTable
    means: Meant
    worth: Floats
    asks: Floats


@lru_cache(maxsize=1)
def read_chat(messages: tuple[Message, ...], vectors: MessageVectors, options: ExtractOptions) -> Reading:
    """The last one is kept, because questions and items are read from the same."""
    table, means = read_table(messages), choose_tier(vectors, options)
    features = message_features(table, means.columns(MEANING))
    worth = (speaks(table) * read_trees(WORTH).probability(features)).astype(np.float32)
    asks = (speaks(table) * read_trees(ASKS).probability(asks_features(features, worth))).astype(np.float32)
    return Reading(table=table, means=means, worth=worth, asks=asks)


def speaks(table: ChatTable) -> NDArray[np.bool_]:
    """Which messages are words of a member."""
    return np.asarray((table.column("system") == 0) & (table.column("media") == 0), dtype=bool)


def asks_features(features: Floats, worth: Floats) -> Floats:
    """[messages, ASKS_FEATURES]"""
    return np.concatenate([features, worth[:, None], np.append(worth[1:], 0)[:, None]], axis=1).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Meant:
    """The chat's vectors of one tier; each tier has linear models of its own, the trees above them are shared."""

    tier: str
    vectors: Vectors

    def columns(self, name: str) -> Floats:
        """What the linear models of that weights file say, a row a message."""
        weights = read_arrays(name)[self.tier]
        own, before, after = np.split(weights[:-1], 3)
        said = self.vectors @ own + weights[-1]
        said[1:] += 0.5 * (self.vectors[:-1] @ before)
        said[:-1] += 0.5 * (self.vectors[1:] @ after)
        return np.asarray(said, dtype=np.float32)


def choose_tier(vectors: MessageVectors, options: ExtractOptions) -> Meant:
    """The quality vectors where the chat is short enough to have them all (scoring computed them already), else the fast ones."""
    if vectors.bundled and len(set(vectors.texts)) <= options.quality_texts:
        return Meant(tier=QUALITY, vectors=vectors.quality(range(len(vectors.texts))))
    return Meant(tier=FAST, vectors=vectors.fast)


def meaning_input(vectors: Vectors) -> Floats:
    """What the linear models are learned from: vectors of a message beside those of its neighbours, [messages, 3 * dimension]."""
    none = np.zeros((1, vectors.shape[1]), dtype=np.float32)
    before, after = np.concatenate([none, vectors[:-1]]), np.concatenate([vectors[1:], none])
    return np.concatenate([vectors, 0.5 * before, 0.5 * after], axis=1)


def message_features(table: ChatTable, meaning: Floats) -> Floats:
    """[messages, FEATURES]; `meaning` has the columns worth, asks."""
    own, n = table.own, len(table.messages)
    columns = [COLUMN[name] for name in AROUND]
    before, after = _same_turn(table, -1), _same_turn(table, 1)
    other_before, other_after = _other_sender(table, -1), _other_sender(table, 1)
    second = np.where(other_after >= 0, _step(other_after, other_after), -1)
    parts = [own, *(_at(own[:, columns], rows) for rows in (before, after, other_before, other_after, second))]
    gap = np.diff(table.seconds, prepend=table.seconds[:1])
    single = np.zeros((n, 7), dtype=np.float32)
    single[:, 0] = np.log1p(np.maximum(gap, 0))
    single[:, 1] = np.log1p(np.maximum(np.append(gap[1:], 86400), 0)) if n else 0
    single[:, 2] = _repliers(table.sender, 10)
    quoted = table.reply[table.reply >= 0]
    single[:, 3] = np.minimum(np.bincount(quoted, minlength=n)[:n], 5)
    single[:, 4] = _asker_thanks(table)
    single[:, 5] = table.standing
    single[:, 6] = _seen_before(table)
    return np.concatenate([*parts, single, meaning], axis=1).astype(np.float32)


def group_questions(table: ChatTable, asks: Floats, gap_s: float) -> list[list[int]]:
    """Rows of each question, in time order: what one member asks in one turn."""
    groups: list[list[int]] = []
    open_group: dict[int, list[int]] = {}
    asked: dict[str, int] = {}
    for i in np.flatnonzero(asks >= SEED).tolist():
        who = int(table.sender[i])
        asked[table.texts[i]] = asked.get(table.texts[i], 0) + 1
        if asked[table.texts[i]] > FLOOD:
            continue
        group = open_group.get(who)
        if group and table.seconds[i] - table.seconds[group[-1]] <= gap_s and i - group[-1] <= 8 and len(group) < 8:
            group.append(i)
        else:
            open_group[who] = [i]
            groups.append(open_group[who])
    return groups


def printed_rows(rows: Sequence[int], asks: Floats, most: int = 3) -> list[int]:
    """The messages that state the question: the surest, and those nearly as sure."""
    order = sorted(rows, key=lambda i: (-asks[i], i))
    return sorted(i for i in order[:most] if asks[i] >= max(0.15, 0.35 * asks[order[0]]) or i == order[0])


def _at(values: Floats, rows: Ints) -> Floats:
    """values[rows], zeros where the row is -1."""
    return np.where(rows[:, None] >= 0, values[rows], 0)


def _step(rows: Ints, follow: Ints) -> Ints:
    return np.where(rows >= 0, follow[rows], -1)


def _same_turn(table: ChatTable, step: int) -> Ints:
    """Row of the message before (-1) or after (1) in the same turn, -1: none."""
    found = np.full(len(table.messages), -1, dtype=np.int64)
    last: dict[int, int] = {}
    order = range(len(found)) if step < 0 else range(len(found) - 1, -1, -1)
    for i in order:
        turn = int(table.burst[i])
        found[i] = last.get(turn, -1)
        last[turn] = i
    return found


def _other_sender(table: ChatTable, step: int) -> Ints:
    """Row of the nearest message before or after of somebody else (at most six rows away), -1: none."""
    n = len(table.messages)
    found = np.full(n, -1, dtype=np.int64)
    here = np.arange(n)
    for k in range(6, 0, -1):
        there = here + step * k
        inside = (there >= 0) & (there < n)
        safe = np.clip(there, 0, max(n - 1, 0))
        found = np.where(inside & (table.sender[safe] != table.sender), safe, found)
    return found


def _repliers(sender: Ints, ahead: int) -> Floats:
    """How many different others write among the next messages."""
    n = len(sender)
    return np.array([len(set(sender[i + 1 : i + 1 + ahead].tolist()) - {int(sender[i])}) for i in range(n)], dtype=np.float32)


def _asker_thanks(table: ChatTable) -> Floats:
    """Does the sender thank, or say that it works now, within the next 25 messages, after somebody else wrote?"""
    grateful = (table.column("thanks") + table.column("solved")) > 0
    later = np.full(len(grateful), 10**9, dtype=np.int64)
    following: dict[int, int] = {}
    for i in range(len(grateful) - 1, -1, -1):
        who = int(table.sender[i])
        later[i] = following.get(who, 10**9)
        if grateful[i]:
            following[who] = i
    return ((later - np.arange(len(grateful))) <= 25).astype(np.float32)


def _seen_before(table: ChatTable) -> Floats:
    """How often the same words were said before (floods, chains), at most 5."""
    seen: dict[str, int] = {}
    found = np.zeros(len(table.texts), dtype=np.float32)
    for i, text in enumerate(table.texts):
        found[i] = min(seen.get(text, 0), 5)
        seen[text] = seen.get(text, 0) + 1
    return found
