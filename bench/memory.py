"""The question ledger after a day of 1,000 messages, in an archive of a million messages and 80,000 questions."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from bench._large_archive import Original, originals
from pipeline.analysis import AnalysisOptions
from pipeline.archive import Archive, StoredChat, open_archive
from pipeline.archive.store import SQL_BATCH, content_hash, micros
from pipeline.embedding import load_embedder
from pipeline.memory.cues import chat_day
from pipeline.memory.keeping import changed_days, keep_days, read_ledger
from pipeline.memory.match import Side, read_learned
from pipeline.memory.shelf import askings_with_sides, put_asking
from pipeline.model import Chat, Kind, Message

CACHE = Path(os.environ.get("DIANTI_TRAIN_CACHE", ".cache")) / "bench"
MESSAGES = int(os.environ.get("DIANTI_BENCH_MESSAGES", "1000000"))
QUESTIONS = MESSAGES * 8 // 100
DAY = 1_000
NOISE = 0.4  # length of the noise added to a question's vector: near to its original, as a repeat's would be
ROUNDS = 3


def main() -> None:
    load_embedder().passages(["warm"])
    with open_archive(CACHE / f"ledger-{MESSAGES}") as archive, archive.writing():
        chat, newest = _filled(archive)
        taken = [_update(archive, chat, newest + timedelta(days=1 + n), n) for n in range(ROUNDS)]
        started = time.perf_counter()
        questions = len(read_ledger(archive, chat))
        read = time.perf_counter() - started
        _forget_rounds(archive, chat)
    wall, processor = min(taken)
    print(f"ledger after {DAY:,} messages, archive of {MESSAGES:,} with {QUESTIONS:,} questions: {wall:.1f} s, processor {processor:.1f} s")
    print(f"the whole ledger read: {questions:,} questions, {read:.1f} s")


def _update(archive: Archive, chat: StoredChat, day: datetime, number: int) -> tuple[float, float]:
    """Wall and processor seconds of one day's update; its messages have their vectors, as after `add`."""
    base = [o for o in originals() if o.text]
    messages = [
        Message(
            id=f"bench{number}-{i}", sender_id=o.sender_id, sender=o.sender, sent_at=day + timedelta(seconds=40 * i),
            text=f"{o.text} {number}" if i >= len(base) else o.text, kind=Kind(o.kind),
        )
        for i, o in ((i, base[(i + 1000 * number) % len(base)]) for i in range(DAY))
    ]  # fmt: skip
    archive.insert(chat, messages)
    days = {chat_day(m.sent_at) for m in messages}
    keep_days(archive, chat, days, AnalysisOptions())  # once, so that the vectors are there
    started, used = time.perf_counter(), time.process_time()
    keep_days(archive, chat, days, AnalysisOptions())
    return time.perf_counter() - started, time.process_time() - used


def _forget_rounds(archive: Archive, chat: StoredChat) -> None:
    """Leaves the archive as it was found."""
    with archive.transaction() as db:
        db.execute("DELETE FROM pending WHERE row IN (SELECT row FROM message WHERE chat = ? AND id LIKE 'bench%')", (chat.row,))
        db.execute("DELETE FROM message WHERE chat = ? AND id LIKE 'bench%'", (chat.row,))
    keep_days(archive, chat, {d for d in changed_days(archive, chat.row) if d > _LAST}, AnalysisOptions())


_LAST = date(2026, 1, 1)  # the filled archive ends here


def _filled(archive: Archive) -> tuple[StoredChat, datetime]:
    """The archive's one chat with all its messages and questions, made when they are not there yet; when it ends."""
    chat = next(iter(archive.chats()), None) or archive.new_chat(Chat(name="bench"))
    newest = datetime.fromisoformat(f"{_LAST}T12:00:00+08:00")
    if archive.count(chat) < MESSAGES:
        _fill_messages(archive, chat, newest)
        _fill_questions(archive, chat, newest)
    return chat, newest


def _fill_messages(archive: Archive, chat: StoredChat, newest: datetime) -> None:
    """Messages without words and vectors: the ledger reads neither of old ones."""
    base = originals()
    for start in range(0, MESSAGES, SQL_BATCH):
        with archive.transaction() as db:
            values = (_message_row(chat, base[i % len(base)], i, newest) for i in range(start, min(MESSAGES, start + SQL_BATCH)))
            db.executemany(
                "INSERT INTO message (chat, id, at, sent_at, sender_id, sender, text, kind, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )


def _message_row(chat: StoredChat, o: Original, i: int, newest: datetime) -> tuple[object, ...]:
    at = newest - timedelta(seconds=60 * (MESSAGES - i))
    return chat.row, f"m{i}", micros(at), at.isoformat(), o.sender_id, o.sender, o.text, o.kind, content_hash(f"{i}/{o.text}")


def _fill_questions(archive: Archive, chat: StoredChat, newest: datetime) -> None:
    """Real questions of one stretch, repeated with noise in their vectors over the whole time."""
    first = newest - timedelta(days=5)
    keep_days(archive, chat, {chat_day(first)}, AnalysisOptions())
    learned, rng = read_learned(), np.random.default_rng(5)
    real = list(askings_with_sides(archive.db, [i for (i,) in archive.db.execute("SELECT id FROM asking")], learned).values())
    with archive.transaction() as db:
        for i in range(QUESTIONS):
            asking, side = real[i % len(real)]
            at = newest - timedelta(seconds=60 * MESSAGES * (QUESTIONS - i) // QUESTIONS)
            copy = replace(asking, message_ids=(f"m{i * MESSAGES // QUESTIONS}",), at=at, text=f"{asking.text} {i}")
            put_asking(db, chat.row, chat_day(at).isoformat(), copy, _noisy(side, rng))


def _noisy(side: Side, rng: np.random.Generator) -> Side:
    vector = side.text + rng.standard_normal(len(side.text)).astype(np.float32) * np.float32(NOISE / np.sqrt(len(side.text)))
    return replace(side, text=vector / np.linalg.norm(vector))


if __name__ == "__main__":
    main()
