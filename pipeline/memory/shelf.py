"""Where the ledger's facts lie in the archive: askings and notes of each day with their vectors, and the links judged between them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.archive.store import micros
from pipeline.embedding import Embedder
from pipeline.memory.asking import Asking, Note, Told
from pipeline.memory.match import Learned, Side, side_of

BATCH = 500  # values of one IN (…)
STRETCH = 20_000  # askings held at once
BY_WORDS, BY_POINTING = "words", "pointing"  # what a link between two askings rests on
Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two facts that belong together, by the numbers under which they lie here."""

    first: int
    second: int
    probability: float
    by_words: bool = False


_LINKED = (
    ("same_asking", "later", "asking"),
    ("same_asking", "earlier", "asking"),
    ("late_answer", "asking", "asking"),
    ("late_answer", "note", "note"),
)


def drop_day(db: sqlite3.Connection, chat: int, day: str) -> None:
    """Removes what was found on that day, and every link to it."""
    for link, column, table in _LINKED:
        db.execute(f"DELETE FROM {link} WHERE {column} IN (SELECT id FROM {table} WHERE chat = ? AND day = ?)", (chat, day))  # noqa: S608  (constants)
    for table in ("asking", "note", "ledger_day"):
        db.execute(f"DELETE FROM {table} WHERE chat = ? AND day = ?", (chat, day))  # noqa: S608  (constants)


def put_asking(db: sqlite3.Connection, chat: int, day: str, asking: Asking, side: Side) -> int:
    cursor = db.execute(
        "INSERT INTO asking (chat, day, at, points, body, vector, answer_vector, pointing_vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            chat, day, micros(asking.at), bool(asking.pointing), _asking_json(asking), _blob(side.text), _blob(side.answers),
            _blob(side.pointing),
        ),
    )  # fmt: skip
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def put_note(db: sqlite3.Connection, chat: int, day: str, note: Note, side: Side) -> int:
    values = (chat, day, micros(note.at), _note_json(note), _blob(side.text))
    cursor = db.execute("INSERT INTO note (chat, day, at, body, vector) VALUES (?, ?, ?, ?, ?)", values)
    assert cursor.lastrowid is not None
    return cursor.lastrowid


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Of a chat's askings or notes, in time order: number, time, text vector, and whether somebody points back from it."""

    numbers: NDArray[np.int64]
    at: NDArray[np.int64]
    rows: Vector
    points: NDArray[np.bool_]


def asking_stretches(db: sqlite3.Connection, chat: int, fast: Embedder | None) -> Iterator[Vectors]:
    """Every asking of a chat, in time order, `STRETCH` at a time: years of a busy chat never stand in memory together.

    With the fast model its vectors of the texts take the place of those that lie here.
    """
    at, number = -(2**62), 0
    while True:
        rows = db.execute(
            f"SELECT id, at, {_shown(fast)}, points FROM asking WHERE chat = ? AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?",  # noqa: S608  (constants)
            (chat, at, number, STRETCH),
        ).fetchall()
        if not rows:
            return
        yield _vectors(rows, fast)
        number, at = rows[-1][0], rows[-1][1]


def asking_vectors(db: sqlite3.Connection, ids: Iterable[int], fast: Embedder | None) -> Vectors:
    """Of these askings, by their numbers."""
    return _vectors(list(_by_number(db, f"SELECT id, at, {_shown(fast)}, points FROM asking", ids)), fast)  # noqa: S608  (constants)


def vectors_between(
    db: sqlite3.Connection, table: Literal["asking", "note"], chat: int, span: tuple[int, int], fast: Embedder | None
) -> Vectors:
    """Of a chat's askings or notes from one instant to another, both included."""
    rows = db.execute(
        f"SELECT id, at, {_shown(fast)}, 0 FROM {table} WHERE chat = ? AND at BETWEEN ? AND ? ORDER BY at, id",  # noqa: S608  (constants)
        (chat, *span),
    )
    return _vectors(rows.fetchall(), fast)


def when(db: sqlite3.Connection, table: Literal["asking", "note"], ids: Iterable[int]) -> list[int]:
    """When they were written, in no order."""
    return [int(r[1]) for r in _by_number(db, f"SELECT id, at FROM {table}", ids)]  # noqa: S608  (constants)


def _shown(fast: Embedder | None) -> str:
    return "json_extract(body, '$.text')" if fast else "vector"


def _vectors(found: Sequence[Sequence[Any]], fast: Embedder | None) -> Vectors:
    """Rows of (number, time, text or vector, points)."""
    if fast:
        rows = fast.passages([r[2] for r in found])
    else:
        flat = np.frombuffer(b"".join(r[2] for r in found), dtype=np.float16)
        rows = flat.reshape(len(found), -1).astype(np.float32) if found else np.zeros((0, 1), dtype=np.float32)
    return Vectors(
        numbers=np.array([r[0] for r in found], dtype=np.int64), at=np.array([r[1] for r in found], dtype=np.int64),
        rows=rows, points=np.array([bool(r[3]) for r in found], dtype=np.bool_),
    )  # fmt: skip


def askings_with_sides(db: sqlite3.Connection, ids: Iterable[int], learned: Learned) -> dict[int, tuple[Asking, Side]]:
    found = {}
    for r in _by_number(db, "SELECT id, body, vector, answer_vector, pointing_vector FROM asking", ids):
        asking = as_asking(r[1])
        found[int(r[0])] = (asking, side_of(asking.text, learned, _vector(r[2]), _vector(r[3]), _vector(r[4])))
    return found


def notes_with_sides(db: sqlite3.Connection, ids: Iterable[int], learned: Learned) -> dict[int, tuple[Note, Side]]:
    found = {}
    for r in _by_number(db, "SELECT id, body, vector FROM note", ids):
        note, vector = as_note(r[1]), _vector(r[2])
        found[int(r[0])] = (note, side_of(note.text, learned, vector, vector * 0, vector * 0))
    return found


def _by_number(db: sqlite3.Connection, select: str, ids: Iterable[int]) -> Iterable[Sequence[Any]]:
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        yield from db.execute(f"{select} WHERE id IN ({','.join('?' * len(part))})", part)


def read_askings(db: sqlite3.Connection, chat: int) -> dict[int, Asking]:
    return {int(i): as_asking(body) for i, body in db.execute("SELECT id, body FROM asking WHERE chat = ? ORDER BY at, id", (chat,))}


def read_notes(db: sqlite3.Connection, chat: int) -> dict[int, Note]:
    """The notes that may answer something: those that a link leads to."""
    rows = db.execute("SELECT id, body FROM note WHERE chat = ? AND id IN (SELECT note FROM late_answer) ORDER BY at, id", (chat,))
    return {int(i): as_note(body) for i, body in rows}


def read_links(db: sqlite3.Connection, chat: int) -> tuple[list[Link], list[Link]]:
    """Links between askings (later, earlier), and from notes to askings."""
    same = db.execute(
        "SELECT later, earlier, probability, judged_by FROM same_asking JOIN asking ON asking.id = later WHERE chat = ?", (chat,)
    )
    late = db.execute("SELECT note, asking, probability FROM late_answer l JOIN asking a ON a.id = l.asking WHERE chat = ?", (chat,))
    return (
        [Link(first=a, second=b, probability=p, by_words=by == BY_WORDS) for a, b, p, by in same],
        [Link(first=a, second=b, probability=p) for a, b, p in late],
    )


def _asking_json(a: Asking) -> str:
    return _json(
        ids=a.message_ids,
        who=a.sender_id,
        name=a.sender,
        at=a.at.isoformat(),
        text=a.text,
        answers=[_told(t) for t in a.answers],
        status=a.status,
        confidence=a.confidence,
        resolved_by=a.resolved_by,
        pointing=a.pointing,
        pointers=a.pointers,
        again=a.asked_again,
        overheard=a.overheard,
    )


def as_asking(body: str) -> Asking:
    r = json.loads(body)
    return Asking(
        message_ids=tuple(r["ids"]), sender_id=r["who"], sender=r["name"], at=datetime.fromisoformat(r["at"]), text=r["text"],
        answers=tuple(_as_told(t) for t in r["answers"]), status=r["status"], confidence=r["confidence"], resolved_by=r["resolved_by"],
        pointing=r["pointing"], pointers=tuple(r["pointers"]), asked_again=r["again"], overheard=r.get("overheard", False),
    )  # fmt: skip


def _told(t: Told) -> dict[str, Any]:
    return {"ids": t.message_ids, "who": t.sender_id, "name": t.sender, "at": t.at.isoformat(), "text": t.text, "value": t.value}


def _as_told(r: dict[str, Any]) -> Told:
    return Told(
        message_ids=tuple(r["ids"]),
        sender_id=r["who"],
        sender=r["name"],
        at=datetime.fromisoformat(r["at"]),
        text=r["text"],
        value=r["value"],
    )


def _note_json(n: Note) -> str:
    return _json(
        ids=n.message_ids,
        who=n.sender_id,
        name=n.sender,
        at=n.at.isoformat(),
        text=n.text,
        value=n.value,
        quotes=n.quotes,
        mentions=n.mentions,
        says_so=n.says_so,
        question=n.question,
    )


def as_note(body: str) -> Note:
    r = json.loads(body)
    return Note(
        message_ids=tuple(r["ids"]),
        sender_id=r["who"],
        sender=r["name"],
        at=datetime.fromisoformat(r["at"]),
        text=r["text"],
        value=r["value"],
        quotes=tuple(r["quotes"]),
        mentions=tuple(r["mentions"]),
        says_so=r["says_so"],
        question=r["question"],
    )


def _json(**values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode("utf-8")


def _blob(vector: Vector) -> bytes:
    return vector.astype(np.float16).tobytes()


def _vector(blob: bytes) -> Vector:
    return np.frombuffer(blob, dtype=np.float16).astype(np.float32)
