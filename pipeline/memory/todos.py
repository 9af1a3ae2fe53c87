"""To-dos and decisions over time: open until somebody reports them done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from pipeline.archive import Archive, StoredChat
from pipeline.embedding import QUALITY, Embedder, load_embedder
from pipeline.mask import mask
from pipeline.memory.cues import chat_day
from pipeline.memory.figures import Line, read_lines
from pipeline.memory.findings import Finding, read_findings
from pipeline.memory.match import Learned, Side, centred, embed, read_learned, shared, side_of
from pipeline.memory.optout import OptedOut, nobody
from pipeline.memory.unfit import unfit_ids
from pipeline.model import Analysis, Item
from pipeline.text import clean

REPORTED = re.compile(
    r"(?:做|弄|搞|写|改|换|修|整理|准备|处理|发|交|订|定|买|约|传|上传|更新|同步|核对|统计|补)(?:好|完|定|妥|齐)了?"
    r"|搞定|完成|已(?:经)?(?:发|交|改|换|修|上架|上线|提交|处理|更新|订|定|置顶)|上架了?|上线了?|发(?:群里|出来|上去|你)了|放(?:在|到|进).{0,12}了"
    r"|\b(?:done|finished|sent|uploaded|posted|fixed|shipped|merged|booked|ordered|live now|is up|completed|sorted)\b",
    re.IGNORECASE,
)  # fmt: skip
KINDS = ("action", "decision")
TODO_SURE = 0.3  # confidence of a to-do: of the gold chats' above it 26 of 30 are annotated ones, of those from .2 on 41 of 58
REMINDED, AHEAD = timedelta(days=3), timedelta(days=3)  # a digest names what is due from so long before it to so long after it
WITHIN = timedelta(days=60)  # after that nobody reports it any more
NEAR, SHARED = 0.35, 0.12  # cosine and share of common grams from which a report is of that to-do
FILE_NEAR = 0.25  # the cosine, of a file that is passed on: its name is no sentence
TEXT = 200


@dataclass(frozen=True, kw_only=True)
class Todo:
    """One to-do: what was promised, by whom, until when, and the message that reports it done."""

    finding: Finding
    done_by: Line | None
    overdue: bool
    names: tuple[str, ...] = ()  # newest names of those who have to do it, but for who wrote it

    @property
    def day(self) -> date | None:
        """The day on which it is due: its own due date, else the day for which something was decided."""
        told = self.finding.body.get("due") or self.finding.body.get("when")
        return None if told is None else datetime.fromisoformat(str(told)).date()

    def as_json(self) -> dict[str, Any]:
        f = self.finding
        first = f.messages[0]
        return {
            "id": f.id,
            "chat": f.chat.chat.name,
            "kind": f.kind,
            "text": mask(clean(first.text))[:TEXT],
            "message_ids": [f"{f.chat.key}/{m.id}" for m in f.messages],
            "sender": mask(first.sender),
            "time": first.sent_at.isoformat(),
            "who": f.body.get("who") or [],
            "who_names": [mask(n) for n in self.names],
            "due": f.body.get("due"),
            "status": "done" if self.done_by else "overdue" if self.overdue else "open",
            "done": {
                "message_id": f"{f.chat.key}/{self.done_by.id}",
                "time": self.done_by.at.isoformat(),
                "text": mask(clean(self.done_by.text))[:TEXT],
            }
            if self.done_by
            else None,
        }


def build_todos(
    archive: Archive,
    chats: Sequence[StoredChat],
    embedder: Embedder,
    opted_out: OptedOut = nobody,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Todo]:
    """Every to-do and decision (of that half-open period) in time order; what is due counts from its newest message, never the clock."""
    learned = read_learned()
    found = []
    for chat in chats:
        findings = _distinct(read_findings(archive, [chat], KINDS, TODO_SURE, opted_out, since))
        lines = read_lines(archive, [chat], since, until)
        if not findings or not lines:
            continue
        today, names = chat_day(lines[-1].at), {x.sender_id: x.sender for x in lines}
        reports = [
            x for x in lines if (x.kind == "file" or REPORTED.search(x.text)) and x.noise in (None, "ack")
        ]  # the file itself says it
        texts = [clean(x.text) for x in reports]
        sides = _sides(texts, learned, embedder)
        todo_sides = _sides([clean(f.messages[0].text) for f in findings], learned, embedder)
        for f, side in zip(findings, todo_sides, strict=True):
            done = _report(f, side, reports, sides, learned)
            others = [i for i in f.body.get("who") or () if i in names and i != f.messages[0].sender_id]
            who = tuple(names[i] for i in others if not opted_out(i, names[i]))
            todo = Todo(finding=f, done_by=done, overdue=False, names=who)
            found.append(replace(todo, overdue=done is None and todo.day is not None and todo.day < today))
    return sorted(found, key=lambda t: (t.finding.messages[0].sent_at, t.finding.id))


def due_now(archive: Archive, chat: StoredChat, analysis: Analysis, opted_out: OptedOut = nobody) -> tuple[Item, ...]:
    """To-dos and decisions of before the analysis whose day has come or comes soon, and of which nobody has said that they are done."""
    start, end = analysis.messages[0].sent_at, analysis.messages[-1].sent_at
    first, last = chat_day(start) - REMINDED, chat_day(end) + AHEAD
    embedder = load_embedder(QUALITY)
    todos = build_todos(archive, [chat], embedder, opted_out, start - WITHIN, end + timedelta(microseconds=1))
    unfit = unfit_ids(archive, chat)
    found = []
    for t in todos:
        day, f = t.day, t.finding
        if day is None or t.done_by or not first <= day <= last or f.messages[0].sent_at >= start:
            continue
        if not any(m.id in unfit for m in f.messages):
            found.append((day, f))
    return tuple(_item(f) for _day_of, f in sorted(found, key=lambda x: (x[0], x[1].messages[0].sent_at, x[1].id)))


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    """Each message's to-do once, the surest one: minutes are found as a decision, too."""
    found: dict[str, Finding] = {}
    for f in findings:
        if not _tells_of_something_done(f) and (f.id not in found or f.body["confidence"] > found[f.id].body["confidence"]):
            found[f.id] = f
    return list(found.values())


def _tells_of_something_done(f: Finding) -> bool:
    """ "修好了", "uploaded": what was found as a to-do reports one, where no day is set for it."""
    return not (f.body.get("due") or f.body.get("when")) and any(REPORTED.search(m.text) for m in f.messages)


def _item(f: Finding) -> Item:
    return Item(
        kind="decision" if f.kind == "decision" else "action", message_ids=tuple(m.id for m in f.messages), confidence=f.body["confidence"],
        due=f.body.get("due"), when=f.body.get("when"), place=f.body.get("place"), who=tuple(f.body.get("who") or ()),
    )  # fmt: skip


def _sides(texts: Sequence[str], learned: Learned, embedder: Embedder) -> list[Side]:
    vectors = centred(embed(texts, embedder), texts, learned)
    zero = np.zeros(embedder.dimension, dtype=np.float32)
    return [side_of(t, learned, v, zero, zero) for t, v in zip(texts, vectors, strict=True)]


def _report(f: Finding, side: Side, reports: Sequence[Line], sides: Sequence[Side], learned: Learned) -> Line | None:
    """The first message that says it is done: by one of those who had to, about the same thing."""
    told_at = max(m.sent_at for m in f.messages)
    people = set(f.body.get("who") or ()) | {f.messages[0].sender_id}
    for line, other in zip(reports, sides, strict=True):
        if not told_at < line.at <= told_at + WITHIN or line.sender_id not in people or line.id in {m.id for m in f.messages}:
            continue
        least, _union = shared(side, other, learned)
        if float(side.text @ other.text) >= (FILE_NEAR if line.kind == "file" else NEAR) and least >= SHARED:
            return line
    return None
