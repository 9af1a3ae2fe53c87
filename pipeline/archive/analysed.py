"""What the archive knows of a period, as an `Analysis`: no stage runs again, so a month is read in a second."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from pipeline.archive.store import Archive, StoredChat, as_message, micros
from pipeline.model import Analysis, Answer, Item, Message, Noise, QAPair, ReplyLink, Scored, Segment, Session, Talk, Thread, Topic

UNKNOWN_UNFIT = 1.0  # of a message that was analysed before this was written down: it is not printed until `dianti reindex`
_SELECT = """
    SELECT m.row, m.chat, m.id, m.sent_at, m.sender_id, m.sender, m.text, m.kind, m.reply_to, m.extra,
           a.session, a.segment, a.thread, a.topic, a.value, a.question, a.noise, r.id, a.reply_by,
           CASE WHEN u.row IS NULL THEN 0 ELSE coalesce(u.probability, ?) END
    FROM message m JOIN analysed a ON a.row = m.row LEFT JOIN unfit u ON u.row = m.row LEFT JOIN message r ON r.row = a.reply_row
    WHERE m.chat = ? AND m.at >= ? AND m.at < ? ORDER BY m.at, m.row
"""
Key = TypeVar("Key")


def stored_analysis(archive: Archive, chat: StoredChat, since: datetime, until: datetime) -> Analysis:
    """The analysed messages of the half-open period with the sessions, threads, topics and findings that `add` found in them.

    Conversations and topics hold only their messages of the period; ids are the archive's numbers.
    """
    rows = archive.db.execute(_SELECT, (UNKNOWN_UNFIT, chat.row, micros(since), micros(until))).fetchall()
    messages = tuple(as_message(r) for r in rows)
    here = {m.id for m in messages}
    threads = [Thread(id=f"t{n}", messages=tuple(own)) for n, own in _groups(messages, [r[12] for r in rows]).items()]
    findings = _findings(archive, chat, since, until)
    return Analysis(
        chat=chat.chat,
        messages=messages,
        sessions=tuple(Session(id=f"s{n}", messages=tuple(own)) for n, own in _groups(messages, [r[10] for r in rows]).items()),
        segments=tuple(
            Segment(id=f"s{s}.{n}", messages=tuple(own)) for (s, n), own in _groups(messages, [(r[10], r[11]) for r in rows]).items()
        ),
        links=tuple(
            ReplyLink(message_id=r[2], parent_id=r[17] if r[17] in here else None, by=r[18] if r[17] in here else None) for r in rows
        ),
        threads=tuple(threads),
        scored=tuple(
            Scored(message_id=r[2], value=r[14], why={}, noise=Noise(r[16]) if r[16] else None, question=r[15], unfit=r[19]) for r in rows
        ),
        topics=_topics(archive, chat, rows, threads),
        qa=tuple(p for kind, body in findings if kind == "qa" and (p := _pair(body, here))),
        items=tuple(i for kind, body in findings if kind not in ("qa", "talk") and (i := _item(body, here))),
        talks=tuple(t for kind, body in findings if kind == "talk" and (t := _talk(body, here))),
    )


def _groups(messages: Sequence[Message], keys: Sequence[Key | None]) -> dict[Key, list[Message]]:
    """Messages by key, groups in order of their first message; those without a key are in none."""
    found: dict[Key, list[Message]] = {}
    for message, key in zip(messages, keys, strict=True):
        if key is not None:
            found.setdefault(key, []).append(message)
    return found


def _topics(archive: Archive, chat: StoredChat, rows: Sequence[Sequence[Any]], threads: Sequence[Thread]) -> tuple[Topic, ...]:
    """Topics of the period's threads, largest first."""
    sizes = {t.id: len(t.messages) for t in threads}
    of_topic: dict[int, dict[str, None]] = {}
    for r in rows:
        if r[12] is not None and r[13] is not None:
            of_topic.setdefault(r[13], {})[f"t{r[12]}"] = None
    named = {
        n: (title, words) for n, title, words in archive.db.execute("SELECT id, title, keywords FROM topic WHERE chat = ?", (chat.row,))
    }
    found = [
        Topic(id=f"k{n}", title=named[n][0], keywords=tuple(json.loads(named[n][1])), thread_ids=tuple(ids))
        for n, ids in of_topic.items()
        if n in named
    ]
    return tuple(sorted(found, key=lambda k: (-sum(sizes[t] for t in k.thread_ids), k.id)))


def _findings(archive: Archive, chat: StoredChat, since: datetime, until: datetime) -> list[tuple[str, dict[str, Any]]]:
    rows = archive.db.execute(
        """
        SELECT f.kind, f.body FROM finding f JOIN finding_message fm ON fm.finding = f.id JOIN message m ON m.row = fm.row
        WHERE f.chat = ? AND m.at >= ? AND m.at < ? GROUP BY f.id ORDER BY min(m.at), f.id
        """,
        (chat.row, micros(since), micros(until)),
    )
    return [(kind, json.loads(body)) for kind, body in rows]


def _pair(body: dict[str, Any], here: set[str]) -> QAPair | None:
    """A question of the period with its answers of the period; one whose answers all lie outside is told elsewhere."""
    asked = tuple(i for i in body["question"] if i in here)
    answers = tuple(Answer(message_ids=own) for ids in body["answers"] if (own := tuple(i for i in ids if i in here)))
    if not asked or (body["answers"] and not answers):
        return None
    return QAPair(
        question_ids=asked, answers=answers, status=body["status"], confidence=body["confidence"], resolved_by=body["resolved_by"]
    )


def _item(body: dict[str, Any], here: set[str]) -> Item | None:
    ids = tuple(i for i in body["messages"] if i in here)
    if not ids:
        return None
    return Item(
        kind=body["kind"], message_ids=ids, confidence=body["confidence"], context_id=body["context"] if body["context"] in here else None,
        url=body["url"], title=body["title"], when=body["when"], place=body["place"], due=body["due"], who=tuple(body["who"]),
        replaces=tuple(body["replaces"]),
    )  # fmt: skip


def _talk(body: dict[str, Any], here: set[str]) -> Talk | None:
    outline = tuple(i for i in body["outline"] if i in here)
    if not outline or body["title"] not in here:
        return None
    return Talk(kind=body["kind"], title_id=body["title"], speaker_id=body["speaker"], outline_ids=outline)
