"""The ledger as `dianti questions` prints it: one JSON value a question (docs/memory.md, contract)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.archive import Archive, StoredChat
from pipeline.mask import mask
from pipeline.memory.keeping import read_ledger
from pipeline.memory.ledger import Answered, Question
from pipeline.memory.optout import OptedOut, nobody


def question_lines(archive: Archive, chat: StoredChat, opted_out: OptedOut = nobody) -> Iterator[tuple[Question, dict[str, Any]]]:
    """Each question with its JSON; message ids are archive ids, texts are masked."""
    for question in read_ledger(archive, chat, None, opted_out):
        yield question, question_json(archive, chat, question)


def question_json(archive: Archive, chat: StoredChat, q: Question) -> dict[str, Any]:
    def ids(message_ids: tuple[str, ...]) -> list[str]:
        return [f"{chat.key}/{i}" for i in message_ids]

    return {
        "id": f"{chat.key}/{q.id}",
        "text": mask(q.text),
        "chat": chat.chat.name,
        "message_ids": ids(q.askings[0].message_ids),
        "status": q.status,
        "asked": [
            {"message_ids": ids(a.message_ids), "time": a.at.isoformat(), "sender": mask(a.sender), "sender_id": a.sender_id}
            for a in q.askings
        ],
        "answers": [_answer(ids(x.told.message_ids), x) for x in q.answers],
        "closed_in": session_of(archive, chat, q.closed_by) if q.closed_by else None,
    }


def _answer(ids: list[str], x: Answered) -> dict[str, Any]:
    return {
        "text": mask(x.told.text),
        "message_ids": ids,
        "sender": mask(x.told.sender),
        "time": x.told.at.isoformat(),
        "late": x.late,
        "sure": x.sure,
    }


def session_of(archive: Archive, chat: StoredChat, message_id: str) -> str | None:
    """The archive's session in which a message stands, "s12"."""
    found = archive.db.execute(
        "SELECT a.session FROM message m JOIN analysed a ON a.row = m.row WHERE m.chat = ? AND m.id = ?", (chat.row, message_id)
    ).fetchone()
    return f"s{found[0]}" if found else None
