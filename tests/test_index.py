"""The vector index answers as comparing everything would, and is never believed when it disagrees with the archive."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from archive_factory import OPTIONS, begun

from pipeline import index
from pipeline.archive import Archive, open_archive
from pipeline.archive.add import bring_up_to_date
from pipeline.embedding import FAST, Vectors, load_embedder, unit_rows
from pipeline.index import DamagedIndexError, Ids, Stamp, VectorIndex
from pipeline.search.meaning import disagrees, let_in, open_index, update_index

DIMENSION = 32
NO_TAIL = (np.zeros(0, dtype=np.int64), np.zeros((0, DIMENSION), dtype=np.float32))


def _clustered(n: int, seed: int = 1) -> Vectors:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((40, DIMENSION))
    return unit_rows(centres[rng.integers(0, 40, n)] + 0.6 * rng.standard_normal((n, DIMENSION)))


def _built(folder: Path, rows: Vectors, first_id: int = 1) -> Stamp:
    ids = np.arange(first_id, first_id + len(rows), dtype=np.int64) * 3  # ids with gaps, as after deletions
    stamp = Stamp(model="m", dimension=DIMENSION, generation="1", last_id=int(ids[-1]), count=len(rows))

    def batches() -> Iterable[tuple[Ids, Vectors]]:
        for start in range(0, len(rows), 1000):
            yield ids[start : start + 1000], rows[start : start + 1000]

    index.build(folder, stamp, batches)
    read = index.read_stamp(folder)
    assert read is not None
    return read


def _nearest(rows: Vectors, query: Vectors, k: int) -> list[int]:
    return [int(i + 1) * 3 for i in np.argsort(-(rows @ query), kind="stable")[:k]]


def test_a_small_index_compares_everything(tmp_path: Path) -> None:
    rows = _clustered(500)
    found = VectorIndex(tmp_path, _built(tmp_path, rows), NO_TAIL).search(rows[7], 10)
    assert [i for i, _cosine in found] == _nearest(rows, rows[7], 10)
    assert found[0][1] == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("part_most", [100_000, 5_000])
def test_a_large_index_finds_97_of_100_of_the_nearest_ten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_most: int) -> None:
    monkeypatch.setattr(index, "EXACT_MOST", 2000)
    monkeypatch.setattr(index, "PART_MOST", part_most)
    rows = _clustered(12_000)
    stamp = _built(tmp_path, rows)
    assert stamp.parts == -(-len(rows) // part_most)
    opened = VectorIndex(tmp_path, stamp, NO_TAIL)
    queries = _clustered(100, seed=2)
    right = sum(len({i for i, _c in opened.search(q, 10)} & set(_nearest(rows, q, 10))) for q in queries)
    assert right / 1000 >= 0.97


@pytest.mark.parametrize("part_most", [100_000, 1000])
@pytest.mark.parametrize("exact", [True, False])
def test_a_filter_acts_inside_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: bool, part_most: int) -> None:
    monkeypatch.setattr(index, "PART_MOST", part_most)
    if not exact:
        monkeypatch.setattr(index, "EXACT_MOST", 500)
    rows = _clustered(3000)
    opened = VectorIndex(tmp_path, _built(tmp_path, rows), NO_TAIL)
    allowed = np.array([30, 300, 3000, 8999], dtype=np.int64)  # 8999 is no id
    assert {i for i, _c in opened.search(rows[0], 10, allowed)} == {30, 300, 3000}
    assert opened.search(rows[0], 10, np.zeros(0, dtype=np.int64)) == []


def test_a_smaller_index_leaves_no_part_of_the_larger_one_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "PART_MOST", 1000)
    _built(tmp_path, _clustered(2500))
    assert len(list(tmp_path.glob("*.faiss"))) == 3
    rows = _clustered(800)
    opened = VectorIndex(tmp_path, _built(tmp_path, rows), NO_TAIL)
    assert [p.name for p in tmp_path.glob("*.faiss")] == ["vectors.faiss"]
    assert opened.search(rows[799], 1)[0][0] == 2400


def test_new_vectors_are_found_before_the_file_is_written_anew(tmp_path: Path) -> None:
    rows = _clustered(300)
    stamp = _built(tmp_path, rows)
    fresh = unit_rows(np.ones((1, DIMENSION), dtype=np.float32))
    opened = VectorIndex(tmp_path, stamp, (np.array([5000], dtype=np.int64), fresh))
    assert opened.search(fresh[0], 3)[0][0] == 5000
    assert opened.search(fresh[0], 3, np.array([30], dtype=np.int64))[0][0] == 30
    assert len(opened) == 301


def test_more_hits_than_there_are_gives_all_there_are(tmp_path: Path) -> None:
    rows = _clustered(5)
    assert len(VectorIndex(tmp_path, _built(tmp_path, rows), NO_TAIL).search(rows[0], 50)) == 5


@pytest.mark.parametrize("name", ["vectors.faiss", "ids.npy"])
def test_a_damaged_file_is_known_as_such(tmp_path: Path, name: str) -> None:
    stamp = _built(tmp_path, _clustered(300))
    whole = (tmp_path / name).read_bytes()
    for broken in (b"", whole[: len(whole) // 2], b"\0" * 50):
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(DamagedIndexError):
            VectorIndex(tmp_path, stamp, NO_TAIL)


def test_a_deleted_or_foreign_index_is_made_anew_from_the_archive(tmp_path: Path) -> None:
    begun(tmp_path)
    folder = tmp_path / "index"
    with open_archive(tmp_path) as archive:
        update_index(archive, force=True)
        before = index.read_stamp(folder)
        for file in folder.iterdir():
            file.unlink()
        assert open_index(archive) is not None
        assert index.read_stamp(folder) == before
        archive.set_setting("generation", "77")
        opened = open_index(archive)
        assert opened is not None
        after = index.read_stamp(folder)
        assert after is not None
        assert (after.generation, after.count) == ("77", len(opened))


def test_a_stored_vector_is_searched_once_its_message_becomes_worth_finding(tmp_path: Path) -> None:
    with open_archive(begun(tmp_path)) as archive, archive.writing():
        row, text = archive.db.execute("SELECT row, text FROM message WHERE text LIKE '%窗口函数%'").fetchone()
        archive.db.execute("UPDATE analysed SET noise = 'repost', question = 0 WHERE row = ?", (row,))
        update_index(archive, force=True)  # without that message, whose vector stays
        assert not _finds(archive, row, text)
        archive.db.execute("UPDATE analysed SET noise = NULL WHERE row = ?", (row,))
        assert disagrees(archive)
        assert let_in(archive, [row]) == 1
        assert not disagrees(archive)
        assert _finds(archive, row, text)
        assert let_in(archive, [row]) == 0


def test_a_message_that_a_later_analysis_makes_worth_finding_is_found_by_meaning(tmp_path: Path) -> None:
    with open_archive(begun(tmp_path)) as archive, archive.writing():
        row, text = archive.db.execute("SELECT row, text FROM message WHERE text LIKE '%窗口函数%'").fetchone()
        archive.db.execute("UPDATE analysed SET noise = 'repost', question = 0 WHERE row = ?", (row,))
        update_index(archive, force=True)
        archive.db.execute("INSERT INTO pending VALUES (?)", (row,))
        bring_up_to_date(archive, OPTIONS)
        assert _finds(archive, row, text)


def _finds(archive: Archive, row: int, text: str) -> bool:
    opened, embedder = open_index(archive), load_embedder(FAST)
    assert opened is not None
    (own,) = archive.db.execute("SELECT v.id FROM vector v JOIN message m ON m.content = v.content WHERE m.row = ?", (row,)).fetchone()
    return own in {i for i, _cosine in opened.search(embedder.queries([text])[0], 3)}
