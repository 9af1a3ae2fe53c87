"""Who got what: one row per (digest, target, part), written before sending and again after.

A row that says "sending" after its process is gone means that the part may have arrived. It is never sent again by
itself: posting twice is worse than asking the operator to look.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pipeline.errors import DeliveryError
from pipeline.i18n import _

State = Literal["sending", "sent", "failed"]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS receipt (
    digest TEXT NOT NULL, target TEXT NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL, state TEXT NOT NULL, time TEXT NOT NULL,
    PRIMARY KEY (digest, target, part)
) WITHOUT ROWID
"""


@dataclass(frozen=True, kw_only=True)
class Receipts:
    """The receipts of one machine; every change is on disk before the method returns."""

    database: sqlite3.Connection

    def state(self, digest: str, target: str, part: int) -> State | None:
        row = self.database.execute(
            "SELECT state FROM receipt WHERE digest = ? AND target = ? AND part = ?", (digest, target, part)
        ).fetchone()
        return row[0] if row else None

    def begun(self, digest: str, target: str) -> bool:
        """Was anything of this delivery ever tried?"""
        return self.database.execute("SELECT 1 FROM receipt WHERE digest = ? AND target = ?", (digest, target)).fetchone() is not None

    def claim(self, digest: str, target: str, part: int, parts: int, now: datetime) -> bool:
        """Writes the intent; False when this part was sent, or may have been, or is being sent by another process."""
        with self.database:
            done = self.database.execute(
                """
                INSERT INTO receipt (digest, target, part, parts, state, time) VALUES (?, ?, ?, ?, 'sending', ?)
                ON CONFLICT (digest, target, part) DO UPDATE SET state = 'sending', parts = excluded.parts, time = excluded.time
                WHERE receipt.state = 'failed'
                """,
                (digest, target, part, parts, now.isoformat()),
            )
            return done.rowcount == 1

    def settle(self, digest: str, target: str, part: int, state: State, now: datetime) -> None:
        with self.database:
            self.database.execute(
                "UPDATE receipt SET state = ?, time = ? WHERE digest = ? AND target = ? AND part = ?",
                (state, now.isoformat(), digest, target, part),
            )


@contextmanager
def open_receipts(folder: Path) -> Iterator[Receipts]:
    """The receipts in the private state folder, made where there are none."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = sqlite3.connect(folder / "receipts.sqlite", timeout=30)
    except (OSError, sqlite3.Error) as error:
        raise DeliveryError(
            _("{folder}: receipts cannot be kept there ({reason}), so nothing was sent").format(folder=folder, reason=error)
        ) from error
    try:
        database.execute("PRAGMA synchronous = FULL")
        database.execute(_SCHEMA)
        yield Receipts(database=database)
    except sqlite3.DatabaseError as error:
        raise DeliveryError(_("{folder}: the receipts are damaged ({reason})").format(folder=folder, reason=error)) from error
    finally:
        database.close()


def state_folder(archive: Path) -> Path:
    """Beside the archive, not in it: an archive that is built anew must not make the program post again."""
    return archive.with_name(archive.name + "-delivery")
