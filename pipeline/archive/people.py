"""Carries what dianti.toml says about people into the archive, so that figures, questions and search know one person as one."""

from __future__ import annotations

import json

from pipeline.archive.store import SQL_BATCH, Archive, as_message, extra_of
from pipeline.people import People

SETTING = "people"


def apply_people(archive: Archive, people: People) -> int:
    """Names the archive's senders anew where aliases or roles have changed; the messages concerned then wait for their analysis.

    How many there are; the caller holds `writing()`. What the exports said is kept, so that an alias can be taken back.
    """
    told = json.dumps([people.aliases, people.roles], ensure_ascii=False, sort_keys=True)
    if archive.setting(SETTING, json.dumps([{}, {}])) == told:
        return 0
    changed = sum(_apply(archive, people, chat.row) for chat in archive.chats())
    archive.set_setting(SETTING, told)
    return changed


def _apply(archive: Archive, people: People, chat: int) -> int:
    pairs = archive.db.execute(
        """
        SELECT DISTINCT coalesce(json_extract(extra, '$.exported_as[0]'), sender_id),
                        coalesce(json_extract(extra, '$.exported_as[1]'), sender)
        FROM message WHERE chat = ?
        """,
        (chat,),
    )
    owners = people.owners(pairs.fetchall())
    changed, last = 0, -1
    while rows := archive.db.execute(
        "SELECT row, chat, id, sent_at, sender_id, sender, text, kind, reply_to, extra FROM message"
        " WHERE chat = ? AND row > ? ORDER BY row LIMIT ?",
        (chat, last, SQL_BATCH),
    ).fetchall():
        last = rows[-1][0]
        fresh = [(r[0], old, people.united(old, owners)) for r in rows for old in [as_message(r)]]
        moved = [(row, new) for row, old, new in fresh if new != old]
        with archive.transaction() as db:
            db.executemany(
                "UPDATE message SET sender_id = ?, sender = ?, extra = ? WHERE row = ?",
                [(new.sender_id, new.sender, extra_of(new), row) for row, new in moved],
            )
            db.executemany("INSERT OR IGNORE INTO pending VALUES (?)", [(row,) for row, _new in moved])
        changed += len(moved)
    return changed
