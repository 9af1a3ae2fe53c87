"""Scoring and extraction of 20,000 messages, with threads and vectors given; each the best of three."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from bench.pipeline import sample_messages, varied_log
from pipeline.analysis import AnalysisOptions
from pipeline.embedding import FAST, MessageVectors, load_embedder
from pipeline.extract import extract_items, extract_qa, extract_talks
from pipeline.readers import ReadOptions, read_export
from pipeline.score import score_messages
from pipeline.segment import split_into_sessions
from pipeline.thread import untangle

MESSAGES, ROUNDS = 20_000, 3


def main() -> None:
    with TemporaryDirectory() as folder:
        log = varied_log(Path(folder) / "chat.jsonl", sample_messages(), MESSAGES)
        (export,) = read_export(log, ReadOptions(tz=ZoneInfo("Asia/Shanghai")))
    messages, options = export.messages, AnalysisOptions()
    vectors = _Kept(messages)
    sessions = split_into_sessions(messages, options.segment_of(export.chat))
    links, threads = untangle(messages, sessions, vectors, options.thread)
    scored = score_messages(messages, links, threads, vectors, options.score)

    def extract() -> None:
        qa = extract_qa(messages, links, threads, scored, vectors, options.extract)
        extract_items(messages, threads, scored, qa, vectors, options.extract)
        extract_talks(messages, sessions, threads, scored, qa, options.extract)

    extract()  # what it asks of the quality model is kept from here on
    scoring = _seconds(lambda: score_messages(messages, links, threads, vectors, options.score))
    extraction = _seconds(extract)
    print(
        f"scoring {MESSAGES / scoring:,.0f}, extraction {MESSAGES / extraction:,.0f} messages/s, one after the other"
        f" {MESSAGES / (scoring + extraction):,.0f} (must: 2,000); {MESSAGES:,} messages, threads and vectors given"
    )


class _Kept(MessageVectors):
    """Vectors that are all there: also those of sentences, which are asked for anew by their text."""

    def __init__(self, messages: Any) -> None:
        super().__init__(messages, load_embedder(FAST), load_embedder())
        self._of: dict[tuple[str, ...], Any] = {}

    def fast_of(self, texts: Any) -> Any:
        key = tuple(texts)
        if key not in self._of:
            self._of[key] = super().fast_of(texts)
        return self._of[key]


def _seconds(call: Callable[[], Any]) -> float:
    taken = []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return min(taken)


if __name__ == "__main__":
    main()
