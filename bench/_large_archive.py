"""A large archive made by repeating and varying real chats: messages, words, analysis and vectors, as `add` would leave them.

Embedding a million messages takes hours; here each copy's vector is its original's with some noise, and its text has
a character swapped and a number of its own, so that neither the index nor the word lists can profit from repeats.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.archive import Archive, open_archive
from pipeline.archive.store import content_hash, micros
from pipeline.archive.words import WORDS_VERSION, Prepared, prepare
from pipeline.embedding import load_embedder
from pipeline.search.meaning import open_index, update_index
from pipeline.search.usual import usual_queries
from pipeline.text import clean, storable

SOURCE = Path(os.environ.get("DIANTI_TRAIN_CACHE", ".cache")) / "search"  # where training search leaves the gold chats' archives
NOISE = 0.25  # length of the noise added to a vector of length 1: cosine to the original 0.97
DAYS_APART = 3


@dataclass(frozen=True, kw_only=True)
class Original:
    chat: int
    id: str
    sent_at: datetime
    sender_id: str
    sender: str
    text: str
    kind: str
    analysed: tuple[object, ...]  # session, segment, thread, topic, value, question, noise, reply (position), reply_by
    vector: NDArray[np.float32] | None
    prepared: Prepared


def originals() -> list[Original]:
    """The gold chats' messages as an archive holds them; their archives are made when training has not left them.

    Ends the program in one line where neither they nor the evaluation data are there.
    """
    if not list(SOURCE.glob("*/archive.sqlite3")):
        _make_archives()
    found: list[Original] = []
    for number, folder in enumerate(sorted(p for p in SOURCE.iterdir() if (p / "archive.sqlite3").exists()), 1):
        with open_archive(folder, read_only=True) as archive:
            rows = archive.db.execute(
                """
                SELECT m.row, m.id, m.sent_at, m.sender_id, m.sender, m.text, m.kind, a.session, a.segment, a.thread, a.topic, a.value,
                a.question,
                       a.noise, a.reply_row, a.reply_by, v.data
                FROM message m JOIN analysed a ON a.row = m.row LEFT JOIN vector v ON v.content = m.content ORDER BY m.at, m.row
                """
            ).fetchall()
        place = {r[0]: i for i, r in enumerate(rows)}
        for r in rows:
            reply = None if r[14] is None else place[r[14]] - place[r[0]]
            vector = None if r[16] is None else np.frombuffer(r[16], dtype=np.float16).astype(np.float32)
            found.append(
                Original(
                    chat=number, id=r[1], sent_at=datetime.fromisoformat(r[2]), sender_id=r[3], sender=r[4], text=r[5], kind=r[6],
                    analysed=(*r[7:14], reply, r[15]), vector=vector, prepared=prepare(r[5]),
                )
            )  # fmt: skip
    return found


def _make_archives() -> None:
    from train.__main__ import eval_data
    from train.gold import chat_names
    from train.search import archive_of

    for name in chat_names(eval_data()):
        archive_of(eval_data(), name).close()


def large_archive(folder: Path, messages: int) -> Archive:
    """An archive of so many messages in that folder, made when it is not there yet, with its index."""
    archive = open_archive(folder)
    if archive.count() >= messages:
        return archive
    base = originals()
    archive.set_setting("model", "e5-small-zh-en")
    archive.set_setting("model_asked", "quality")
    db = archive.db
    db.execute("INSERT OR IGNORE INTO model (id, name, dimension) VALUES (1, 'e5-small-zh-en', 384)")
    for chat in sorted({o.chat for o in base}):
        db.execute("INSERT OR IGNORE INTO chat (id, key, name, platform) VALUES (?, ?, ?, '')", (chat, f"chat{chat}", f"chat{chat}"))
    rng = np.random.default_rng(3)
    copy, row = 0, 0
    while row < messages:
        with archive.transaction():
            for o in _copy(base, copy, rng):
                row += 1
                _insert(db, row, o, copy)
        copy += 1
    db.execute("UPDATE chat SET next_session = ?, next_thread = ?, next_topic = ?", (copy * 1000, copy * 1000, copy * 1000))
    archive.set_setting("words_version", WORDS_VERSION)
    update_index(archive, force=True)
    usual_queries(archive, load_embedder(), open_index(archive))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return archive


def _copy(base: list[Original], copy: int, rng: np.random.Generator) -> Iterator[Original]:
    from dataclasses import replace

    for o in base:
        text = o.text
        if len(text) > 6:
            at = int(rng.integers(1, len(text) - 1))
            other = base[int(rng.integers(len(base)))].text or "的"
            text = f"{text[:at]}{other[int(rng.integers(len(other)))]}{text[at + 1 :]} {copy}"
        vector = None
        if o.vector is not None:
            noisy = o.vector + rng.standard_normal(len(o.vector)).astype(np.float32) * np.float32(NOISE / np.sqrt(len(o.vector)))
            vector = noisy / np.linalg.norm(noisy)
        yield replace(o, text=text, vector=vector, sent_at=o.sent_at + timedelta(days=DAYS_APART * copy))


def _insert(db: sqlite3.Connection, row: int, o: Original, copy: int) -> None:
    content = content_hash(storable(clean(o.text)))  # as `add` would: whoever analyses the neighbours finds their vectors
    db.execute(
        "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?)",
        (row, o.chat, f"{copy}-{o.id}", micros(o.sent_at), o.sent_at.isoformat(), o.sender_id, o.sender, o.text, o.kind, content),
    )
    fresh = _grams_only(o.text)
    db.execute("INSERT INTO words (rowid, grams, cut, pieces) VALUES (?, ?, ?, ?)", (row, fresh, o.prepared.cut, o.prepared.pieces))
    session, segment, thread, topic, value, question, noise, reply, by = o.analysed
    numbered = [None if n is None else int(n) + copy * 1000 for n in (session, thread, topic)]  # type: ignore[call-overload]
    db.execute(
        "INSERT INTO analysed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{}')",
        (
            row,
            o.chat,
            numbered[0],
            segment,
            numbered[1],
            numbered[2],
            value,
            question,
            noise,
            None if reply is None else row + int(reply),
            by,
        ),  # type: ignore[call-overload]
    )
    if o.vector is not None:
        db.execute("INSERT OR IGNORE INTO vector (model, content, data) VALUES (1, ?, ?)", (content, o.vector.astype(np.float16).tobytes()))


def _grams_only(text: str) -> str:
    from pipeline.archive.words import _grams, fold_script

    return " ".join(_grams(fold_script(text)))
