"""An export laid against what the archive has of the same chat: each message once, as its richest export has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.archive.store import SQL_BATCH, Archive, StoredChat, as_message, content_hash, extra_of, micros, unit_text
from pipeline.archive.words import prepare
from pipeline.model import Export, Message
from pipeline.readers import merge_overlap
from pipeline.text import storable

SELECT = "SELECT row, chat, id, sent_at, sender_id, sender, text, kind, reply_to, extra"
# So many messages of an export are laid against the archive at a time: enough for the senders to be told apart, little memory.
SLICE = 20_000


def merge_into(archive: Archive, chat: StoredChat, export: Export, until: int | None = None) -> int:
    """Adds the messages that are new and completes those that the archive has less of; how many were new.

    Rows behind `until` are of the same export and not laid against: within one export nothing is said twice.
    """
    new, aliases, before = 0, dict[str, str](), archive.newest_row() if until is None else until
    for part in _slices(export.messages):
        present = around(archive, chat, part, before)
        known = {m.id: m for m in present}
        if all(known.get(m.id) == m for m in part):
            continue
        if not present:
            new += archive.insert(chat, part)
            continue
        if aliases:
            part = [replace(m, reply_to=aliases.get(m.reply_to, m.reply_to)) if m.reply_to else m for m in part]
        plan = merge_overlap(present, part)
        aliases.update(plan.aliases)
        _update(archive, chat, plan.updated)
        new += archive.insert(chat, plan.added)
    return new


def shares_messages(archive: Archive, chat: StoredChat, export: Export) -> bool:
    """Have the two so much in common that they must be the same chat?"""
    return any(merge_overlap(around(archive, chat, part), part).same_chat for part in _slices(export.messages))


def around(archive: Archive, chat: StoredChat, messages: Sequence[Message], until: int = 2**62) -> list[Message]:
    """The archive's messages of that period, from the midnight before (some exports know days only) to a minute behind."""
    if not messages:
        return []
    first, last = min(m.sent_at for m in messages), max(m.sent_at for m in messages)
    end = _midnight(last) + timedelta(days=1) if last == _midnight(last) else last + timedelta(minutes=1)
    rows = archive.db.execute(
        f"{SELECT} FROM message WHERE chat = ? AND at BETWEEN ? AND ? AND row <= ? ORDER BY at, row",
        (chat.row, micros(_midnight(first)), micros(end), until),
    )
    return [as_message(r) for r in rows]


def _midnight(when: datetime) -> datetime:
    return when.replace(hour=0, minute=0, second=0, microsecond=0)


def _slices(messages: Sequence[Message]) -> Iterator[list[Message]]:
    for start in range(0, len(messages), SLICE):
        yield list(messages[start : start + SLICE])


def _update(archive: Archive, chat: StoredChat, messages: Sequence[Message]) -> None:
    """Stores what is known better now; such messages are analysed again."""
    for start in range(0, len(messages), SQL_BATCH):
        with archive.transaction() as db:
            for message in messages[start : start + SQL_BATCH]:
                _replace(db, chat.row, message)


def _replace(db: sqlite3.Connection, chat: int, message: Message) -> None:
    stored = db.execute(f"{SELECT}, content FROM message WHERE chat = ? AND id = ?", (chat, message.id)).fetchone()
    row, old = stored[0], stored[-1]
    text = unit_text(message)
    content = content_hash(text)
    if content != old:  # a table without content is told what to forget
        words = prepare(unit_text(as_message(stored)))
        db.execute("INSERT INTO words (words, rowid, grams, cut, pieces) VALUES ('delete', ?, ?, ?, ?)", (row, *words))
        db.execute("INSERT INTO words (rowid, grams, cut, pieces) VALUES (?, ?, ?, ?)", (row, *prepare(text)))
    db.execute(
        """
        UPDATE message SET at = ?, sent_at = ?, sender_id = ?, sender = ?, text = ?, kind = ?, reply_to = ?, extra = ?, content = ?
        WHERE row = ?
        """,
        (
            micros(message.sent_at), message.sent_at.isoformat(), message.sender_id, message.sender, storable(message.text),
            message.kind.value, message.reply_to, extra_of(message), content, row,
        ),
    )  # fmt: skip
    db.execute("INSERT OR IGNORE INTO pending VALUES (?)", (row,))
