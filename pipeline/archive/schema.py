"""The archive's database shape: numbered migrations, each run once, in order, in one transaction.

A migration is never edited after it has shipped; a change is a new one at the end of MIGRATIONS.
`PRAGMA user_version` holds how many have run. Only what cannot be recomputed is the archive's heart (chat,
message); everything else (analysis, words, vectors) can be rebuilt from it by `dianti reindex`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import ArchiveError
from pipeline.i18n import _

Migration = Callable[[sqlite3.Connection], None]

# Every character class but blanks and controls is part of a token: tokens are made by `words.py` and only
# separated here, so "c++" or an emoji survive.
FTS_TOKENIZER = "unicode61 remove_diacritics 0 categories ''L* M* N* P* S* Co''"


def _run(db: sqlite3.Connection, script: str) -> None:
    """Statement by statement: `executescript` would commit the migration's transaction."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


def m0001_messages(db: sqlite3.Connection) -> None:
    """Chats and messages; what the stages found in them; words and vectors to find them by."""
    _run(
        db,
        f"""
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE chat (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            platform TEXT NOT NULL,
            source_id TEXT,
            next_session INTEGER NOT NULL DEFAULT 1,
            next_thread INTEGER NOT NULL DEFAULT 1,
            next_topic INTEGER NOT NULL DEFAULT 1
        );
        CREATE TABLE message (
            row INTEGER PRIMARY KEY AUTOINCREMENT,
            chat INTEGER NOT NULL REFERENCES chat (id),
            id TEXT NOT NULL,
            at INTEGER NOT NULL,
            sent_at TEXT NOT NULL,
            sender_id TEXT NOT NULL,
            sender TEXT NOT NULL,
            text TEXT NOT NULL,
            kind TEXT NOT NULL,
            reply_to TEXT,
            extra TEXT,
            content BLOB NOT NULL,
            UNIQUE (chat, id)
        );
        CREATE INDEX message_in_time ON message (chat, at, row);
        CREATE INDEX message_of_sender ON message (sender_id, at);
        CREATE INDEX message_with_content ON message (content);
        CREATE TABLE pending (row INTEGER PRIMARY KEY);
        CREATE TABLE analysed (
            row INTEGER PRIMARY KEY REFERENCES message (row),
            chat INTEGER NOT NULL,
            session INTEGER NOT NULL,
            segment INTEGER NOT NULL,
            thread INTEGER,
            topic INTEGER,
            value REAL NOT NULL,
            question REAL NOT NULL,
            noise TEXT,
            reply_row INTEGER,
            reply_by TEXT,
            why TEXT NOT NULL
        );
        CREATE INDEX analysed_session ON analysed (chat, session);
        CREATE INDEX analysed_thread ON analysed (chat, thread, row);
        CREATE INDEX analysed_topic ON analysed (chat, topic) WHERE topic IS NOT NULL;
        CREATE INDEX analysed_reply ON analysed (reply_row) WHERE reply_row IS NOT NULL;
        CREATE TABLE topic (
            chat INTEGER NOT NULL,
            id INTEGER NOT NULL,
            title TEXT NOT NULL,
            keywords TEXT NOT NULL,
            PRIMARY KEY (chat, id)
        ) WITHOUT ROWID;
        CREATE TABLE finding (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            chat INTEGER NOT NULL,
            kind TEXT NOT NULL,
            body TEXT NOT NULL
        );
        CREATE INDEX finding_kind ON finding (chat, kind);
        CREATE TABLE finding_message (
            row INTEGER NOT NULL,
            finding INTEGER NOT NULL REFERENCES finding (id),
            role TEXT NOT NULL,
            PRIMARY KEY (row, finding, role)
        ) WITHOUT ROWID;
        CREATE INDEX finding_has ON finding_message (finding);
        CREATE TABLE digest (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            chat INTEGER NOT NULL,
            first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            body TEXT NOT NULL
        );
        CREATE INDEX digest_of_chat ON digest (chat, last_at);
        CREATE TABLE model (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dimension INTEGER NOT NULL);
        CREATE TABLE vector (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            model INTEGER NOT NULL REFERENCES model (id),
            content BLOB NOT NULL,
            data BLOB NOT NULL,
            UNIQUE (content, model)
        );
        CREATE VIRTUAL TABLE words USING fts5 (grams, cut, pieces, content='', tokenize='{FTS_TOKENIZER}');
        """,
    )


def m0002_ledger(db: sqlite3.Connection) -> None:
    """The question ledger (pipeline/memory): askings and late notes of each chat day, and what links them, judged pairwise."""
    _run(
        db,
        """
        CREATE TABLE ledger_day (
            chat INTEGER NOT NULL,
            day TEXT NOT NULL,
            messages INTEGER NOT NULL,
            PRIMARY KEY (chat, day)
        ) WITHOUT ROWID;
        CREATE TABLE asking (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            chat INTEGER NOT NULL,
            day TEXT NOT NULL,
            at INTEGER NOT NULL,
            points INTEGER NOT NULL,
            body TEXT NOT NULL,
            vector BLOB NOT NULL,
            answer_vector BLOB NOT NULL,
            pointing_vector BLOB NOT NULL
        );
        CREATE INDEX asking_in_time ON asking (chat, at);
        CREATE INDEX asking_of_day ON asking (chat, day);
        CREATE TABLE note (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            chat INTEGER NOT NULL,
            day TEXT NOT NULL,
            at INTEGER NOT NULL,
            body TEXT NOT NULL,
            vector BLOB NOT NULL
        );
        CREATE INDEX note_in_time ON note (chat, at);
        CREATE INDEX note_of_day ON note (chat, day);
        CREATE TABLE same_asking (
            later INTEGER NOT NULL,
            earlier INTEGER NOT NULL,
            judged_by TEXT NOT NULL,
            probability REAL NOT NULL,
            PRIMARY KEY (later, earlier)
        ) WITHOUT ROWID;
        CREATE INDEX same_asking_earlier ON same_asking (earlier);
        CREATE TABLE late_answer (
            note INTEGER NOT NULL,
            asking INTEGER NOT NULL,
            probability REAL NOT NULL,
            PRIMARY KEY (note, asking)
        ) WITHOUT ROWID;
        CREATE INDEX late_answer_asking ON late_answer (asking);
        CREATE TABLE faq_choice (
            chat INTEGER NOT NULL, question TEXT NOT NULL, choice TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (chat, question)
        ) WITHOUT ROWID;
        """,
    )


def m0003_unfit(db: sqlite3.Connection) -> None:
    """What must not be printed again from the archive: P(private or embarrassing) of the messages that show any; null where unknown."""
    _run(
        db,
        """
        CREATE TABLE unfit (row INTEGER PRIMARY KEY, probability REAL);
        INSERT INTO unfit SELECT row, NULL FROM analysed;
        """,
    )


MIGRATIONS: tuple[Migration, ...] = (m0001_messages, m0002_ledger, m0003_unfit)


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Brings the database to the newest shape; raises ArchiveError when it is of a newer version than this program."""
    version = _version(db)
    if version > len(MIGRATIONS):
        raise ArchiveError(
            _("{path}: this archive was written by a newer dianti (format {version}, this one reads up to {known}); update dianti").format(
                path=path, version=version, known=len(MIGRATIONS)
            )
        )
    while version < len(MIGRATIONS):
        db.execute("BEGIN IMMEDIATE")
        try:
            version = _version(db)  # another process may have been faster
            if version < len(MIGRATIONS):
                MIGRATIONS[version](db)
                version += 1
                db.execute(f"PRAGMA user_version = {version}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
