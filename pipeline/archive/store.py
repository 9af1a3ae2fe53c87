"""The archive: a private folder with one SQLite database and an index cache that can be deleted at any time.

    archive.sqlite3    everything; copy the folder (or `dianti export`) to back it up
    index/             FAISS files made from the database (see pipeline/index.py)
    lock               one writer at a time

What is imported is committed before anything is computed from it: messages that wait for their analysis stand in
`pending`, and the next `add` (or `reindex`) finishes what an interruption left.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.archive.schema import MIGRATIONS, migrate
from pipeline.archive.words import WORDS_VERSION, prepare
from pipeline.errors import ArchiveError
from pipeline.i18n import _
from pipeline.model import Chat, Export, Kind, Message
from pipeline.text import clean, storable

DATABASE, INDEX_FOLDER, LOCK = "archive.sqlite3", "index", "lock"

BUSY_SECONDS = 60.0  # a writer holds the database for parts of a second; this is patience, not a pace
LOCK_SECONDS = 3600.0  # another import may take an hour
FREE_LEAST = 1 << 20  # bytes
NEWEST_MOST = 20_000  # messages that a newest session is looked for in
SQL_BATCH = 5_000  # rows a transaction: an interruption loses at most these, a second process waits for no more


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChat:
    """A chat of the archive: `key` is the first part of its messages' archive ids."""

    row: int
    key: str
    chat: Chat


def open_archive(folder: Path, *, read_only: bool = False) -> Archive:
    """Opens the archive in that folder, making it when it is not there; raises ArchiveError when it cannot be used."""
    with told(folder):
        return Archive(folder, read_only=read_only)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turns what the database or the disk says into one line for the user."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise ArchiveError(_advice(folder, str(error))) from error
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
            raise  # ours
        raise ArchiveError(
            _("{path}: the archive's database is damaged ({error}); run `dianti verify`, or put back your copy of the folder").format(
                path=folder / DATABASE, error=error
            )
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ArchiveError(_advice(folder, "full")) from error
        raise ArchiveError(
            _("{path}: {error}; choose another folder with --archive").format(path=folder, error=error.strerror or error)
        ) from error


def _advice(folder: Path, error: str) -> str:
    if "full" in error or ("disk I/O" in error and _is_full(folder)):
        return _("{path}: the disk is full; nothing imported was lost; free some space and run the command again").format(path=folder)
    if "readonly" in error or "unable to open" in error:
        return _("{path}: the archive cannot be written; check the folder's rights or choose another one with --archive").format(
            path=folder
        )
    if "locked" in error:
        return _("{path}: another dianti is still writing to the archive; wait for it and try again").format(path=folder)
    return _("{path}: the archive cannot be used ({error}); run `dianti verify`").format(path=folder, error=error)


def _is_full(folder: Path) -> bool:
    """Has the disk no room for SQLite's own files? It calls that an I/O error."""
    return shutil.disk_usage(folder).free < FREE_LEAST


class Archive:
    """An open archive. Reads see a consistent state; writes go through `writing()`, one process at a time."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        self.read_only = read_only
        if read_only and not (folder / DATABASE).exists():
            raise ArchiveError(_("{path}: there is no archive here yet; make one with `dianti add LOG`").format(path=folder))
        if not read_only:
            _private_folder(folder)
            _private_folder(folder / INDEX_FOLDER)
        self.db = _connect(folder / DATABASE, read_only)
        version = int(self.db.execute("PRAGMA user_version").fetchone()[0])
        if read_only and version < len(MIGRATIONS):  # of an older dianti: brought up to date by opening it for writing once
            Archive(folder).close()
            version = len(MIGRATIONS)
        if not read_only or version > len(MIGRATIONS):
            migrate(self.db, folder / DATABASE)
        if not read_only and version == 0:
            self._first_settings()

    def _first_settings(self) -> None:
        self.db.execute("INSERT OR IGNORE INTO meta VALUES ('words_version', ?)", (WORDS_VERSION,))
        self.db.execute("INSERT OR IGNORE INTO meta VALUES ('generation', '1')")

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # settings

    def setting(self, key: str, default: str = "") -> str:
        found = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if found is None else str(found[0])

    def set_setting(self, key: str, value: str) -> None:
        self.db.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))

    # writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the archive's writer lock: a second process waits here, never in the middle of its work."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / LOCK, timeout=LOCK_SECONDS, mode=0o600)
        try:
            with lock:
                yield
        except Timeout as error:
            raise ArchiveError(_advice(self.folder, "locked")) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One short write transaction: all of it or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            if self.db.in_transaction:  # a full disk has rolled back already
                self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    # chats

    def chats(self) -> list[StoredChat]:
        rows = self.db.execute("SELECT id, key, name, platform, source_id FROM chat ORDER BY id")
        return [StoredChat(row=r, key=k, chat=Chat(name=n, id=s, platform=p)) for r, k, n, p, s in rows]

    def find_chat(self, name: str) -> StoredChat | None:
        """The chat of that key, name or own id; None when there is none. Raises ArchiveError when several share the name."""
        every = self.chats()
        for same in ([c for c in every if c.key == name], [c for c in every if name in (c.chat.name, c.chat.id)]):
            if len(same) == 1:
                return same[0]
            if same:
                keys = ", ".join(c.key for c in same)
                raise ArchiveError(_("several chats are called {name}; use the key of one: {keys}").format(name=name, keys=keys))
        return None

    def new_chat(self, chat: Chat) -> StoredChat:
        taken = {c.key for c in self.chats()}
        key = chat_key(chat.name, taken)
        self.db.execute("INSERT INTO chat (key, name, platform, source_id) VALUES (?, ?, ?, ?)", (key, chat.name, chat.platform, chat.id))
        row = int(self.db.execute("SELECT id FROM chat WHERE key = ?", (key,)).fetchone()[0])
        return StoredChat(row=row, key=key, chat=chat)

    # messages

    def insert(self, chat: StoredChat, messages: Sequence[Message]) -> int:
        """Adds those messages that are not there yet, with their words, and marks them as waiting for analysis; how many were new."""
        new = 0
        for start in range(0, len(messages), SQL_BATCH):
            with self.transaction() as db:
                new += sum(_insert(db, chat.row, m) for m in messages[start : start + SQL_BATCH])
        return new

    def messages(self, chat: StoredChat, since: datetime | None = None, until: datetime | None = None) -> list[Message]:
        """The chat's messages of the half-open period, in time order."""
        return list(self.each_message(chat, since, until))

    def each_message(self, chat: StoredChat, since: datetime | None = None, until: datetime | None = None) -> Iterator[Message]:
        """The same one after the other, for chats larger than memory."""
        lower = micros(since) if since else -(2**62)
        upper = micros(until) if until else 2**62
        rows = self.db.execute(f"{_SELECT} WHERE chat = ? AND at >= ? AND at < ? ORDER BY at, row", (chat.row, lower, upper))
        yield from map(as_message, rows)

    def count(self, chat: StoredChat | None = None) -> int:
        if chat is None:
            return int(self.db.execute("SELECT count(*) FROM message").fetchone()[0])
        return int(self.db.execute("SELECT count(*) FROM message WHERE chat = ?", (chat.row,)).fetchone()[0])

    def count_between(self, chat: StoredChat, since: datetime, until: datetime) -> int:
        """How many messages the chat has in the half-open period."""
        found = self.db.execute(
            "SELECT count(*) FROM message WHERE chat = ? AND at >= ? AND at < ?", (chat.row, micros(since), micros(until))
        )
        return int(found.fetchone()[0])

    def newest_row(self) -> int:
        """The highest row: an upper bound of the number of messages that costs nothing."""
        return int(self.db.execute("SELECT coalesce(max(row), 0) FROM message").fetchone()[0])

    def frequency(self, expression: str, most: int) -> int:
        """How many messages match one word term: counted up to `most`, beyond that reckoned from how far the count came."""
        counted = self.db.execute(
            "SELECT count(*), max(rowid) FROM (SELECT rowid FROM words WHERE words MATCH ? LIMIT ?)", (expression, most)
        )
        count, reached = counted.fetchone()
        return int(count) if count < most else max(most, int(count * self.newest_row() / max(1, reached)))

    def chat_or_newest(self, name: str | None = None) -> StoredChat:
        """The chat of that name, else the one with the newest message; raises ArchiveError when there is none."""
        chat = self.find_chat(name) if name else self._newest_chat()
        if chat is None:
            raise ArchiveError(_("{path}: no such chat in the archive; `dianti status` lists them").format(path=self.folder))
        return chat

    def newest_export(self, name: str | None = None) -> Export:
        """The newest messages of the chat of that name (of the archive's newest chat), enough to hold its last session."""
        chat = self.chat_or_newest(name)
        rows = self.db.execute(f"{_SELECT} WHERE chat = ? ORDER BY at DESC, row DESC LIMIT ?", (chat.row, NEWEST_MOST)).fetchall()
        return Export(chat=chat.chat, format="archive", messages=tuple(as_message(r) for r in reversed(rows)))

    def _newest_chat(self) -> StoredChat | None:
        found = self.db.execute("SELECT chat FROM message ORDER BY at DESC, row DESC LIMIT 1").fetchone()
        return next((c for c in self.chats() if found and c.row == found[0]), None)

    def export(self, chat: StoredChat) -> Export:
        """All messages of a chat."""
        return Export(chat=chat.chat, format="archive", messages=tuple(self.messages(chat)))

    def message_row(self, archive_id: str) -> int | None:
        """The row of an archive id `<chat key>/<message id>`, or of a bare message id that only one chat has."""
        key, _slash, rest = archive_id.partition("/")
        found = self.db.execute(
            "SELECT m.row FROM message m JOIN chat c ON c.id = m.chat WHERE c.key = ? AND m.id = ?", (key, rest)
        ).fetchone()
        if found is None:
            every = self.db.execute("SELECT row FROM message WHERE id = ? LIMIT 2", (archive_id,)).fetchall()
            found = every[0] if len(every) == 1 else None
        return None if found is None else int(found[0])

    def by_rows(self, rows: Iterable[int]) -> dict[int, tuple[int, Message]]:
        """Row → (chat row, message)."""
        found: dict[int, tuple[int, Message]] = {}
        wanted = list(rows)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            for r in self.db.execute(f"{_SELECT} WHERE row IN ({_marks(part)})", part):
                found[r[0]] = (r[1], as_message(r))
        return found


_SELECT = "SELECT row, chat, id, sent_at, sender_id, sender, text, kind, reply_to, extra FROM message"
EXTRA = ("mentions", "reactions", "url", "title", "file_name", "role", "exported_as")


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _insert(db: sqlite3.Connection, chat: int, message: Message) -> bool:
    text = unit_text(message)
    cursor = db.execute(
        """
        INSERT INTO message (chat, id, at, sent_at, sender_id, sender, text, kind, reply_to, extra, content)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (chat, id) DO NOTHING
        """,
        (
            chat, message.id, micros(message.sent_at), message.sent_at.isoformat(), message.sender_id, message.sender,
            storable(message.text), message.kind.value, message.reply_to, extra_of(message), content_hash(text),
        ),
    )  # fmt: skip
    if cursor.rowcount == 0:
        return False
    row = cursor.lastrowid
    db.execute("INSERT INTO words (rowid, grams, cut, pieces) VALUES (?, ?, ?, ?)", (row, *prepare(text)))
    db.execute("INSERT INTO pending VALUES (?)", (row,))
    return True


def extra_of(message: Message) -> str | None:
    """The fields of a message that have no column of their own."""
    kept = {name: getattr(message, name) for name in EXTRA if getattr(message, name)}
    return json.dumps(kept, ensure_ascii=True, separators=(",", ":")) if kept else None


def as_message(r: Sequence[Any]) -> Message:
    """A message from a row of `_SELECT`."""
    extra = json.loads(r[9]) if r[9] else {}
    return Message(
        id=r[2], sent_at=datetime.fromisoformat(r[3]), sender_id=r[4], sender=r[5], text=r[6], kind=Kind(r[7]), reply_to=r[8],
        mentions=tuple(extra.get("mentions", ())), reactions=tuple((e, n) for e, n in extra.get("reactions", ())),
        url=extra.get("url"), title=extra.get("title"), file_name=extra.get("file_name"), role=extra.get("role"),
        exported_as=tuple(extra["exported_as"]) if "exported_as" in extra else None,
    )  # fmt: skip


def unit_text(message: Message) -> str:
    """What a message is found by: its text, and the title, file name and address of a card that the text does not show."""
    text = storable(clean(message.text))
    parts = [storable(clean(p)) for p in (message.title, message.file_name, message.url) if p]
    return " ".join([text, *(p for p in parts if p not in text)]).strip()


def content_hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exact (a float would round)."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def chat_key(name: str, taken: set[str]) -> str:
    """A short key for a chat's archive ids: its name without blanks and slashes; equal names get a number."""
    base = "".join(c for c in clean(name) if c.isalnum() or c in "-_.")[:40].strip(".") or "chat"
    key, n = base, 2
    while key in taken:
        key, n = f"{base}-{n}", n + 1
    return key


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform != "win32" and folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    if not read_only and not path.exists():
        path.touch(mode=0o600)  # SQLite gives its WAL the database's mode
    uri = path.resolve().as_uri() + ("?mode=ro" if read_only else "")
    if read_only and not _writable(path.parent) and not path.with_name(path.name + "-wal").exists():
        uri += "&immutable=1"  # a WAL database in a folder without write rights opens in no other way
    db = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    if not read_only:
        _write_ahead(db)
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA secure_delete = ON")  # what `forget` removes is overwritten
        db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA cache_size = -65536")
    return db


def _write_ahead(db: sqlite3.Connection) -> None:
    """Turns the write-ahead log on. SQLite waits for nobody while the journal changes (two who open a new archive at once), so we do."""
    last = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= last:
                raise
            time.sleep(0.02)


def _writable(folder: Path) -> bool:
    import os

    return os.access(folder, os.W_OK)
