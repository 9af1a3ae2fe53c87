"""What is known about each pair of a question and a candidate answer: places, names, meaning, words, what came after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.embedding import Vectors, unit_rows
from pipeline.extract.around import Around, dots
from pipeline.extract.pairs import Pairs, best_of, question_vectors
from pipeline.extract.table import COLUMN, OWN, ChatTable, Floats, Ints

MODEL = "extract_pair.onnx"
NEAR = 3600  # seconds within which the asker's next words are read as a reaction
MOST_PEOPLE = 30  # between question and candidate; beyond, nobody counts

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


def pair_features(
    table: ChatTable, questions: Sequence[Sequence[int]], asks: Floats, worth: Floats, pairs: Pairs, vectors: Vectors, context: Context,
    around: Around,
) -> Floats:  # fmt: skip
    """[pairs, FEATURES]; `vectors`, `asks` and `worth` have a row a message. `pairs` may be a part of the chat's; `around` is of all."""
    q, c = pairs.question, pairs.row
    if not len(q):
        return np.zeros((0, len(FEATURES)), dtype=np.float32)
    first = np.array([rows[0] for rows in questions], dtype=np.int64)
    last = np.array([rows[-1] for rows in questions], dtype=np.int64)
    beside = {name: np.zeros(len(q), dtype=np.float32) for name in BESIDE}
    _add_places(beside, table, questions, asks, worth, first, last, q, c, around)
    _add_people_between(beside, table, table.sender[first], last, q, c, around)
    _add_addressing(beside, table, questions, first, q, c, context, around)
    _add_meaning(beside, table, questions, vectors, q, c, around)
    _add_words(beside, table, questions, q, c, around)
    _add_reactions(beside, table, first, q, c, around)
    asked = best_of(table.own[:, [COLUMN[name] for name in QUESTION]], questions)
    return np.concatenate([table.own[c], asked[q], np.stack([beside[name] for name in BESIDE], axis=1)], axis=1).astype(np.float32)


Beside = dict[str, Floats]


def _add_places(
    beside: Beside, table: ChatTable, questions: Sequence[Sequence[int]], asks: Floats, worth: Floats, first: Ints, last: Ints,
    q: Ints, c: Ints, around: Around
) -> None:  # fmt: skip
    """Where the candidate stands: distance, time, who wrote between."""
    beside["asks"], beside["asks_answer"] = best_of(asks, questions)[q], asks[c]
    beside["worth_question"], beside["worth"] = best_of(worth, questions)[q], worth[c]
    beside["rows"] = np.array([len(rows) for rows in questions], dtype=np.float32)[q]
    beside["standing_asker"], beside["standing"] = table.standing[first[q]], table.standing[c]
    beside["distance"] = np.sign(c - last[q]) * np.log1p(np.abs(c - last[q]))
    gap = table.seconds[c] - table.seconds[last[q]]
    beside["gap_s"] = np.sign(gap) * np.log1p(np.abs(gap))
    beside["gap_first_s"] = np.log1p(np.maximum(table.seconds[c] - table.seconds[first[q]], 0))
    asker = table.sender[first]
    beside["same_sender"] = table.sender[c] == asker[q]
    beside["turns_between"] = np.log1p(np.maximum(around.turn[c] - around.turn[last[q]], 0))
    asking = around.asking
    beside["questions_between"] = np.minimum(np.maximum(asking[c] - asking[np.minimum(last[q] + 1, c)], 0), 20)
    beside["far"] = (c - last[q] > 45).astype(np.float32)
    beside["same_day"] = (np.abs(gap) < 8 * 3600).astype(np.float32)
    beside["turn_size"], beside["turn_place"] = np.minimum(around.turn_size[c], 12), np.minimum(table.column("burst_place")[c], 12)
    beside["turn_chars"] = np.log1p(around.turn_chars[c])
    following = np.minimum(c + 1, len(table.sender) - 1)
    beside["next_is_asker"] = (table.sender[following] == asker[q]) & (following > c)


def _add_people_between(beside: Beside, table: ChatTable, asker: Ints, last: Ints, q: Ints, c: Ints, around: Around) -> None:
    """Different members, and words of the asker, between question and candidate; is it its sender's first word since?"""
    bounds = np.searchsorted(q, np.arange(len(last) + 1)).tolist()
    for k, (low, high) in enumerate(pairwise(bounds)):
        if low == high:
            continue
        rows, start = c[low:high], int(last[k]) + 1
        stretch = slice(start, max(start, int(rows[-1])))
        people = np.concatenate([[0], np.cumsum(around.before[stretch] < start)])
        words = np.concatenate([[0], np.cumsum(table.sender[stretch] == asker[k])])
        enough = int(np.searchsorted(people, MOST_PEOPLE))
        at = np.minimum(np.maximum(rows - start, 0), min(enough, len(people) - 1))
        beside["people_between"][low:high] = people[at]
        beside["asker_between"][low:high] = np.minimum(words[at], 10)
        spoke = np.where(rows - start > at, np.isin(table.sender[rows], table.sender[start : start + enough]), around.before[rows] >= start)
        beside["first_by_sender"][low:high] = ~spoke


def _add_addressing(
    beside: Beside, table: ChatTable, questions: Sequence[Sequence[int]], first: Ints, q: Ints, c: Ints, context: Context, around: Around
) -> None:
    """Quotes, names, threads and links."""
    own = [set(rows) for rows in questions]
    asker = table.sender[first]
    quoted, parent = table.reply[c], context.parent[c]
    asked_names = [frozenset().union(*(table.mentions[i] for i in rows)) for rows in questions]
    beside["question_names_anyone"] = np.array([bool(names) for names in asked_names], dtype=np.float32)[q]
    speaks_of = [bool(around.turn_quotes) and int(b) in around.turn_quotes for b in table.burst[c].tolist()]
    marked = (quoted >= 0) | (parent >= 0) | beside["question_names_anyone"].astype(bool) | speaks_of
    marked |= np.array([bool(table.mentions[i]) for i in c.tolist()], dtype=bool)
    for k in np.flatnonzero(marked).tolist():  # few: most pairs have neither quote nor name
        rows, row, who = own[q[k]], int(c[k]), int(asker[q[k]])
        beside["quotes_question"][k] = int(quoted[k]) in rows
        beside["quotes_other"][k] = quoted[k] >= 0 and int(quoted[k]) not in rows
        beside["quotes_answerer"][k] = quoted[k] > min(rows) and int(quoted[k]) not in rows
        beside["turn_quotes_question"][k] = bool(around.turn_quotes.get(int(table.burst[row]), set()) & rows)
        beside["names_asker"][k] = who in table.mentions[row]
        beside["names_other"][k] = bool(table.mentions[row] - {who})
        beside["question_names"][k] = int(table.sender[row]) in asked_names[q[k]]
        beside["linked"][k] = int(parent[k]) in rows
        beside["linked_far"][k] = parent[k] >= 0 and int(context.parent[parent[k]]) in rows
    thread = context.thread[first[q]]
    beside["same_thread"] = np.where((thread < 0) | (context.thread[c] < 0), 0.5, thread == context.thread[c])


def _add_meaning(
    beside: Beside, table: ChatTable, questions: Sequence[Sequence[int]], vectors: Vectors, q: Ints, c: Ints, around: Around
) -> None:
    """Likeness of meaning, and how it compares with this question's other candidates and this candidate's other questions."""
    meant = question_vectors(questions, vectors)
    close = dots(meant, vectors, q, c)
    turns, turn = np.unique(table.burst[c], return_inverse=True)
    rows, place = _of_turns(table, turns, around)
    order = np.argsort(place, kind="stable")
    of_turn = np.add.reduceat(vectors[rows[order]], np.searchsorted(place[order], np.arange(len(turns))), axis=0)
    beside["meaning"], beside["meaning_turn"] = close, dots(meant, unit_rows(of_turn), q, turn)
    best = np.full(len(questions), -1.0, dtype=np.float32)
    np.maximum.at(best, q, close)
    beside["meaning_best"] = close - best[q]
    order = np.lexsort((-close, q))
    rank = np.empty(len(q), dtype=np.float32)
    starts = np.searchsorted(q[order], np.arange(len(questions)))
    rank[order] = np.arange(len(q)) - starts[q[order]]
    beside["meaning_rank"] = np.minimum(rank, 40)
    beside["meaning_margin"] = close - around.best_meaning[c]
    beside["meaning_own_best"] = close - around.mean_meaning[c]


def _of_turns(table: ChatTable, turns: Ints, around: Around) -> tuple[Ints, Ints]:
    """The messages of these turns (sorted), and for each the place of its turn in `turns`."""
    low, high = int(turns[0]), int(around.turn_end[turns].max()) + 1
    rows = low + np.flatnonzero(np.isin(table.burst[low:high], turns))
    return rows, np.searchsorted(turns, table.burst[rows])


def _add_words(beside: Beside, table: ChatTable, questions: Sequence[Sequence[int]], q: Ints, c: Ints, around: Around) -> None:
    """Rare words that the question shares with the candidate and with the candidate's turn."""
    turns, turn = np.unique(table.burst[c], return_inverse=True)
    said = around.words.joined(*_of_turns(table, turns, around), len(turns))
    of_rows = np.concatenate([np.array(rows, dtype=np.int64) for rows in questions])
    asked = around.words.joined(of_rows, np.repeat(np.arange(len(questions)), [len(rows) for rows in questions]), len(questions))
    weight = np.zeros_like(around.rarity)
    bounds = np.searchsorted(q, np.arange(len(questions) + 1)).tolist()
    for k, (low, high) in enumerate(pairwise(bounds)):
        mine = asked.of(k)
        weight[mine] = around.rarity[mine]
        shared = around.words.sums(c[low:high], weight)
        beside["shared"][low:high] = shared
        beside["shared_share"][low:high] = shared / (1 + weight[mine].sum())
        beside["shared_turn"][low:high] = said.sums(turn[low:high], weight)
        weight[mine] = 0


def _add_reactions(beside: Beside, table: ChatTable, first: Ints, q: Ints, c: Ints, around: Around) -> None:
    """What came after the candidate: the asker's thanks or complaint, a correction, its sender taking it back."""
    grateful = (table.column("thanks") + table.column("solved")) > 0
    broken = table.column("trouble") + table.column("same_trouble") > 0
    beside["thanks_gap"][:] = 9.0
    waiting = np.ones(len(q), dtype=bool)
    for turn in range(2):  # the asker's next two messages, until one is thanks or comes too late
        then = around.next_of(table.sender[first[q]], c, skip=turn)
        waiting &= (then >= 0) & (table.seconds[then] - table.seconds[c] <= NEAR)
        beside["still_broken_after"][waiting & broken[then] & ~grateful[then]] = 1
        thanked = np.flatnonzero(waiting & grateful[then])
        beside["thanks_after"][thanked] = 1
        beside["thanks_gap"][thanked] = np.log1p(then[thanked] - c[thanked])
        names = [int(table.sender[c[k]]) in table.mentions[then[k]] for k in thanked.tolist()]
        beside["asker_next_names"][thanked] = np.array(names, dtype=np.float32)
        waiting &= ~grateful[then]
    beside["corrected_after"], beside["retracted_after"] = around.corrected[c], around.retracted[c]
