"""Keeps the ledger's facts up to date with the archive's messages, day by day."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.analysis import AnalysisOptions
from pipeline.archive import Archive, StoredChat
from pipeline.archive.vectors import CachedEmbedder
from pipeline.embedding import FAST, MessageVectors, load_embedder
from pipeline.memory.asking import Asking, Note, read_stretch
from pipeline.memory.cues import chat_day
from pipeline.memory.ledger import LedgerOptions, Question, fold
from pipeline.memory.linking import link_askings, link_notes
from pipeline.memory.match import Learned, Side, asking_sides, note_sides, read_learned
from pipeline.memory.shelf import drop_day, put_asking, put_note, read_askings, read_links, read_notes
from pipeline.memory.stretch import instants, parts

BATCH = 32  # days a transaction


def keep_days(archive: Archive, chat: StoredChat, days: Iterable[date], options: AnalysisOptions) -> None:
    """Reads those days of a chat anew and links what was found there; days without messages are forgotten.

    A batch of days is written with its links in one transaction: an interruption leaves no day half read.
    """
    learned = read_learned()
    embedder = CachedEmbedder(archive, load_embedder(options.model))
    ordered = sorted(set(days))
    for start in range(0, len(ordered), BATCH):
        read = [_read_day(archive, chat, day, embedder, learned, options) for day in ordered[start : start + BATCH]]
        embedder.flush()
        with archive.transaction() as db:
            written = [_write_day(db, chat, day) for day in read]
            askings = [number for first, _second in written for number in first]
            notes = [number for _first, second in written for number in second]
            link_askings(db, chat.row, askings, learned)
            link_notes(db, chat.row, askings, notes, learned)


@dataclass(frozen=True, kw_only=True)
class _Day:
    day: date
    messages: int
    askings: list[tuple[Asking, Side]]
    notes: list[tuple[Note, Side]]


def _read_day(archive: Archive, chat: StoredChat, day: date, embedder: CachedEmbedder, learned: Learned, options: AnalysisOptions) -> _Day:
    start, end = instants(day)
    messages = [m for m in archive.messages(chat, start, end) if chat_day(m.sent_at) == day]
    askings: list[Asking] = []
    notes: list[Note] = []
    for part in parts(messages):
        read = read_stretch(part, MessageVectors(part, load_embedder(FAST), embedder), options)
        askings += read.askings
        notes += read.notes
    return _Day(
        day=day, messages=len(messages), askings=list(zip(askings, asking_sides(askings, learned, embedder), strict=True)),
        notes=list(zip(notes, note_sides(notes, learned, embedder), strict=True)),
    )  # fmt: skip


def _write_day(db: sqlite3.Connection, chat: StoredChat, day: _Day) -> tuple[list[int], list[int]]:
    name = day.day.isoformat()
    drop_day(db, chat.row, name)
    if day.messages:
        db.execute("INSERT INTO ledger_day VALUES (?, ?, ?)", (chat.row, name, day.messages))
    return [put_asking(db, chat.row, name, a, s) for a, s in day.askings], [put_note(db, chat.row, name, n, s) for n, s in day.notes]


def days_of_rows(archive: Archive, rows: Iterable[int]) -> set[date]:
    """The days of those messages."""
    wanted, found = sorted(rows), set()
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        for (sent_at,) in archive.db.execute(f"SELECT sent_at FROM message WHERE row IN ({','.join('?' * len(part))})", part):
            found.add(chat_day(datetime.fromisoformat(sent_at)))
    return found


def changed_days(archive: Archive, chat: StoredChat) -> set[date]:
    """The days whose number of messages is not what the ledger has read: after `forget`, or an import without the ledger."""
    now: dict[date, int] = {}
    for (sent_at,) in archive.db.execute("SELECT sent_at FROM message WHERE chat = ?", (chat.row,)):
        day = chat_day(datetime.fromisoformat(sent_at))
        now[day] = now.get(day, 0) + 1
    read = {date.fromisoformat(d): n for d, n in archive.db.execute("SELECT day, messages FROM ledger_day WHERE chat = ?", (chat.row,))}
    return {d for d in now.keys() | read.keys() if now.get(d) != read.get(d)}


def read_ledger(archive: Archive, chat: StoredChat, options: LedgerOptions | None = None) -> list[Question]:
    """The chat's question ledger, oldest first."""
    same, late = read_links(archive.db, chat.row)
    return fold(read_askings(archive.db, chat.row), read_notes(archive.db, chat.row), same, late, options)


