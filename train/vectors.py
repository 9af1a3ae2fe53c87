"""Vectors of training texts, kept on disk: the quality model takes minutes for what a training needs again and again."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.embedding import QUALITY, Embedder, Vectors, load_embedder

CACHE = Path(__file__).parent.parent / ".cache" / "vectors.sqlite"  # git-ignored; may be deleted at any time
CHUNK = 1024  # texts between two commits, so that an interrupted run loses little


def cached_passages(texts: Sequence[str], embedder: Embedder | None = None, path: Path = CACHE) -> Vectors:
    """The embedder's passage vectors of the texts, computed once for each distinct text and kept as float16."""
    embedder = embedder or load_embedder(QUALITY)
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path, timeout=120) as database:
        database.execute("CREATE TABLE IF NOT EXISTS vectors (model TEXT, text TEXT, vector BLOB, PRIMARY KEY (model, text)) WITHOUT ROWID")
        known = _known(database, embedder.name, set(texts))
        missing = sorted(set(texts) - set(known), key=lambda t: (len(t), t))
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            rows = embedder.passages(chunk).astype(np.float16)
            database.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(embedder.name, t, r.tobytes()) for t, r in zip(chunk, rows, strict=True)],
            )
            database.commit()
            known |= dict(zip(chunk, rows, strict=True))
            if len(missing) > 4 * CHUNK:
                print(f"  encoded {start + len(chunk)} of {len(missing)}", file=sys.stderr, flush=True)
    if not texts:
        return np.zeros((0, embedder.dimension), dtype=np.float32)
    return np.stack([known[t] for t in texts]).astype(np.float32)


def _known(database: sqlite3.Connection, model: str, wanted: set[str]) -> dict[str, np.ndarray]:
    found = {}
    todo = sorted(wanted)
    for start in range(0, len(todo), 500):
        part = todo[start : start + 500]
        marks = ",".join("?" * len(part))
        for text, blob in database.execute(f"SELECT text, vector FROM vectors WHERE model = ? AND text IN ({marks})", [model, *part]):  # noqa: S608  (only marks)
            found[text] = np.frombuffer(blob, dtype=np.float16)
    return found
