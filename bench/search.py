"""The archive's speed at 100,000 messages: cold and warm queries, import (a million: `python -m bench search_large`).

`python -m bench search_beside` compares search with what one would use instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
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
SHORT = 6  # characters of what people say again word for word
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
    imports(QUALITY, 4_400)  # the ten annotated chats, once
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
    for query in QUERIES:  # the first time a page of the archive is read is not warm
        searcher.search(query)
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
    """Real messages; from the second round on, those of some length with the round's number, as people repeat short ones only."""
    base = originals()
    found = []
    for i in range(first, first + n):
        o, copy = base[i % len(base)], i // len(base)
        found.append(
            Message(
                id=f"b{i}", sender_id=o.sender_id, sender=o.sender, sent_at=o.sent_at + timedelta(days=400 + 3 * copy),
                text=f"{o.text} {copy}" if copy and o.kind == "text" and len(o.text) > SHORT else o.text, kind=Kind(o.kind),
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda m: (m.sent_at, m.id)))


def imports(model: str, messages: int) -> None:
    with TemporaryDirectory() as folder, open_archive(Path(folder)) as archive, archive.writing():
        export = Export(chat=Chat(name="bench"), format="bench", messages=_messages(messages))
        watch, options = Watch(), AnalysisOptions(model=model)
        add_export(archive, export)
        found = [watch.taken()]
        bring_up_to_date(archive, options, searchable=lambda waiting: found.append(watch.taken()))
        whole = watch.taken()
        by = "words and meaning" if len(found) > 1 else "words"
        print(
            f"import of {messages:,}, model {model}: found by {by} at {messages / found[-1].wall:.0f} messages/s"
            f" ({messages / found[-1].busy:.0f} per second of processor); with analysis, vectors, index and question ledger"
            f" {messages / whole.wall:.0f} ({messages / whole.busy:.0f}); must: {3000 if model == FAST else 250}"
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


if __name__ == "__main__":
    main()
