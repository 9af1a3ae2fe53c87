"""The archive's speed at 100,000 messages: cold and warm queries, import (a million: `python -m bench search_large`).

`python -m bench.search` compares search with what one would use instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from bench._large_archive import large_archive, originals
from pipeline.analysis import AnalysisOptions
from pipeline.archive import Archive, open_archive
from pipeline.archive.add import add_export, bring_up_to_date
from pipeline.embedding import FAST, QUALITY, load_embedder
from pipeline.model import Chat, Export, Kind, Message
from pipeline.search import Searcher
from pipeline.search.meaning import searched_vectors

CACHE = Path(os.environ.get("DIANTI_TRAIN_CACHE", ".cache")) / "bench"
BARE = "import faiss; from pipeline.embedding import load_embedder; load_embedder().queries(['续费率怎么算'])"
QUERIES = (
    "机械盘空闲时几秒钟敲一下算不算毛病", "停电怎么让nas自己关机", "什么时候打印准考证", "孩子上吐下泻家里怎么处理",
    "没有专业鞋子 平时的运动鞋行不行",
    "data showing up hours after the load already ran", "spuds turned black overnight", "路由器刷完没有5g信号", "续费率", "iPhone15",
)  # fmt: skip


def main() -> None:
    archive = large_archive(CACHE / "100k", 100_000)
    print("100,000 messages: the gold chats again and again, each copy's texts and vectors varied, written by the archive's own functions")
    cold(archive)
    warm(archive)
    recall(archive)
    imports(QUALITY, 2_000)
    imports(FAST, 20_000)


def cold(archive: Archive, rounds: int = 5) -> None:
    """`dianti search` beside a script that imports faiss, loads the model and embeds one query; alternating, the best of each."""
    command = [sys.executable, "-m", "pipeline", "--archive", str(archive.folder), "search", QUERIES[0]]
    ours, bare = [], []
    for _round in range(rounds):
        bare.append(_seconds([sys.executable, "-c", BARE]))
        ours.append(_seconds(command))
    best, plain = min(ours), min(bare)
    print(
        f"cold search, {archive.newest_row():,} messages: {best.wall:.2f} s ({best.busy:.2f} s of processor);"
        f" bare script {plain.wall:.2f} s ({plain.busy:.2f} s); ratio {best.wall / plain.wall:.2f}"
        f" ({best.busy / plain.busy:.2f} of processor time; must: 1.5)"
    )


class Taken(NamedTuple):
    """Seconds on the clock and of the processor."""

    wall: float
    busy: float


class Watch:
    """Takes both times of this process."""

    def __init__(self) -> None:
        self.started, self.busy = time.perf_counter(), time.process_time()

    def taken(self) -> Taken:
        return Taken(time.perf_counter() - self.started, time.process_time() - self.busy)


def _seconds(command: Sequence[str]) -> Taken:
    before, watch = _children(), Watch()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return Taken(watch.taken().wall, _children() - before)


def _children() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


def warm(archive: Archive, most: float = 40, rounds: int = 10) -> None:
    searcher = Searcher(archive, load_embedder())
    taken: list[Taken] = []
    for n in range(rounds):
        for query in QUERIES:
            watch = Watch()
            searcher.search(f"{query} {n}")
            taken.append(watch.taken())
    wall, busy = (np.array(times) * 1000 for times in zip(*taken, strict=True))
    print(
        f"warm query, {archive.newest_row():,} messages: median {np.median(wall):.0f} ms, p95 {np.quantile(wall, 0.95):.0f} ms"
        f" (of processor {np.median(busy):.0f}, {np.quantile(busy, 0.95):.0f}; p95 must: {most:.0f})"
    )


def recall(archive: Archive) -> None:
    """recall@10 of the index against comparing every vector."""
    searcher = Searcher(archive, load_embedder())
    assert searcher.index is not None
    ids, every = searched_vectors(archive)
    right = 0
    for query in QUERIES:
        vector = load_embedder().queries([query])[0]
        cosines = np.concatenate([every[i : i + 50_000] @ vector for i in range(0, len(every), 50_000)])
        nearest = set(ids[np.argsort(-cosines, kind="stable")[:10]].tolist())
        right += len(nearest & {i for i, _cosine in searcher.index.search(vector, 10)})
    print(f"recall@10 of the index, {len(ids):,} vectors: {right / (10 * len(QUERIES)):.3f}")


def _messages(n: int, first: int = 0) -> tuple[Message, ...]:
    """Real messages repeated with a number of their own."""
    base = originals()
    found = []
    for i in range(first, first + n):
        o, copy = base[i % len(base)], i // len(base)
        found.append(
            Message(
                id=f"b{i}", sender_id=o.sender_id, sender=o.sender, sent_at=o.sent_at + timedelta(days=400 + 3 * copy),
                text=f"{o.text} {i}" if o.kind == "text" else o.text, kind=Kind(o.kind),
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda m: (m.sent_at, m.id)))


def imports(model: str, messages: int) -> None:
    with TemporaryDirectory() as folder, open_archive(Path(folder)) as archive, archive.writing():
        export = Export(chat=Chat(name="bench"), format="bench", messages=_messages(messages))
        watch, options = Watch(), AnalysisOptions(model=model)
        add_export(archive, export)
        words = watch.taken()
        bring_up_to_date(archive, options)
        whole = watch.taken()
        print(
            f"import of {messages:,}, model {model}: {messages / whole.wall:.0f} messages/s with analysis, vectors, index and question"
            f" ledger ({messages / whole.busy:.0f} per second of processor); their words alone {messages / words.wall:.0f}"
            f" ({messages / words.busy:.0f}); must: {3000 if model == FAST else 250}"
        )


def adding(archive: Archive, messages: int = 1_000) -> None:
    first = archive.newest_row()
    export = Export(chat=Chat(name="chat1", id="chat1"), format="bench", messages=_messages(messages, first))
    with archive.writing():
        watch = Watch()
        add_export(archive, export, "chat1")
        bring_up_to_date(archive, AnalysisOptions())
        taken = watch.taken()
        print(f"adding {messages:,} to {first:,} messages: {taken.wall:.1f} s ({taken.busy:.1f} s of processor; must: 20 s)")


# Side by side on the gold chats: `python -m bench.search` with EVAL_DATA set.

Ranker = Callable[[str], list[int]]


def side_by_side() -> None:
    """MRR@10, hit@1 and hit@5 of plain ways to search, by the rule of score.py; ours stands in `python -m train.search`."""
    from train.__main__ import eval_data
    from train.search import Gold, hit_rank, load

    data = eval_data()
    golds: list[Gold] = [load(data, p.name) for p in sorted((data / "gold").iterdir()) if (p / "gold.json").exists()]
    for name, make in (
        ("FTS5 unicode61", lambda a: _fts(a, "unicode61")), ("FTS5 trigram", lambda a: _fts(a, "trigram")), ("BM25 jieba (bm25s)", _bm25),
        ("vectors alone", _vectors), ("LanceDB hybrid, same vectors", _lance),
    ):  # fmt: skip
        places = []
        for g in golds:
            ranker = make(g.searcher.archive)
            for case in g.cases:
                if case.kind == "asked" and case.answerable:
                    order = {row: n for n, row in enumerate(ranker(case.query))}
                    places.append(hit_rank(g, case, np.array([-float(order.get(r, 10_000)) for r in case.rows])))
        figures = (np.mean([1 / p for p in places]), np.mean([p <= 1 for p in places]), np.mean([p <= 5 for p in places]))
        print(f"{name}: MRR@10 {figures[0]:.3f}, hit@1 {figures[1]:.3f}, hit@5 {figures[2]:.3f}")


def _texts(archive: Archive) -> list[tuple[int, str]]:
    return [(int(r), str(t)) for r, t in archive.db.execute("SELECT row, text FROM message ORDER BY row")]


def _fts(archive: Archive, tokenizer: str) -> Ranker:
    import sqlite3

    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE VIRTUAL TABLE t USING fts5 (text, tokenize='{tokenizer}')")
    db.executemany("INSERT INTO t (rowid, text) VALUES (?, ?)", _texts(archive))

    def rank(query: str) -> list[int]:
        terms = query.split() if tokenizer == "unicode61" else [query[i : i + 3] for i in range(len(query) - 2)]
        match = " OR ".join('"' + t.replace('"', '""') + '"' for t in terms) or '""'
        return [r for (r,) in db.execute("SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT 10", (match,))]

    return rank


def _bm25(archive: Archive) -> Ranker:
    import bm25s

    from pipeline.text import words

    texts = _texts(archive)
    index = bm25s.BM25()
    index.index([words(t) or [" "] for _r, t in texts], show_progress=False)

    def rank(query: str) -> list[int]:
        found, scores = index.retrieve([words(query)], k=10, show_progress=False)
        return [texts[i][0] for i, s in zip(found[0], scores[0], strict=True) if s > 0]

    return rank


def _vectors(archive: Archive) -> Ranker:
    rows, vectors = _vector_rows(archive)
    return lambda query: [rows[i] for i in np.argsort(-(vectors @ load_embedder().queries([query])[0]), kind="stable")[:10]]


def _vector_rows(archive: Archive) -> tuple[list[int], np.ndarray]:
    found = archive.db.execute("SELECT m.row, v.data FROM message m JOIN vector v ON v.content = m.content ORDER BY m.row").fetchall()
    return [r for r, _d in found], np.stack([np.frombuffer(d, dtype=np.float16) for _r, d in found]).astype(np.float32)


def _lance(archive: Archive) -> Ranker:
    """LanceDB (`pip install lancedb`) as its documentation shows hybrid search: n-gram full text, vectors, reciprocal ranks."""
    import lancedb

    rows, vectors = _vector_rows(archive)
    texts = dict(_texts(archive))
    folder = TemporaryDirectory()
    table = lancedb.connect(folder.name).create_table(
        "t", [{"row": r, "text": texts[r], "vector": v} for r, v in zip(rows, vectors.tolist(), strict=True)]
    )
    table.create_fts_index("text", base_tokenizer="ngram", ngram_min_length=2, ngram_max_length=3)

    def rank(query: str) -> list[int]:
        assert folder.name
        hits = table.search(query_type="hybrid").vector(load_embedder().queries([query])[0].tolist()).text(query).limit(10).to_list()
        return [int(h["row"]) for h in hits]

    return rank


if __name__ == "__main__":
    side_by_side()
