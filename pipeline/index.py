"""Nearest vectors: FAISS files that are only a cache of what SQLite holds.

    exact          up to EXACT_MOST vectors: every vector is compared (float16, memory-mapped)
    approximate    beyond: inverted lists, as many looked into as keep recall@10 ≥ 0.97 (docs/search.md); in parts of
                   PART_MOST vectors with the same lists, so that memory does not grow with the archive while they are written

A file is never changed in place. Vectors that came after it are the *tail*, compared one by one; when the tail grows
past a share of the file, the file is written anew beside the old one and renamed. A file says of itself which
archive state it belongs to (`Stamp`): when that disagrees with the archive, it is thrown away and built again.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import Vectors

EXACT_MOST = 40_000  # 15 ms a query on one core; from there on lists are faster than their loss
PART_MOST = 100_000  # 77 MB of 384 float16 numbers
TAIL_LEAST = 4_000  # a tail up to here is never worth a new file
TAIL_SHARE = 0.05
PROBE_SHARE = 0.08  # of the lists are looked into, at least PROBE_LEAST
PROBE_LEAST = 96
SAMPLE_PER_LIST = 40  # vectors to learn a list's centre from
ROUNDS = 6  # of k-means; more moves recall by less than its noise
SEED = 7
THREADS = 2

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Which state of the archive an index file was made from."""

    model: str
    dimension: int
    generation: str  # changes whenever a vector was deleted
    last_id: int  # the newest vector in it
    count: int
    parts: int = 1  # files that the vectors lie in


def load_library() -> Any:
    """The library, imported at first use: 0.2 s. Its stubs do not know its own Python constructors."""
    return importlib.import_module("faiss")


class DamagedIndexError(Exception):
    """The files cannot be read as an index; they are a cache, so the caller builds them again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The files of one index."""

    folder: Path
    ids: Path
    stamp: Path

    @classmethod
    def of(cls, folder: Path) -> Paths:
        return cls(folder=folder, ids=folder / "ids.npy", stamp=folder / "stamp.json")

    def vectors(self, part: int) -> Path:
        return self.folder / (f"vectors-{part + 1}.faiss" if part else "vectors.faiss")

    def drop_from(self, part: int) -> None:
        """Removes that part and those after it, of a larger index before."""
        while (path := self.vectors(part)).exists():
            path.unlink()
            part += 1


def read_stamp(folder: Path) -> Stamp | None:
    """The stamp of the files there; None when there are none or it cannot be read."""
    try:
        return Stamp(**json.loads(Paths.of(folder).stamp.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def tail_is_long(stamp: Stamp, newest: int) -> bool:
    """Is it time to write the file anew?"""
    return newest - stamp.last_id > max(TAIL_LEAST, stamp.count * TAIL_SHARE)


def build(folder: Path, stamp: Stamp, batches: Callable[[], Iterable[tuple[Ids, Vectors]]]) -> None:
    """Writes an index of those vectors; `batches` may be run twice (to learn the lists, then to fill them).

    The stamp is removed first and written last, so that an interruption leaves files that nobody trusts.
    """
    faiss = load_library()

    faiss.omp_set_num_threads(THREADS)
    paths = Paths.of(folder)
    paths.stamp.unlink(missing_ok=True)
    if stamp.count <= EXACT_MOST:
        empty = faiss.IndexScalarQuantizer(stamp.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    else:
        empty = _trained_lists(stamp, batches)
    ids: list[Ids] = []
    part, filling = 0, faiss.clone_index(empty)
    for some_ids, rows in batches():
        if filling.ntotal and filling.ntotal + len(rows) > PART_MOST:
            _replace(paths.vectors(part), partial(_save_index, filling))
            part, filling = part + 1, faiss.clone_index(empty)
        filling.add(rows)
        ids.append(some_ids)
    _replace(paths.vectors(part), partial(_save_index, filling))
    paths.drop_from(part + 1)
    every = np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64)
    _replace(paths.ids, lambda path: _save_ids(path, every))
    stamp_text = json.dumps(asdict(replace(stamp, count=len(every), parts=part + 1)))
    _replace(paths.stamp, lambda path: path.write_text(stamp_text, encoding="utf-8"))


def _trained_lists(stamp: Stamp, batches: Callable[[], Iterable[tuple[Ids, Vectors]]]) -> Any:
    faiss = load_library()

    lists = list_count(stamp.count)
    wanted = min(stamp.count, lists * SAMPLE_PER_LIST)
    every = max(1, stamp.count // wanted)
    sample = np.concatenate([rows[::every].copy() for _ids, rows in batches()])  # a view would keep every row
    quantizer = faiss.IndexFlatIP(stamp.dimension)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, stamp.dimension, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT, False
    )  # by_residual=False: plain float16 rows, comparable to the tail's
    index.cp.niter, index.cp.seed = ROUNDS, SEED
    index.cp.max_points_per_centroid = SAMPLE_PER_LIST
    index.train(sample)
    return index


def list_count(vectors: int) -> int:
    """Lists for so many vectors: a power of two near 2·√n, so that centres and lists cost about the same."""
    return int(2 ** round(np.log2(2 * np.sqrt(max(vectors, 1)))))


def _save_index(index: Any, path: Path) -> None:
    """Through Python's own file: faiss's overlooks a disk that is full when it closes a small one."""
    faiss = load_library()
    with path.open("wb") as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))


def _save_ids(path: Path, ids: Ids) -> None:
    with path.open("wb") as file:
        np.save(file, ids, allow_pickle=False)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Writes beside and renames: a reader sees the old file or the new one."""
    fresh = path.with_name(path.name + f".{os.getpid()}.tmp")
    try:
        write(fresh)
        fresh.chmod(0o600)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


class VectorIndex:
    """An open index: the file's vectors (memory-mapped) and the tail."""

    def __init__(self, folder: Path, stamp: Stamp, tail: tuple[Ids, Vectors]) -> None:
        self.dimension = stamp.dimension
        self._ids, self._parts = _open(Paths.of(folder), stamp)
        self._tail_ids, self._tail = tail

    @classmethod
    def of_tail(cls, tail: tuple[Ids, Vectors], dimension: int) -> VectorIndex:
        """An index without a file: every vector is in the tail."""
        self = cls.__new__(cls)
        self.dimension = dimension
        self._ids, self._parts = np.zeros(0, dtype=np.int64), []
        self._tail_ids, self._tail = tail
        return self

    def file_ids(self) -> Ids:
        """The ids that the file holds, sorted."""
        return self._ids

    def __len__(self) -> int:
        return len(self._ids) + len(self._tail_ids)

    def search(self, query: Vectors, k: int, allowed: Ids | None = None) -> list[tuple[int, float]]:
        """The k nearest vector ids with their cosines, best first; only among `allowed` (sorted) when given."""
        found = self._search_file(query, k, allowed) if len(self._ids) else []
        if len(self._tail_ids):
            keep = np.arange(len(self._tail_ids)) if allowed is None else np.flatnonzero(np.isin(self._tail_ids, allowed))
            cosines = self._tail[keep] @ query.reshape(-1)
            best = np.argsort(-cosines, kind="stable")[:k]
            found += [(int(self._tail_ids[keep[i]]), float(cosines[i])) for i in best]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]

    def _search_file(self, query: Vectors, k: int, allowed: Ids | None) -> list[tuple[int, float]]:
        passing = None
        if allowed is not None:
            positions = np.searchsorted(self._ids, allowed)
            positions = positions[(positions < len(self._ids))]
            passing = positions[np.isin(self._ids[positions], allowed)]
        found: list[tuple[int, float]] = []
        first = 0
        for part in self._parts:
            ids = self._ids[first : first + part.ntotal]
            inside = None if passing is None else passing[(passing >= first) & (passing < first + part.ntotal)] - first
            if inside is None or len(inside):
                found += [(int(ids[i]), cosine) for i, cosine in _search_part(part, query, k, inside)]
            first += part.ntotal
        return found


def _search_part(part: Any, query: Vectors, k: int, inside: Ids | None) -> list[tuple[int, float]]:
    """The nearest of one file by their positions in it; only those `inside` when given."""
    faiss = load_library()

    parameters = None
    selector = None if inside is None else faiss.IDSelectorBitmap(_bitmap(inside, part.ntotal))
    if hasattr(part, "nlist"):
        probes = probe_count(part.nlist)
        if inside is not None:  # few rows pass: look into more lists
            probes = min(part.nlist, int(probes * max(1.0, part.ntotal / len(inside))))
        parameters = faiss.SearchParametersIVF(nprobe=probes, sel=selector) if selector else faiss.SearchParametersIVF(nprobe=probes)
    elif selector:
        parameters = faiss.SearchParameters(sel=selector)
    scores, at = part.search(np.ascontiguousarray(query.reshape(1, -1), dtype=np.float32), k, params=parameters)
    return [(int(i), float(s)) for i, s in zip(at[0], scores[0], strict=True) if i >= 0]


def probe_count(lists: int) -> int:
    return min(lists, max(PROBE_LEAST, int(lists * PROBE_SHARE)))


def _bitmap(positions: Ids, n: int) -> NDArray[np.uint8]:
    bits = np.zeros(n, dtype=bool)
    bits[positions] = True
    return np.packbits(bits, bitorder="little")


def _open(paths: Paths, stamp: Stamp) -> tuple[Ids, list[Any]]:
    faiss = load_library()

    faiss.omp_set_num_threads(THREADS)
    try:
        ids = np.load(paths.ids, mmap_mode="r", allow_pickle=False)
        # Two ways of memory-mapping: lists are mapped by the one, plain rows by the other; neither reads the file at once.
        mapped = faiss.IO_FLAG_MMAP_IFC if stamp.count <= EXACT_MOST else faiss.IO_FLAG_MMAP
        parts = [faiss.read_index(str(paths.vectors(part)), mapped) for part in range(stamp.parts)]
    except (OSError, ValueError, EOFError, RuntimeError) as error:  # faiss raises RuntimeError for whatever it cannot read
        raise DamagedIndexError(str(error)) from error
    held = sum(part.ntotal for part in parts)
    if len(ids) != held or any(part.d != stamp.dimension for part in parts) or len(ids) != stamp.count:
        raise DamagedIndexError("the files do not belong together")
    return ids, parts


def stack(rows: Sequence[bytes], dimension: int) -> Vectors:
    """float16 blobs → float32 rows."""
    if not rows:
        return np.zeros((0, dimension), dtype=np.float32)
    return np.frombuffer(b"".join(rows), dtype=np.float16).reshape(-1, dimension).astype(np.float32)
