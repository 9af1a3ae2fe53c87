"""Vectors in the archive: cached by content hash and model, float16, never of two models in one search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from pipeline.archive.store import Archive, content_hash, unit_text
from pipeline.embedding import PIECE, Embedder, OnnxEmbedder, Vectors
from pipeline.model import Message
from pipeline.text import storable

EMBED_BATCH = 512  # texts between commits: an interrupted import loses a few seconds of work
SILENT_KINDS = ("sticker", "pat", "recall", "redpacket", "transfer", "call", "system", "location")
SMALL_TALK = ("ack", "greeting", "banter", "checkin", "ad", "chain", "conflict")
TELLING = 8  # characters of a message that is embedded though it was taken for small talk
QUESTION_LEAST = 0.2  # a short question that was taken for small talk is still embedded


def model_row(archive: Archive, embedder: Embedder) -> int:
    """The archive's number for that model; where it has none yet, the archive must be writable."""
    known = archive.db.execute("SELECT id FROM model WHERE name = ?", (embedder.name,)).fetchone()
    if known is None:
        archive.db.execute("INSERT OR IGNORE INTO model (name, dimension) VALUES (?, ?)", (embedder.name, embedder.dimension))
        known = archive.db.execute("SELECT id FROM model WHERE name = ?", (embedder.name,)).fetchone()
    return int(known[0])


def knows_model(archive: Archive, embedder: Embedder) -> bool:
    """Has the archive ever held vectors of that model? Where not, one open for reading can cache none."""
    return archive.db.execute("SELECT 1 FROM model WHERE name = ?", (embedder.name,)).fetchone() is not None


class CachedEmbedder:
    """An embedder whose passages are looked up in the archive first; `flush` stores the new ones."""

    def __init__(self, archive: Archive, embedder: Embedder) -> None:
        self._archive, self._embedder = archive, embedder
        self._model = model_row(archive, embedder)
        self._new: dict[bytes, NDArray[np.float16]] = {}
        self._begun: dict[bytes, tuple[Future[Vectors], int]] = {}
        self.name, self.dimension = embedder.name, embedder.dimension

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.queries(texts)

    @contextmanager
    def ahead(self, texts: Sequence[str]) -> Iterator[None]:
        """While the block runs, what the archive lacks of those texts is encoded beside it; what is not done then is given up."""
        self.begin(texts)
        try:
            yield
            self._collect([h for h, (rows, _k) in self._begun.items() if rows.done()])
        finally:
            for rows, _k in self._begun.values():
                rows.cancel()
            self._begun.clear()

    def begin(self, texts: Sequence[str]) -> None:
        """Starts to encode what the archive lacks of those texts; `passages` takes it up. Only by the bundled quality model: the fast
        one needs no time, a named one is not known to bear two threads."""
        if not isinstance(self._embedder, OnnxEmbedder):
            return
        wanted = {content_hash(t): t for t in map(storable, texts)}
        known = self._known(list(wanted))
        missing = [(h, t) for h, t in wanted.items() if h not in known and h not in self._new and h not in self._begun]
        for start in range(0, len(missing), PIECE):
            piece = missing[start : start + PIECE]
            rows = self._embedder.begin([t for _h, t in piece])
            self._begun |= {h: (rows, k) for k, (h, _t) in enumerate(piece)}

    def _collect(self, hashes: Sequence[bytes]) -> None:
        """Takes what was begun, waiting where it is not done."""
        for rows, k, h in [(*self._begun.pop(h), h) for h in hashes if h in self._begun]:
            self._new[h] = rows.result()[k].astype(np.float16)

    def passages(self, texts: Sequence[str]) -> Vectors:
        clean = [storable(t) for t in texts]
        hashes = [content_hash(t) for t in clean]
        self._collect(hashes)
        known = self._known(hashes)
        missing = {h: t for h, t in zip(hashes, clean, strict=True) if h not in known and h not in self._new}
        if missing:
            rows = self._embedder.passages(list(missing.values())).astype(np.float16)
            self._new |= dict(zip(missing, rows, strict=True))
        if not hashes:
            return np.zeros((0, self.dimension), dtype=np.float32)
        # float16 both times, so that a second run sees the same numbers as the first
        return np.stack([known[h] if h in known else self._new[h] for h in hashes]).astype(np.float32)

    def _known(self, hashes: Sequence[bytes]) -> dict[bytes, NDArray[np.float16]]:
        found: dict[bytes, NDArray[np.float16]] = {}
        distinct = sorted(set(hashes))
        for start in range(0, len(distinct), 500):
            part = distinct[start : start + 500]
            rows = self._archive.db.execute(
                f"SELECT content, data FROM vector WHERE model = ? AND content IN ({','.join('?' * len(part))})", (self._model, *part)
            )
            found |= {h: np.frombuffer(data, dtype=np.float16) for h, data in rows}
        return found

    def flush(self) -> None:
        """Stores what was computed; a text without a known piece has a zero vector and is not stored."""
        with self._archive.transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO vector (model, content, data) VALUES (?, ?, ?)",
                ((self._model, h, row.tobytes()) for h, row in self._new.items() if row.any()),
            )
        self._new.clear()


def embed_missing(archive: Archive, embedder: Embedder, after: int = 0) -> Iterator[int]:
    """Embeds every message worth finding, of the rows beyond `after`, that has no vector of that model yet; yields how many are
    done, batch by batch."""
    cached = CachedEmbedder(archive, embedder)
    model = model_row(archive, embedder)
    done, last = 0, after
    while rows := archive.db.execute(_MISSING, (model, last, EMBED_BATCH * 4)).fetchall():
        last = rows[-1][0]
        texts = [unit_text_of(r) for r in rows]
        cached.passages(texts)
        cached.flush()
        done += len(rows)
        yield done


# Noise is not embedded, but the judgement is not trusted with a question or a message of eight characters: of everyday
# questions (LCQMC), which are no chat, two in five are taken for banter, and found by their words alone they are not found.
# A message that waits for its analysis is worth finding from the same length on (`a` is joined from the left).
WORTH_FINDING = f"""
    m.kind NOT IN ({",".join(repr(k) for k in SILENT_KINDS)})
    AND CASE WHEN a.row IS NULL THEN length(m.text) >= {TELLING} ELSE a.noise IS NULL OR a.question >= {QUESTION_LEAST}
             OR (a.noise IN ({",".join(repr(n) for n in SMALL_TALK)}) AND length(m.text) >= {TELLING}) END
"""
_MISSING = f"""
    SELECT m.row, m.text, m.extra FROM message m LEFT JOIN analysed a ON a.row = m.row
    WHERE m.row > ?2 AND {WORTH_FINDING}
    AND NOT EXISTS (SELECT 1 FROM vector v WHERE v.content = m.content AND v.model = ?1)
    ORDER BY m.row LIMIT ?3
"""


def unit_text_of(row: Sequence[object]) -> str:
    """`unit_text` of a row (row, text, extra)."""
    import json
    from datetime import UTC, datetime

    extra = json.loads(str(row[2])) if row[2] else {}
    message = Message(
        id="", sender_id="", sender="", sent_at=datetime(1970, 1, 1, tzinfo=UTC), text=str(row[1]),
        title=extra.get("title"), file_name=extra.get("file_name"), url=extra.get("url"),
    )  # fmt: skip
    return unit_text(message)
