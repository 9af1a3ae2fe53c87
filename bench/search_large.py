"""The archive's speed at a million messages: warm queries, recall of the index, adding a session. Makes 4 GB under .cache/bench."""

from __future__ import annotations

import os

from bench._large_archive import large_archive
from bench.search import CACHE, adding, recall, warm

MESSAGES = int(os.environ.get("DIANTI_BENCH_MESSAGES", "1000000"))


def main() -> None:
    archive = large_archive(CACHE / "large", MESSAGES)
    print("the gold chats again and again, each copy's texts and vectors varied, written by the archive's own functions")
    warm(archive, most=150)
    recall(archive)
    adding(archive)
