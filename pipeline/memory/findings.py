"""Reads what the stages found and the archive keeps: resources, actions, decisions, feedback, each with its messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.archive import Archive, StoredChat
from pipeline.archive.store import micros
from pipeline.memory.optout import OptedOut, nobody
from pipeline.model import Message

SURE = 0.2  # confidence of a finding that is listed: of the gold chats' feedback above it 14 of 22 are annotated


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding: its kind, what was computed about it, its messages (best first)."""

    chat: StoredChat
    kind: str
    body: dict[str, Any]
    messages: tuple[Message, ...]

    @property
    def id(self) -> str:
        return f"{self.chat.key}/{self.messages[0].id}"


def read_findings(
    archive: Archive,
    chats: Sequence[StoredChat],
    kinds: Sequence[str],
    least: float = SURE,
    opted_out: OptedOut = nobody,
    since: datetime | None = None,
) -> list[Finding]:
    """Findings of those kinds (said from `since` on) in time order; those less sure, or whose messages are gone, are left out."""
    found = []
    for chat in chats:
        marks = ",".join("?" * len(kinds))
        recent = (
            " AND id IN (SELECT f.finding FROM finding_message f JOIN message m ON m.row = f.row WHERE m.chat = ? AND m.at >= ?)"
            if since
            else ""
        )
        values = (chat.row, *kinds, *((chat.row, micros(since)) if since else ()))
        rows = archive.db.execute(f"SELECT kind, body FROM finding WHERE chat = ? AND kind IN ({marks}){recent}", values).fetchall()  # noqa: S608
        for kind, text in rows:
            body = json.loads(text)
            messages = _messages(archive, chat, body.get("messages", ()))
            if messages and not any(opted_out(m.sender_id, m.sender) for m in messages) and body.get("confidence", 1.0) >= least:
                found.append(Finding(chat=chat, kind=kind, body=body, messages=messages))
    return sorted(found, key=lambda f: (f.messages[0].sent_at, f.id))


def _messages(archive: Archive, chat: StoredChat, ids: Sequence[str]) -> tuple[Message, ...]:
    rows = [r for i in ids if (r := archive.message_row(f"{chat.key}/{i}")) is not None]
    by_row = archive.by_rows(rows)
    return tuple(by_row[r][1] for r in rows if r in by_row)
