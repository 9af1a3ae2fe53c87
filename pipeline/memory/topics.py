"""Topics over time: the page of one subject."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipeline.archive import Archive, StoredChat
from pipeline.mask import mask
from pipeline.memory.figures import Line, read_lines
from pipeline.memory.keeping import read_ledger
from pipeline.memory.links import build_links
from pipeline.memory.optout import OptedOut, nobody
from pipeline.text import clean, fold

BEST = 3  # messages shown of a conversation
LEAST_SAID = 3  # messages said before a conversation is worth a place on the page
SHOWN_CHARS = 160


def topic_page(archive: Archive, chats: Sequence[StoredChat], name: str, opted_out: OptedOut = nobody) -> dict[str, Any]:
    """Everything said about a subject, oldest first: conversations with their best messages, questions, links, weeks."""
    wanted = fold(name)
    talks: list[dict[str, Any]] = []
    questions, links, weeks = [], [], Counter[str]()
    for chat in chats:
        numbers = _topics_called(archive, chat, wanted)
        lines = [x for x in read_lines(archive, [chat]) if not opted_out(x.sender_id, x.sender)]
        topic = dict(archive.db.execute("SELECT row, topic FROM analysed WHERE chat = ? AND topic IS NOT NULL", (chat.row,)))
        threads = {
            x.thread for x in lines if x.thread is not None and x.is_said and (topic.get(x.row) in numbers or wanted in fold(x.text))
        }
        here = [x for x in lines if x.thread in threads]
        talks += [t for thread in threads if (t := _talk(chat, [x for x in here if x.thread == thread]))]
        weeks.update(f"{x.at.isocalendar().year}-W{x.at.isocalendar().week:02d}" for x in here if x.is_said)
        ids = {x.id for x in here}
        questions += [
            _question(chat, q)
            for q in read_ledger(archive, chat, None, opted_out)
            if any(a.id in ids for a in q.askings) or wanted in fold(q.text)
        ]
        links += [
            r.as_json()
            for r in build_links(archive, [chat], opted_out=opted_out)
            if any(i.partition("/")[2] in ids for _t, _n, i in r.shared)
        ]
    talks.sort(key=lambda t: (t["start"], t["id"]))
    return {"topic": name, "conversations": talks, "questions": questions, "links": links, "weeks": dict(sorted(weeks.items()))}


def _topics_called(archive: Archive, chat: StoredChat, wanted: str) -> set[int]:
    """Numbers of the chat's topics that carry the word in their title or keywords."""
    rows = archive.db.execute("SELECT id, title, keywords FROM topic WHERE chat = ?", (chat.row,))
    return {
        n for n, title, words in rows if wanted in fold(title) or any(wanted in fold(w) or fold(w) == wanted for w in json.loads(words))
    }


def _talk(chat: StoredChat, lines: Sequence[Line]) -> dict[str, Any] | None:
    said = [x for x in lines if x.is_said and clean(x.text)]
    if len(said) < LEAST_SAID:
        return None
    best = sorted(sorted(said, key=lambda x: (-x.value, x.at))[:BEST], key=lambda x: x.at)
    return {
        "id": f"{chat.key}/{lines[0].id}",
        "chat": chat.chat.name,
        "start": lines[0].at.isoformat(),
        "end": lines[-1].at.isoformat(),
        "messages": len(lines),
        "participants": len({x.sender_id for x in lines}),
        "value": round(max(x.value for x in said), 3),
        "best": [
            {
                "message_id": f"{chat.key}/{x.id}",
                "sender": mask(x.sender),
                "time": x.at.isoformat(),
                "text": mask(clean(x.text))[:SHOWN_CHARS],
            }
            for x in best
        ],
    }


def _question(chat: StoredChat, q: Any) -> dict[str, Any]:
    return {"id": f"{chat.key}/{q.id}", "text": mask(q.text), "status": q.status, "asked": len(q.askings)}
