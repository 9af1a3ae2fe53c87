"""Questions beside their candidate answers: which messages are looked at, and what is known about each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import Vectors, unit_rows
from pipeline.extract.table import COLUMN, OWN, ChatTable, Floats, Ints

MODEL = "extract_pair.onnx"
HORIZON = 2500  # how many messages later a far answer may stand
NEAR = 600  # seconds within which the asker's next words are read as a reaction

# what is read of the question, and of the pair; of the candidate all of its own columns
QUESTION = ("mark", "ask_word", "anyone", "trouble", "length", "same_trouble", "joke", "chinese", "heading", "list", "mentions")
BESIDE = (
    "asks", "asks_answer", "worth_question", "rows", "standing_asker", "standing", "distance", "gap_s", "gap_first_s", "same_sender",
    "turns_between", "people_between",
    "questions_between", "asker_between", "quotes_question", "turn_quotes_question", "quotes_other", "quotes_answerer", "names_asker",
    "names_other",
    "question_names", "same_thread", "linked", "linked_far", "meaning", "meaning_turn", "meaning_best", "meaning_rank",
    "meaning_margin", "meaning_own_best",
    "shared", "shared_share", "shared_turn", "thanks_after", "thanks_gap", "still_broken_after", "corrected_after", "retracted_after",
    "turn_size", "turn_place",
    "turn_chars", "asker_next_names", "first_by_sender", "worth", "far", "question_names_anyone", "same_day", "next_is_asker",
)  # fmt: skip
FEATURES = (*OWN, *(f"question_{n}" for n in QUESTION), *BESIDE)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the earlier stages know, by row: thread number (-1: none), parent's row (-1: none)."""

    thread: Ints
    parent: Ints


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pair k: question `question[k]` (a number in the list of questions) and candidate row `row[k]`."""

    question: Ints
    row: Ints


def possible_answers(table: ChatTable) -> NDArray[np.bool_]:
    """Which messages can carry an answer at all."""
    words = np.expm1(table.column("length")) >= 2
    return np.asarray(words & (table.column("system") == 0) & (table.column("media") == 0), dtype=bool)


def candidate_pairs(table: ChatTable, questions: Sequence[Sequence[int]], fast: Vectors, window: int, far: int) -> Pairs:
    """The next messages, whoever quotes the question or names its asker later, and the nearest by meaning anywhere later."""
    n = len(table.messages)
    possible = possible_answers(table)
    meant = question_vectors(questions, fast)
    quoting: dict[int, list[int]] = {}
    for i in np.flatnonzero(table.reply >= 0).tolist():
        quoting.setdefault(int(table.reply[i]), []).append(i)
    pairs: list[tuple[int, int]] = []
    for k, rows in enumerate(questions):
        first, own = rows[0], set(rows)
        near = np.arange(first + 1, min(n, rows[-1] + 1 + window))
        later = np.arange(min(n, rows[-1] + 1 + window), min(n, rows[-1] + 1 + window + HORIZON))
        later = later[possible[later] & (table.column("length")[later] >= 2)]  # six characters and more
        if len(later) > far:
            close = fast[later] @ meant[k]
            later = later[np.lexsort((later, -close))[:far]]
        quoted = [i for r in rows for i in quoting.get(r, ())]
        mine = sorted({i for i in (*near.tolist(), *later.tolist(), *quoted) if i not in own and possible[i]})
        pairs += [(k, i) for i in mine]
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Pairs(question=found[:, 0], row=found[:, 1])


def question_vectors(questions: Sequence[Sequence[int]], vectors: Vectors) -> Vectors:
    """One vector a question: the mean of its messages, the long ones counting more is left to the mean."""
    if not questions:
        return np.zeros((0, vectors.shape[1]), dtype=np.float32)
    return unit_rows(np.stack([vectors[list(rows)].sum(0) for rows in questions]))


def pair_features(
    table: ChatTable, questions: Sequence[Sequence[int]], asks: Floats, worth: Floats, pairs: Pairs, vectors: Vectors, context: Context
) -> Floats:
    """[pairs, FEATURES]; `vectors`, `asks` and `worth` have a row a message."""
    q, c = pairs.question, pairs.row
    first = np.array([rows[0] for rows in questions], dtype=np.int64)
    last = np.array([rows[-1] for rows in questions], dtype=np.int64)
    beside = {name: np.zeros(len(q), dtype=np.float32) for name in BESIDE}
    if not len(q):
        return np.zeros((0, len(FEATURES)), dtype=np.float32)
    _add_places(beside, table, questions, asks, worth, first, last, q, c)
    _add_addressing(beside, table, questions, first, q, c, context)
    _add_meaning(beside, table, questions, vectors, q, c)
    _add_words(beside, table, questions, q, c)
    _add_reactions(beside, table, first, last, q, c)
    asked = np.stack([table.own[list(rows)].max(0) for rows in questions])[:, [COLUMN[name] for name in QUESTION]]
    return np.concatenate([table.own[c], asked[q], np.stack([beside[name] for name in BESIDE], axis=1)], axis=1).astype(np.float32)


Beside = dict[str, Floats]


def _best(values: Floats, questions: Sequence[Sequence[int]]) -> Floats:
    return np.array([values[list(rows)].max() for rows in questions], dtype=np.float32)


def _add_places(
    beside: Beside, table: ChatTable, questions: Sequence[Sequence[int]], asks: Floats, worth: Floats, first: Ints, last: Ints,
    q: Ints, c: Ints
) -> None:  # fmt: skip
    """Where the candidate stands: distance, time, who wrote between."""
    beside["asks"], beside["asks_answer"] = _best(asks, questions)[q], asks[c]
    beside["worth_question"], beside["worth"] = _best(worth, questions)[q], worth[c]
    beside["rows"] = np.array([len(rows) for rows in questions], dtype=np.float32)[q]
    beside["standing_asker"], beside["standing"] = table.standing[first[q]], table.standing[c]
    beside["distance"] = np.sign(c - last[q]) * np.log1p(np.abs(c - last[q]))
    gap = table.seconds[c] - table.seconds[last[q]]
    beside["gap_s"] = np.sign(gap) * np.log1p(np.abs(gap))
    beside["gap_first_s"] = np.log1p(np.maximum(table.seconds[c] - table.seconds[first[q]], 0))
    asker = table.sender[first]
    beside["same_sender"] = table.sender[c] == asker[q]
    turns = np.cumsum(table.burst == np.arange(len(table.burst)))
    beside["turns_between"] = np.log1p(np.maximum(turns[c] - turns[last[q]], 0))
    asking = np.concatenate([[0], np.cumsum(asks >= 0.5)])
    beside["questions_between"] = np.minimum(np.maximum(asking[c] - asking[np.minimum(last[q] + 1, c)], 0), 20)
    beside["far"] = (c - last[q] > 45).astype(np.float32)
    beside["same_day"] = (np.abs(gap) < 8 * 3600).astype(np.float32)
    size = np.bincount(table.burst, minlength=len(table.burst) + 1)
    beside["turn_size"], beside["turn_place"] = np.minimum(size[table.burst[c]], 12), np.minimum(table.column("burst_place")[c], 12)
    chars = np.bincount(table.burst, weights=np.expm1(table.column("length")), minlength=len(table.burst) + 1)
    beside["turn_chars"] = np.log1p(chars[table.burst[c]])
    following = np.minimum(c + 1, len(table.sender) - 1)
    beside["next_is_asker"] = (table.sender[following] == asker[q]) & (following > c)
    _add_people_between(beside, table, asker, last, q, c)


def _add_people_between(beside: Beside, table: ChatTable, asker: Ints, last: Ints, q: Ints, c: Ints) -> None:
    """Different members, and words of the asker, between question and candidate; is it its sender's first word since?"""
    people, asked, first_word = np.zeros(len(q), dtype=np.float32), np.zeros(len(q), dtype=np.float32), np.zeros(len(q), dtype=np.float32)
    at, seen, words, current = 0, set[int](), 0, -1
    for k in range(len(q)):
        if q[k] != current:
            current, at, seen, words = int(q[k]), int(last[q[k]]) + 1, set(), 0
        while at < c[k] and len(seen) < 30:
            seen.add(int(table.sender[at]))
            words += int(table.sender[at] == asker[current])
            at += 1
        people[k], asked[k], first_word[k] = len(seen), min(words, 10), int(table.sender[c[k]]) not in seen
    beside["people_between"], beside["asker_between"], beside["first_by_sender"] = people, asked, first_word


def _add_addressing(
    beside: Beside, table: ChatTable, questions: Sequence[Sequence[int]], first: Ints, q: Ints, c: Ints, context: Context
) -> None:
    """Quotes, names, threads and links."""
    own = [set(rows) for rows in questions]
    asker = table.sender[first]
    turn_quotes: dict[int, set[int]] = {}
    for i in np.flatnonzero(table.reply >= 0).tolist():
        turn_quotes.setdefault(int(table.burst[i]), set()).add(int(table.reply[i]))
    asked_names = [frozenset().union(*(table.mentions[i] for i in rows)) for rows in questions]
    for k in range(len(q)):
        rows, row, who = own[q[k]], int(c[k]), int(asker[q[k]])
        quoted, parent = int(table.reply[row]), int(context.parent[row])
        beside["quotes_question"][k] = quoted in rows
        beside["quotes_other"][k] = quoted >= 0 and quoted not in rows
        beside["quotes_answerer"][k] = quoted >= 0 and quoted > min(rows) and quoted not in rows
        beside["turn_quotes_question"][k] = bool(turn_quotes.get(int(table.burst[row]), set()) & rows)
        beside["names_asker"][k] = who in table.mentions[row]
        beside["names_other"][k] = bool(table.mentions[row] - {who})
        beside["question_names"][k] = int(table.sender[row]) in asked_names[q[k]]
        beside["question_names_anyone"][k] = bool(asked_names[q[k]])
        beside["linked"][k] = parent in rows
        beside["linked_far"][k] = parent >= 0 and int(context.parent[parent]) in rows
    thread = context.thread[first[q]]
    beside["same_thread"] = np.where((thread < 0) | (context.thread[c] < 0), 0.5, thread == context.thread[c])


def _add_meaning(beside: Beside, table: ChatTable, questions: Sequence[Sequence[int]], vectors: Vectors, q: Ints, c: Ints) -> None:
    """Likeness of meaning, and how it compares with this question's other candidates and this candidate's other questions."""
    meant = question_vectors(questions, vectors)
    close = np.einsum("ij,ij->i", meant[q], vectors[c]).astype(np.float32)
    turn = np.zeros((len(vectors), vectors.shape[1]), dtype=np.float32)
    np.add.at(turn, table.burst, vectors)
    close_turn = np.einsum("ij,ij->i", meant[q], unit_rows(turn[table.burst[c]])).astype(np.float32)
    beside["meaning"], beside["meaning_turn"] = close, close_turn
    best = np.full(len(questions), -1.0, dtype=np.float32)
    np.maximum.at(best, q, close)
    beside["meaning_best"] = close - best[q]
    order = np.lexsort((-close, q))
    rank = np.empty(len(q), dtype=np.float32)
    starts = np.searchsorted(q[order], np.arange(len(questions)))
    rank[order] = np.arange(len(q)) - starts[q[order]]
    beside["meaning_rank"] = np.minimum(rank, 40)
    other = np.full(len(vectors), -1.0, dtype=np.float32)
    np.maximum.at(other, c, close)
    beside["meaning_margin"] = close - other[c]
    total, count = np.bincount(c, weights=close, minlength=len(vectors)), np.bincount(c, minlength=len(vectors))
    beside["meaning_own_best"] = close - (total / np.maximum(count, 1))[c]


def _add_words(beside: Beside, table: ChatTable, questions: Sequence[Sequence[int]], q: Ints, c: Ints) -> None:
    """Rare words that the question shares with the candidate and with the candidate's turn."""
    asked = [frozenset().union(*(table.tokens[i] for i in rows)) for rows in questions]
    weight = [sum(table.rarity[t] for t in tokens) for tokens in asked]
    turn: dict[int, set[str]] = {}
    for i in np.unique(table.burst[np.unique(c)]).tolist():
        turn[i] = set()
    for i, b in enumerate(table.burst.tolist()):
        if b in turn:
            turn[b] |= table.tokens[i]
    for k in range(len(q)):
        mine, row = asked[q[k]], int(c[k])
        shared = sum(table.rarity[t] for t in mine & table.tokens[row])
        beside["shared"][k] = shared
        beside["shared_share"][k] = shared / (1 + weight[q[k]])
        beside["shared_turn"][k] = sum(table.rarity[t] for t in mine & turn[int(table.burst[row])])


def _add_reactions(beside: Beside, table: ChatTable, first: Ints, last: Ints, q: Ints, c: Ints) -> None:
    """What came after the candidate: the asker's thanks or complaint, a correction, its sender taking it back."""
    n = len(table.messages)
    spoke: dict[int, list[int]] = {}
    for i, who in enumerate(table.sender.tolist()):
        spoke.setdefault(who, []).append(i)
    places = {who: np.array(rows) for who, rows in spoke.items()}
    grateful = (table.column("thanks") + table.column("solved")) > 0
    broken, corrects, retracts = (
        table.column("trouble") + table.column("same_trouble") > 0,
        table.column("correction") > 0,
        table.column("retraction") > 0,
    )
    quoted_correction = np.zeros(n, dtype=bool)
    for i in np.flatnonzero((table.reply >= 0) & corrects).tolist():
        quoted_correction[table.reply[i]] |= table.sender[i] != table.sender[table.reply[i]]
    after_correction = _other_soon(table, corrects, 6)
    own_retraction = _own_soon(table, retracts, 25, 900)
    for k in range(len(q)):
        row, asker = int(c[k]), int(table.sender[first[q[k]]])
        rows = places[asker]
        at = int(np.searchsorted(rows, row, side="right"))
        beside["thanks_gap"][k] = 9.0
        for i in rows[at : at + 2].tolist():
            if table.seconds[i] - table.seconds[row] > NEAR * 6:
                break
            beside["still_broken_after"][k] = max(beside["still_broken_after"][k], float(broken[i] and not grateful[i]))
            if grateful[i]:
                beside["thanks_after"][k] = 1
                beside["thanks_gap"][k] = np.log1p(i - row)
                beside["asker_next_names"][k] = int(table.sender[row]) in table.mentions[i]
                break
    beside["corrected_after"] = np.maximum(2.0 * quoted_correction[c], after_correction[c]).astype(np.float32)
    beside["retracted_after"] = own_retraction[c]


def _other_soon(table: ChatTable, flag: NDArray[np.bool_], ahead: int) -> Floats:
    """Does somebody else write a flagged message among the next ones?"""
    n = len(flag)
    found = np.zeros(n, dtype=np.float32)
    for k in range(1, min(ahead, n - 1) + 1):
        found[: n - k] = np.maximum(found[: n - k], flag[k:] & (table.sender[k:] != table.sender[: n - k]))
    return found


def _own_soon(table: ChatTable, flag: NDArray[np.bool_], ahead: int, seconds: float) -> Floats:
    """Does the same sender write a flagged message soon after?"""
    found = np.zeros(len(flag), dtype=np.float32)
    last: dict[int, int] = {}
    for i in range(len(flag) - 1, -1, -1):
        who = int(table.sender[i])
        later = last.get(who)
        found[i] = later is not None and later - i <= ahead and table.seconds[later] - table.seconds[i] <= seconds
        if flag[i]:
            last[who] = i
    return found
