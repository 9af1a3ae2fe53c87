"""The archive's vectors made searchable: the FAISS cache kept in step with SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline import index
from pipeline.archive import Archive
from pipeline.archive.store import INDEX_FOLDER
from pipeline.archive.vectors import WORTH_FINDING
from pipeline.embedding import Vectors
from pipeline.index import DamagedIndexError, Stamp, VectorIndex

READ_BATCH = 20_000
Ids = NDArray[np.int64]

# Vectors that the stages needed for noise are cached, too, but never searched.
_SEARCHED = f"""
    SELECT v.id, v.data FROM vector v WHERE v.model = ? AND v.id > ? AND v.id <= ? AND EXISTS (
        SELECT 1 FROM message m LEFT JOIN analysed a ON a.row = m.row WHERE m.content = v.content AND {WORTH_FINDING})
    ORDER BY v.id
"""
_SEARCHED_IDS = f"""
    SELECT DISTINCT v.id FROM message m LEFT JOIN analysed a ON a.row = m.row JOIN vector v ON v.content = m.content
    WHERE v.model = ? AND v.id <= ? AND {WORTH_FINDING}
"""


def archive_model(archive: Archive) -> tuple[int, str, int] | None:
    """(row, name, dimension) of the model that the archive is searched with; None before the first import."""
    name = archive.setting("model")
    found = archive.db.execute("SELECT id, name, dimension FROM model WHERE name = ?", (name,)).fetchone()
    return None if found is None else (int(found[0]), str(found[1]), int(found[2]))


def update_index(archive: Archive, *, force: bool = False) -> bool:
    """Writes the index anew when it is missing, disagrees with the archive, or its tail has grown long; did it?"""
    model = archive_model(archive)
    if model is None:
        return False
    folder = archive.folder / INDEX_FOLDER
    stamp = index.read_stamp(folder)
    newest = _newest(archive)
    if not force and stamp and _fits(archive, stamp, model) and not index.tail_is_long(stamp, newest):
        return False
    count = int(archive.db.execute("SELECT count(*) FROM vector WHERE model = ?", (model[0],)).fetchone()[0])
    fresh = Stamp(model=model[1], dimension=model[2], generation=archive.setting("generation"), last_id=newest, count=count)
    index.build(folder, fresh, lambda: _batches(archive, model[0], model[2], 0, newest))
    return True


def open_index(archive: Archive) -> VectorIndex | None:
    """The index as it is now: the file as far as it can be trusted, everything newer as its tail. None: nothing to search."""
    model = archive_model(archive)
    if model is None:
        return None
    folder = archive.folder / INDEX_FOLDER
    newest = _newest(archive)
    for _attempt in range(2):
        stamp = index.read_stamp(folder)
        if stamp and _fits(archive, stamp, model):
            try:
                return VectorIndex(folder, stamp, _tail(archive, model, stamp.last_id, newest))
            except DamagedIndexError:
                index.Paths.of(folder).stamp.unlink(missing_ok=True)
        if archive.read_only:
            break
        update_index(archive, force=True)
    return VectorIndex.of_tail(_tail(archive, model, 0, newest), model[2])


def _fits(archive: Archive, stamp: Stamp, model: tuple[int, str, int]) -> bool:
    return (stamp.model, stamp.dimension, stamp.generation) == (model[1], model[2], archive.setting("generation"))


def _newest(archive: Archive) -> int:
    return int(archive.db.execute("SELECT coalesce(max(id), 0) FROM vector").fetchone()[0])


def searched_vectors(archive: Archive) -> tuple[Ids, Vectors]:
    """Every vector that a search may find, with its id: what an index is measured against. There is a model already."""
    model = archive_model(archive)
    assert model is not None
    return _tail(archive, model, 0, _newest(archive))


def _tail(archive: Archive, model: tuple[int, str, int], after: int, newest: int) -> tuple[Ids, Vectors]:
    parts = list(_batches(archive, model[0], model[2], after, newest))
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros((0, model[2]), dtype=np.float32)
    return np.concatenate([ids for ids, _rows in parts]), np.concatenate([rows for _ids, rows in parts])


def _batches(archive: Archive, model: int, dimension: int, after: int, newest: int) -> Iterator[tuple[Ids, Vectors]]:
    cursor = archive.db.execute(_SEARCHED, (model, after, newest))
    while part := cursor.fetchmany(READ_BATCH):
        yield np.array([i for i, _data in part], dtype=np.int64), index.stack([data for _i, data in part], dimension)


def let_in(archive: Archive, rows: Sequence[int]) -> int:
    """Gives those of the messages' vectors a new id that a change of their analysis makes worth finding only now; how many.

    Such a vector (of noise, cached for the stages) is older than the index file and not in it; behind it, it stands in the tail.
    """
    model, stamp = archive_model(archive), index.read_stamp(archive.folder / INDEX_FOLDER)
    if model is None or stamp is None or not _fits(archive, stamp, model):
        return 0
    wanted: set[int] = set()
    query = f"{_SEARCHED_IDS} AND m.row IN "
    for start in range(0, len(rows), 5_000):
        part = rows[start : start + 5_000]
        found = archive.db.execute(query + f"({','.join('?' * len(part))})", (model[0], stamp.last_id, *part))
        wanted.update(i for (i,) in found)
    if not wanted:
        return 0
    try:
        outside = sorted(wanted.difference(_file_ids(archive, stamp, model[2]).tolist()))
    except DamagedIndexError:
        return 0  # whoever opens it builds it anew
    with archive.transaction() as db:
        for i in outside:
            same = db.execute("SELECT model, content, data FROM vector WHERE id = ?", (i,)).fetchone()
            db.execute("DELETE FROM vector WHERE id = ?", (i,))
            db.execute("INSERT INTO vector (model, content, data) VALUES (?, ?, ?)", same)
    return len(outside)


def vector_ids(archive: Archive, model: int, rows: Ids) -> Ids:
    """The ids of those messages' vectors, sorted: what a filtered search may look at."""
    found: set[int] = set()
    wanted = rows.tolist()
    query = "SELECT v.id FROM message m JOIN vector v ON v.content = m.content AND v.model = ? WHERE m.row IN "
    for start in range(0, len(wanted), 5_000):
        part = wanted[start : start + 5_000]
        found.update(i for (i,) in archive.db.execute(query + f"({','.join('?' * len(part))})", (model, *part)))
    return np.array(sorted(found), dtype=np.int64)


def disagrees(archive: Archive) -> bool:
    """Does the index file hold vectors that the archive has not, or lack some that are searched? No file is no disagreement."""
    model = archive_model(archive)
    stamp = index.read_stamp(archive.folder / INDEX_FOLDER)
    if model is None or stamp is None:
        return False
    if not _fits(archive, stamp, model):
        return True
    try:
        held = set(_file_ids(archive, stamp, model[2]).tolist())
    except DamagedIndexError:
        return True
    known = {i for (i,) in archive.db.execute("SELECT id FROM vector WHERE model = ? AND id <= ?", (model[0], stamp.last_id))}
    searched = {i for (i,) in archive.db.execute(_SEARCHED_IDS, (model[0], stamp.last_id))}
    return not searched <= held <= known


def _file_ids(archive: Archive, stamp: Stamp, dimension: int) -> Ids:
    nothing = (np.zeros(0, dtype=np.int64), np.zeros((0, dimension), dtype=np.float32))
    return VectorIndex(archive.folder / INDEX_FOLDER, stamp, nothing).file_ids()
