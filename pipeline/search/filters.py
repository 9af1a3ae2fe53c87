"""What a search may answer with: chat, sender, period, kind. Filters act inside the search, not on its best hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.archive import Archive, StoredChat
from pipeline.archive.store import micros
from pipeline.archive.words import fold_script
from pipeline.errors import ArchiveError
from pipeline.i18n import _

Only = Literal["qa", "link", "file", "message", "announcement", "decision", "action", "question"]
ONLY: tuple[str, ...] = get_args(Only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Empty fields let everything through. `since` and `until` are the half-open period; names match in part, folded."""

    chat: str | None = None
    sender: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    only: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        return bool(self.chat or self.sender or self.since or self.until or self.only)


_KINDS = {
    "qa": "m.row IN (SELECT fm.row FROM finding_message fm JOIN finding f ON f.id = fm.finding WHERE f.kind = 'qa')",
    "link": "(m.extra LIKE '%\"url\"%' OR m.text LIKE '%http%' OR m.kind IN ('link', 'card'))",
    "file": "(m.kind = 'file' OR m.extra LIKE '%\"file_name\"%')",
    "message": "m.kind = 'text'",
    "question": "m.row IN (SELECT row FROM analysed WHERE question >= 0.5)",
}


def moment(text: str, tz: ZoneInfo, *, end: bool = False) -> datetime:
    """A month, day or time as somebody typed it, aware; with `end`, the end of that month or day. Raises ValueError when it is none."""
    value = text.strip()
    if len(value) == 7:  # 2026-03
        month = datetime.fromisoformat(value + "-01")
        found = (month + timedelta(days=31)).replace(day=1) if end else month
    else:
        found = datetime.fromisoformat(value)
        if end and len(value) == 10:
            found += timedelta(days=1)
    return found if found.tzinfo else found.replace(tzinfo=tz)


def allowed_rows(archive: Archive, filters: Filters) -> NDArray[np.int64] | None:
    """The message rows that pass, sorted; None when all do. Raises ArchiveError for a chat that is not there."""
    if not filters.active:
        return None
    where, values = ["1"], list[object]()
    if filters.chat:
        where.append("m.chat = ?")
        values.append(found_chat(archive, filters.chat).row)
    if filters.sender:
        ids = senders(archive, filters.sender)
        where.append(f"(m.sender_id, m.sender) IN (VALUES {','.join(['(?, ?)'] * len(ids))})" if ids else "0")
        values += [x for pair in ids for x in pair]
    if filters.since:
        where.append("m.at >= ?")
        values.append(micros(filters.since))
    if filters.until:
        where.append("m.at < ?")
        values.append(micros(filters.until))
    if filters.only:
        where.append("(" + " OR ".join(_only(kind) for kind in filters.only) + ")")
    rows = archive.db.execute(f"SELECT m.row FROM message m WHERE {' AND '.join(where)} ORDER BY m.row", values)
    return np.fromiter((r for (r,) in rows), dtype=np.int64)


def found_chat(archive: Archive, name: str) -> StoredChat:
    """The chat of that key, name or own id. Raises ArchiveError when there is none, or several share the name."""
    found = archive.find_chat(name)
    if found is None:
        raise ArchiveError(_("no chat called {name} in the archive; `dianti status` lists them").format(name=name))
    return found


def _only(kind: str) -> str:
    if kind in _KINDS:
        return _KINDS[kind]
    assert kind in ONLY  # the command line checks it
    return f"m.row IN (SELECT fm.row FROM finding_message fm JOIN finding f ON f.id = fm.finding WHERE f.kind = '{kind}')"


def senders(archive: Archive, name: str) -> list[tuple[str, str]]:
    """Senders of that id, or whose name contains it (all who do: two people may share a name)."""
    wanted = fold_script(name)
    every: Sequence[tuple[str, str]] = archive.db.execute("SELECT DISTINCT sender_id, sender FROM message").fetchall()
    same = [s for s in every if s[0] == name or fold_script(s[1]) == wanted]
    return (same or [s for s in every if wanted in fold_script(s[1])])[:500]
