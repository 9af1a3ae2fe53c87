"""Links between what was just read and everything the chat asked before and after: judged pairwise, stored, never judged again.

Nothing here depends on the order of imports: a pair is judged when its second half arrives, whichever that is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.memory.asking import Asking, Note
from pipeline.memory.cues import chat_day
from pipeline.memory.match import Learned, Side, judge, late_features, pointed_features, same_features
from pipeline.memory.shelf import Vector, asking_vectors, askings_with_sides, note_vectors, notes_with_sides

DAY = 86_400 * 1_000_000  # microseconds
NEAR = 0.55  # cosine from which two askings without any pointing are compared at all
POINTED_NEAR = 0.1  # the same, where somebody points back
POINTED_DAYS = 90  # how far back members point
LATE_NEAR = 0.15  # cosine from which a note is held against an asking, unless it quotes it
LATE_DAYS = 30  # after that, an answer is told as news
KEPT = 0.15  # probability from which a link is stored; what is done with it is the ledger's business
BLOCK = 256  # rows compared at once


def link_askings(db: sqlite3.Connection, chat: int, new: Sequence[int], learned: Learned) -> None:
    """Judges each new asking against all others of the chat."""
    numbers, at, points, vectors = asking_vectors(db, chat)
    pairs = set(_near_pairs(numbers, at, points, vectors, new))
    sides = askings_with_sides(db, {i for pair in pairs for i in pair}, learned)
    by_words = [(later, earlier) for later, earlier in sorted(pairs) if _other_day(sides[earlier][0], sides[later][0])]
    by_pointing = [(later, earlier) for later, earlier in by_words if sides[later][0].pointing]
    by_words = [(later, earlier) for later, earlier in by_words if not sides[later][0].pointing or float(sides[later][1].text @ sides[earlier][1].text) >= NEAR]
    _store(db, "words", by_words, _judged([same_features(sides[b][1], sides[a][1], learned) for a, b in by_words], learned.same))
    rows = [pointed_features(sides[b][0], sides[b][1], sides[a][0], sides[a][1], learned) for a, b in by_pointing]
    _store(db, "pointing", by_pointing, _judged(rows, learned.pointed))


def _other_day(a: Asking, b: Asking) -> bool:
    """Within one day the extraction has already joined what is one question."""
    return chat_day(a.at) != chat_day(b.at)


def _near_pairs(
    numbers: NDArray[np.int64], at: NDArray[np.int64], points: NDArray[np.bool_], vectors: Vector, new: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """(later, earlier) numbers of the pairs worth judging, at least one of them new."""
    rows = np.flatnonzero(np.isin(numbers, np.array(new, dtype=np.int64)))
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        cosine = vectors[block] @ vectors.T
        before = at[None, :] < at[block][:, None]  # the other one is the earlier
        later_points = np.where(before, points[block][:, None], points[None, :])
        recent = np.abs(at[None, :] - at[block][:, None]) <= POINTED_DAYS * DAY
        worth = (cosine >= NEAR) | (later_points & recent & (cosine >= POINTED_NEAR))
        for i, j in zip(*np.nonzero(worth & (at[None, :] != at[block][:, None])), strict=True):
            mine, other = int(numbers[block[i]]), int(numbers[j])
            yield (mine, other) if before[i, j] else (other, mine)


def link_notes(db: sqlite3.Connection, chat: int, new_askings: Sequence[int], new_notes: Sequence[int], learned: Learned) -> None:
    """Judges new notes against the askings of the month before them, and new askings against the notes of the month after."""
    numbers, at, _points, vectors = asking_vectors(db, chat)
    if not len(numbers):
        return
    fresh_askings, fresh_notes = set(new_askings), set(new_notes)
    since = min([int(at[i]) for i, n in enumerate(numbers) if int(n) in fresh_askings] or [2**62])
    note_numbers, note_at, note_rows = note_vectors(db, chat, min(since, _first(db, new_notes)))
    if not len(note_numbers):
        return
    notes = notes_with_sides(db, (int(n) for n in note_numbers), learned)
    quoted = _numbers_of(db, chat, {q for note, _s in notes.values() for q in note.quotes})
    pairs: set[tuple[int, int]] = set()
    for k, n in enumerate(int(x) for x in note_numbers):
        low, high = np.searchsorted(at, note_at[k] - LATE_DAYS * DAY), np.searchsorted(at, note_at[k])
        near = numbers[low:high][vectors[low:high] @ note_rows[k] >= LATE_NEAR]
        asked = {int(i) for i in near} | {quoted[q] for q in notes[n][0].quotes if q in quoted}
        pairs |= {(n, i) for i in asked if n in fresh_notes or i in fresh_askings}
    sides = askings_with_sides(db, {i for _n, i in pairs}, learned)
    fit = [(n, i) for n, i in sorted(pairs) if _may_answer(notes[n][0], sides[i][0])]
    rows = [late_features(*_both(sides[i], notes[n]), learned) for n, i in fit]
    values = [(n, i, round(float(p), 4)) for (n, i), p in zip(fit, _judged(rows, learned.late), strict=True) if p >= KEPT]
    db.executemany("INSERT OR REPLACE INTO late_answer (note, asking, probability) VALUES (?, ?, ?)", values)


def _first(db: sqlite3.Connection, notes: Sequence[int]) -> int:
    """When the earliest of those notes was written."""
    return min((int(db.execute("SELECT at FROM note WHERE id = ?", (n,)).fetchone()[0]) for n in notes), default=2**62)


def _numbers_of(db: sqlite3.Connection, chat: int, message_ids: set[str]) -> dict[str, int]:
    """Message id → number of the asking that it is part of."""
    found: dict[str, int] = {}
    if message_ids:
        for number, ids in db.execute("SELECT id, json_extract(body, '$.ids') FROM asking WHERE chat = ?", (chat,)):
            found |= {i: int(number) for i in message_ids if f'"{i}"' in ids}
    return found


def _may_answer(note: Note, asking: Asking) -> bool:
    return note.sender_id != asking.sender_id and chat_day(asking.at) < chat_day(note.at)


def _both(asking: tuple[Asking, Side], note: tuple[Note, Side]) -> tuple[Asking, Side, Note, Side]:
    return (*asking, *note)


def _judged(rows: Sequence[Sequence[float]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return judge(np.array(rows, dtype=np.float64), weights) if rows else np.zeros(0)


def _store(db: sqlite3.Connection, judged_by: str, pairs: Sequence[tuple[int, int]], probabilities: NDArray[np.float64]) -> None:
    """Where both judge a pair, the pointing (which comes second) has the last word."""
    values = [(later, earlier, judged_by, round(float(p), 4)) for (later, earlier), p in zip(pairs, probabilities, strict=True) if p >= KEPT]
    db.executemany("INSERT OR REPLACE INTO same_asking (later, earlier, judged_by, probability) VALUES (?, ?, ?, ?)", values)
