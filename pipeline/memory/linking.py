"""Links between what was just read and everything the chat asked before and after: judged pairwise, stored, never judged again.

Nothing here depends on the order of imports: a pair is judged when its second half arrives, whichever that is.

An archive of the fast model has no slow vectors, and making one of every asking cost more than the rest of an import. There
the fast vectors say which pairs may be near, and only the texts of those get the slow ones (`Sparing`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import Embedder
from pipeline.memory.asking import Asking, Note
from pipeline.memory.cues import chat_day
from pipeline.memory.match import (
    HELD_COSINE,
    Learned,
    Side,
    asking_sides,
    judge,
    late_features,
    note_sides,
    numbers_differ,
    pointed_features,
    same_by_words,
)
from pipeline.memory.shelf import (
    BY_POINTING,
    BY_WORDS,
    Vectors,
    asking_stretches,
    asking_vectors,
    askings_with_sides,
    notes_with_sides,
    vectors_between,
    when,
)

DAY = 86_400 * 1_000_000  # microseconds
POINTED_NEAR = 0.1  # the same, where somebody points back
POINTED_DAYS = 90  # how far back members point
LATE_NEAR = 0.15  # cosine from which a note is held against an asking, unless it quotes it
LATE_DAYS = 30  # after that, an answer is told as news
KEPT = 0.15  # probability from which a link is stored; what is done with it is the ledger's business
BLOCK = 256  # rows compared at once
# Of the fast model, for pairs that may be judged at all. On the gold chats 39 of the 42 links of a probability that counts
# (.4 back, .3 late) lie above .40, and 591 of the 1,070 judged pairs; of LCQMC duplicates by their words all lie above .73.
QUICK_WORDS, QUICK_NEAR = 0.7, 0.4


@dataclass(frozen=True, kw_only=True)
class Sparing:
    """How an archive without slow vectors links: `fast` chooses pairs by their texts, `slow` embeds what was chosen."""

    fast: Embedder
    slow: Embedder


def link_day(
    db: sqlite3.Connection, chat: int, askings: Sequence[int], notes: Sequence[int], learned: Learned, sparing: Sparing | None = None
) -> None:
    """Judges what is new against everything that it may belong to."""
    _link_askings(db, chat, askings, learned, sparing)
    _link_notes(db, chat, askings, notes, learned, sparing)


def _link_askings(db: sqlite3.Connection, chat: int, new: Sequence[int], learned: Learned, sparing: Sparing | None) -> None:
    """Judges each new asking against all others of the chat."""
    words, pointed_near = (QUICK_WORDS, QUICK_NEAR) if sparing else (HELD_COSINE - 0.01, POINTED_NEAR)
    fast = sparing.fast if sparing else None
    fresh = asking_vectors(db, new, fast)
    pairs = {pair for some in asking_stretches(db, chat, fast) for pair in _near_pairs(fresh, some, words, pointed_near)} if new else set()
    sides = askings_with_sides(db, {i for pair in pairs for i in pair}, learned)
    apart = [(later, earlier) for later, earlier in sorted(pairs) if _other_day(sides[earlier][0], sides[later][0])]
    if sparing:
        apart = [(b, a) for b, a in apart if sides[b][0].pointing or not numbers_differ(sides[a][1], sides[b][1])]
        sides = _embedded({i: sides[i] for pair in apart for i in pair}, learned, sparing)
    same = []
    for later, earlier in apart:
        (a, sa), (b, sb) = sides[earlier], sides[later]
        same.append(same_by_words(a.text, sa, b.text, sb, learned))
    _store(db, BY_WORDS, apart, np.array(same))
    pointed = [(later, earlier) for later, earlier in apart if sides[later][0].pointing]
    rows = [pointed_features(sides[b][0], sides[b][1], sides[a][0], sides[a][1], learned) for a, b in pointed]
    _store(db, BY_POINTING, pointed, _judged(rows, learned.pointed))


def _embedded(chosen: Mapping[int, tuple[Asking, Side]], learned: Learned, sparing: Sparing) -> dict[int, tuple[Asking, Side]]:
    """The askings with sides of slow vectors."""
    askings = {i: asking for i, (asking, _side) in sorted(chosen.items())}
    sides = asking_sides(list(askings.values()), learned, sparing.slow)
    return {i: (asking, side) for (i, asking), side in zip(askings.items(), sides, strict=True)}


def _other_day(a: Asking, b: Asking) -> bool:
    """Within one day the extraction has already joined what is one question."""
    return chat_day(a.at) != chat_day(b.at)


def _near_pairs(fresh: Vectors, others: Vectors, words: float, pointed: float) -> Iterator[tuple[int, int]]:
    """(later, earlier) numbers of the pairs worth judging: near enough for the same words, or pointed back at."""
    for start in range(0, len(fresh.numbers), BLOCK):
        block = slice(start, start + BLOCK)
        at, points = fresh.at[block, None], fresh.points[block, None]
        cosine = fresh.rows[block] @ others.rows.T
        other_is_earlier = others.at < at
        pointing = np.where(other_is_earlier, points, others.points) & (np.abs(others.at - at) <= POINTED_DAYS * DAY)
        worth = ((cosine >= words) | (pointing & (cosine >= pointed))) & (others.at != at)
        for i, j in zip(*np.nonzero(worth), strict=True):
            mine, other = int(fresh.numbers[start + i]), int(others.numbers[j])
            yield (mine, other) if other_is_earlier[i, j] else (other, mine)


def _link_notes(
    db: sqlite3.Connection, chat: int, new_askings: Sequence[int], new_notes: Sequence[int], learned: Learned, sparing: Sparing | None
) -> None:
    """Judges new notes against the askings of the month before them, and new askings against the notes of the month after."""
    asked_at, written_at = when(db, "asking", new_askings), when(db, "note", new_notes)
    if not asked_at and not written_at:
        return
    fast, month = sparing.fast if sparing else None, LATE_DAYS * DAY
    since, until = min(asked_at + written_at), max([at + month for at in asked_at] + written_at)
    written = vectors_between(db, "note", chat, (since, until), fast)
    asked = vectors_between(db, "asking", chat, (since - month, until), fast)
    notes = notes_with_sides(db, (int(n) for n in written.numbers), learned)
    quoted = _numbers_of(db, chat, {q for note, _s in notes.values() for q in note.quotes})
    if not len(written.numbers) or not (len(asked.numbers) or quoted):
        return
    fresh_askings, fresh_notes = set(new_askings), set(new_notes)
    least = QUICK_NEAR if sparing else LATE_NEAR
    pairs: set[tuple[int, int]] = set()
    for n, at, vector in zip(map(int, written.numbers), map(int, written.at), written.rows, strict=True):
        low, high = np.searchsorted(asked.at, at - month), np.searchsorted(asked.at, at)
        near = asked.numbers[low:high][asked.rows[low:high] @ vector >= least] if high > low else ()
        meant = {int(i) for i in near} | {quoted[q] for q in notes[n][0].quotes if q in quoted}
        pairs |= {(n, i) for i in meant if n in fresh_notes or i in fresh_askings}
    sides = askings_with_sides(db, {i for _n, i in pairs}, learned)
    fit = [(n, i) for n, i in sorted(pairs) if _may_answer(notes[n][0], sides[i][0])]
    if sparing:
        sides = _embedded({i: sides[i] for _n, i in fit}, learned, sparing)
        chosen = sorted({n for n, _i in fit})
        own = [notes[n][0] for n in chosen]
        notes = {n: (note, side) for n, note, side in zip(chosen, own, note_sides(own, learned, sparing.slow), strict=True)}
    rows = [late_features(*sides[i], *notes[n], learned) for n, i in fit]
    values = [(n, i, round(float(p), 4)) for (n, i), p in zip(fit, _judged(rows, learned.late), strict=True) if p >= KEPT]
    db.executemany("INSERT OR REPLACE INTO late_answer (note, asking, probability) VALUES (?, ?, ?)", values)


def _numbers_of(db: sqlite3.Connection, chat: int, message_ids: set[str]) -> dict[str, int]:
    """Message id → number of the asking that it is part of."""
    found: dict[str, int] = {}
    if message_ids:
        for number, ids in db.execute("SELECT id, json_extract(body, '$.ids') FROM asking WHERE chat = ?", (chat,)):
            found |= {i: int(number) for i in message_ids if f'"{i}"' in ids}
    return found


def _may_answer(note: Note, asking: Asking) -> bool:
    return note.sender_id != asking.sender_id and chat_day(asking.at) < chat_day(note.at)


def _judged(rows: Sequence[Sequence[float]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return judge(np.array(rows, dtype=np.float64), weights) if rows else np.zeros(0)


def _store(db: sqlite3.Connection, judged_by: str, pairs: Sequence[tuple[int, int]], probabilities: NDArray[np.float64]) -> None:
    """A pair that is the same by its words needs no pointing: the first judgement stays."""
    values = [
        (later, earlier, judged_by, round(float(p), 4)) for (later, earlier), p in zip(pairs, probabilities, strict=True) if p >= KEPT
    ]
    db.executemany("INSERT OR IGNORE INTO same_asking (later, earlier, judged_by, probability) VALUES (?, ?, ?, ?)", values)
