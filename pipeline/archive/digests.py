"""The digests that were made: what was told last, so that the next one tells only what is new."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from pipeline.archive.store import Archive, StoredChat, micros
from pipeline.digest import digest_from_json, digest_json
from pipeline.model import Digest, Message

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def untold(archive: Archive, chat: StoredChat) -> list[Message]:
    """The chat's messages after those of its last digest, in time order."""
    (last,) = archive.db.execute("SELECT max(last_at) FROM digest WHERE chat = ?", (chat.row,)).fetchone()
    since = None if last is None else EPOCH + timedelta(microseconds=last + 1)
    return archive.messages(chat, since=since)


def record_digest(archive: Archive, chat: StoredChat, digest: Digest) -> None:
    """Remembers a digest as the chat's newest."""
    body = json.dumps(digest_json(digest), ensure_ascii=False)
    with archive.transaction() as db:
        db.execute(
            "INSERT INTO digest (chat, first_at, last_at, body) VALUES (?, ?, ?, ?)",
            (chat.row, micros(digest.start), micros(digest.end), body),
        )


def last_digest(archive: Archive, chat: StoredChat) -> Digest | None:
    """The chat's newest digest, as it was made."""
    found = archive.db.execute("SELECT body FROM digest WHERE chat = ? ORDER BY last_at DESC, id DESC LIMIT 1", (chat.row,)).fetchone()
    return None if found is None else digest_from_json(json.loads(found[0]))
