"""Keeps the ledger's facts up to date with the archive's messages, day by day."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from pipeline.analysis import AnalysisOptions
from pipeline.archive import Archive, StoredChat
from pipeline.archive.vectors import CachedEmbedder
from pipeline.embedding import FAST, QUALITY, Embedder, MessageVectors, load_embedder
from pipeline.memory.asking import LISTED, Asking, Note, read_stretch
from pipeline.memory.cues import chat_day
from pipeline.memory.ledger import LedgerOptions, Question, fold
from pipeline.memory.linking import Sparing, link_day
from pipeline.memory.match import Learned, Side, asking_sides, note_sides, read_learned, words_of
from pipeline.memory.optout import OptedOut, askings_without, nobody, notes_without
from pipeline.memory.shelf import drop_day, put_asking, put_note, read_askings, read_links, read_notes
from pipeline.memory.stretch import instants, parts

BATCH = 32  # days a transaction
QUALITY_MOST = 5_000  # waiting messages up to which every one is read with the quality model's vectors: half a minute on two cores
WAITING = -1  # in place of a day's number of messages: it is to be read again


def keep_days(archive: Archive, chat: StoredChat, days: Iterable[date], options: AnalysisOptions) -> None:
    """Reads those days of a chat anew and links what was found there; days without messages are forgotten.

    A batch of days is written with its links in one transaction: an interruption leaves no day half read.
    """
    learned = read_learned()
    embedder = CachedEmbedder(archive, load_embedder(QUALITY))  # whatever the archive is searched with: the weights know only this one
    # An archive of the fast model keeps no slow vectors: only what the fast ones call near is embedded, when it is judged.
    sparing = Sparing(fast=load_embedder(FAST), slow=embedder) if options.model == FAST else None
    ordered = sorted(set(days))
    reader = _reader(archive, chat, ordered, embedder, options)
    for start in range(0, len(ordered), BATCH):
        found = []
        for day in ordered[start : start + BATCH]:
            found.append(_read_day(archive, chat, day, reader, reader is embedder, options))
            if not sparing:  # encoded while the next day is read
                embedder.begin([*(t for a in found[-1].askings for t in words_of(a) if t), *(n.text for n in found[-1].notes)])
        read = [_with_sides(day, embedder, None if sparing else learned) for day in found]
        embedder.flush()
        with archive.transaction() as db:
            written = [_write_day(db, chat, day) for day in read]
            askings = [number for first, _second in written for number in first]
            notes = [number for _first, second in written for number in second]
            link_day(db, chat.row, askings, notes, learned, sparing)
        embedder.flush()


def _reader(archive: Archive, chat: StoredChat, days: list[date], embedder: CachedEmbedder, options: AnalysisOptions) -> Embedder:
    """What days are read with.

    The slow vectors of every message would cost a long history more than all else together, and who chose another model
    did not ask for them. Then only askings and notes are compared by them, and of open questions only the sure ones: a late
    answer to an unsure one is worth its vectors in what is being lived through, not in what is long past.
    """
    if options.model != QUALITY:
        return load_embedder(options.model)
    waiting = sum(archive.count_between(chat, *instants(day)) for day in days)
    return embedder if waiting <= QUALITY_MOST else load_embedder(FAST)


@dataclass(frozen=True, kw_only=True)
class _Found:
    day: date
    messages: int
    askings: list[Asking]
    notes: list[Note]


@dataclass(frozen=True, kw_only=True)
class _Day:
    day: date
    messages: int
    askings: list[tuple[Asking, Side]]
    notes: list[tuple[Note, Side]]


def _read_day(archive: Archive, chat: StoredChat, day: date, reader: Embedder, closely: bool, options: AnalysisOptions) -> _Found:
    """`closely`: open questions that are less sure are listed, too."""
    start, end = instants(day)
    messages = [m for m in archive.messages(chat, start, end) if chat_day(m.sent_at) == day]
    found = _Found(day=day, messages=len(messages), askings=[], notes=[])
    for part in parts(messages):
        listed = LISTED if closely else options.extract.min_open_confidence
        read = read_stretch(part, MessageVectors(part, load_embedder(FAST), reader), options, listed=listed)
        found.askings.extend(read.askings)
        found.notes.extend(read.notes)
    return found


def _with_sides(found: _Found, embedder: CachedEmbedder, learned: Learned | None) -> _Day:
    """Without `learned`, askings and notes get no vectors."""
    if learned is None:
        zero = np.zeros(embedder.dimension, dtype=np.float32)
        blank = Side(text=zero, answers=zero, pointing=zero, grams=frozenset(), weight=0.0, numbers=frozenset())
        asked, told = [blank] * len(found.askings), [blank] * len(found.notes)
    else:
        asked, told = asking_sides(found.askings, learned, embedder), note_sides(found.notes, learned, embedder)
    return _Day(
        day=found.day, messages=found.messages,
        askings=list(zip(found.askings, asked, strict=True)), notes=list(zip(found.notes, told, strict=True)),
    )  # fmt: skip


def _write_day(db: sqlite3.Connection, chat: StoredChat, day: _Day) -> tuple[list[int], list[int]]:
    name = day.day.isoformat()
    drop_day(db, chat.row, name)
    if day.messages:
        db.execute("INSERT INTO ledger_day VALUES (?, ?, ?)", (chat.row, name, day.messages))
    return [put_asking(db, chat.row, name, a, s) for a, s in day.askings], [put_note(db, chat.row, name, n, s) for n, s in day.notes]


def expect_days(archive: Archive) -> None:
    """Notes which days the messages that wait for analysis belong to, so that an interruption leaves no day out."""
    rows = archive.db.execute("SELECT m.chat, m.sent_at FROM pending p JOIN message m ON m.row = p.row")
    days = {(chat, chat_day(datetime.fromisoformat(sent_at))) for chat, sent_at in rows}
    with archive.transaction() as db:
        _expect(db, days)


def _expect(db: sqlite3.Connection, days: Iterable[tuple[int, date]]) -> None:
    values = [(chat, day.isoformat(), WAITING) for chat, day in sorted(days)]
    db.executemany("INSERT INTO ledger_day VALUES (?, ?, ?) ON CONFLICT (chat, day) DO UPDATE SET messages = excluded.messages", values)


def expect_every_day(archive: Archive) -> None:
    """Every day that the ledger has read is to be read again: the archive's model is another one."""
    with archive.transaction() as db:
        db.execute("UPDATE ledger_day SET messages = ?", (WAITING,))


def waiting_days(archive: Archive, chat: StoredChat) -> set[date]:
    found = archive.db.execute("SELECT day FROM ledger_day WHERE chat = ? AND messages = ?", (chat.row, WAITING))
    return {date.fromisoformat(day) for (day,) in found}


def changed_days(archive: Archive, chat: int) -> set[date]:
    """The days whose number of messages is not what the ledger has read."""
    now: dict[date, int] = {}
    for (sent_at,) in archive.db.execute("SELECT sent_at FROM message WHERE chat = ?", (chat,)):
        day = chat_day(datetime.fromisoformat(sent_at))
        now[day] = now.get(day, 0) + 1
    read = {date.fromisoformat(d): n for d, n in archive.db.execute("SELECT day, messages FROM ledger_day WHERE chat = ?", (chat,))}
    return {d for d in now.keys() | read.keys() if now.get(d) != read.get(d)}


def drop_changed_days(archive: Archive) -> None:
    """After messages went: what the ledger holds of their days goes too; the days wait to be read again."""
    chats = {int(c) for (c,) in archive.db.execute("SELECT DISTINCT chat FROM ledger_day")}
    for chat in sorted(chats):
        days = changed_days(archive, chat)
        with archive.transaction() as db:
            for day in sorted(days):
                drop_day(db, chat, day.isoformat())
            _expect(db, {(chat, d) for d in days})
    with archive.transaction() as db:
        db.execute("DELETE FROM faq_choice WHERE chat NOT IN (SELECT DISTINCT chat FROM message)")


def read_ledger(archive: Archive, chat: StoredChat, options: LedgerOptions | None = None, opted_out: OptedOut = nobody) -> list[Question]:
    """The chat's question ledger, oldest first, without those who opted out."""
    same, late = read_links(archive.db, chat.row)
    askings = askings_without(read_askings(archive.db, chat.row), opted_out)
    return fold(askings, notes_without(read_notes(archive.db, chat.row), opted_out), same, late, options)
