"""One message in its thread, and why it stands there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pipeline.archive import Archive
from pipeline.i18n import _
from pipeline.model import Noise, Scored
from pipeline.score import explain_value
from pipeline.search.scene import load_findings

THREAD_MOST = 400  # messages of a thread that are shown, those around the asked one


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    archive_id: str
    time: datetime
    sender: str
    text: str
    noise: str | None
    question: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownThread:
    """`asked` is the archive id of the message that was asked for."""

    asked: str
    chat: str
    thread: str | None
    topic: str | None
    lines: tuple[ShownLine, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.asked, "chat": self.chat, "thread": self.thread, "topic": self.topic,
            "messages": [
                {
                    "id": x.archive_id, "time": x.time.isoformat(), "sender": x.sender, "text": x.text, "noise": x.noise,
                    "question": x.question,
                }
                for x in self.lines
            ],
        }  # fmt: skip


def show_thread(archive: Archive, archive_id: str) -> ShownThread | None:
    """The whole thread of a message and what its Q&A pair holds, in time order; None when there is no such message."""
    row = archive.message_row(archive_id)
    if row is None:
        return None
    db = archive.db
    chat, key, name, thread, topic = db.execute(
        """
        SELECT m.chat, c.key, c.name, a.thread, t.title FROM message m JOIN chat c ON c.id = m.chat
        LEFT JOIN analysed a ON a.row = m.row LEFT JOIN topic t ON t.chat = m.chat AND t.id = a.topic WHERE m.row = ?
        """,
        (row,),
    ).fetchone()
    rows = [row]
    if thread is not None:
        rows = [r for (r,) in db.execute("SELECT row FROM analysed WHERE chat = ? AND thread = ? ORDER BY row", (chat, thread))]
        at = rows.index(row)
        rows = rows[max(0, at - THREAD_MOST // 2) : at + THREAD_MOST // 2]
    pairs = load_findings(archive, [row])  # an answer of two days later stands in a thread of its own
    partners = {r for rows_of in (*pairs.answers_of.values(), *pairs.questions_of.values()) for r in rows_of}
    rows = sorted({*rows, *partners})
    messages = archive.by_rows(rows)
    marks = ",".join("?" * len(rows))
    judged = {r: (noise, q) for r, noise, q in db.execute(f"SELECT row, noise, question FROM analysed WHERE row IN ({marks})", rows)}
    ordered = sorted(rows, key=lambda r: (messages[r][1].sent_at, r))
    lines = [
        ShownLine(
            archive_id=f"{key}/{messages[r][1].id}", time=messages[r][1].sent_at, sender=messages[r][1].sender, text=messages[r][1].text,
            noise=judged.get(r, (None, 0))[0], question=judged.get(r, (None, 0))[1] >= 0.5,
        )
        for r in ordered
    ]  # fmt: skip
    asked = f"{key}/{messages[row][1].id}"
    return ShownThread(asked=asked, chat=name, thread=None if thread is None else f"t{thread}", topic=topic, lines=tuple(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    archive_id: str
    time: datetime
    sender: str
    text: str
    session: str
    segment: str
    thread: str | None
    topic: str | None
    reply_to: str | None
    reply_by: str | None
    value: float
    noise: str | None
    question: float
    why: dict[str, float]
    reasons: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        found = asdict(self) | {"id": self.archive_id, "time": self.time.isoformat()}
        del found["archive_id"], found["reasons"]
        return found


def explain(archive: Archive, archive_id: str) -> Explained | None:
    """What the stages found about a message, with their reasons; None when there is no such message or it is not analysed yet."""
    row = archive.message_row(archive_id)
    if row is None:
        return None
    found = archive.db.execute(
        """
        SELECT a.session, a.segment, a.thread, t.title, a.value, a.question, a.noise, a.reply_row, a.reply_by, a.why, c.key
        FROM analysed a JOIN chat c ON c.id = a.chat LEFT JOIN topic t ON t.chat = a.chat AND t.id = a.topic WHERE a.row = ?
        """,
        (row,),
    ).fetchone()
    if found is None:
        return None
    session, segment, thread, topic, value, question, noise, reply_row, reply_by, why, key = found
    messages = archive.by_rows([row] if reply_row is None else [row, reply_row])
    message = messages[row][1]
    why = json.loads(why)
    parent = messages[reply_row][1] if reply_row is not None else None
    scored = Scored(message_id=message.id, value=value, why=why, noise=Noise(noise) if noise else None, question=question)
    how = {"quote": _("it quotes"), "mention": _("it names the sender of"), "model": _("it most likely answers")}
    reasons = (
        [_("it starts something new")]
        if parent is None
        else [f"{how.get(reply_by or 'model')} {key}/{parent.id} ({parent.sender}: {parent.text[:60]})"]
    )
    return Explained(
        archive_id=f"{key}/{message.id}", time=message.sent_at, sender=message.sender, text=message.text, session=f"s{session}",
        segment=f"s{session}.{segment}", thread=None if thread is None else f"t{thread}", topic=topic,
        reply_to=None if parent is None else f"{key}/{parent.id}", reply_by=reply_by, value=value, noise=noise, question=question, why=why,
        reasons=(*reasons, *explain_value(scored)),
    )  # fmt: skip
