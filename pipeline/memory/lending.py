"""What the archive lends to a digest: "asked before, answered then", and old questions that this session closed."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.archive import Archive, StoredChat
from pipeline.digest import Lent
from pipeline.digest.quote import Quoter, rarity
from pipeline.mask import mask
from pipeline.memory.keeping import read_ledger
from pipeline.memory.ledger import Question
from pipeline.memory.optout import OptedOut, nobody
from pipeline.model import Analysis, AskedBefore, Entry, Message, QAEntry

QUESTION_CHARS, ANSWER_CHARS = 90, 150  # as long as a digest's own
ANSWERS_SHOWN = 2


def lend(archive: Archive, analysis: Analysis, opted_out: OptedOut = nobody) -> Lent:
    """Earlier askings of the analysis's questions, and questions of earlier days that its messages closed."""
    chat = chat_of(archive, analysis)
    if chat is None or not analysis.messages:
        return Lent()
    here = {m.id for m in analysis.messages}
    asked_before: dict[str, AskedBefore] = {}
    closed: list[Question] = []
    for question in read_ledger(archive, chat, None, opted_out):
        earlier = [a for a in question.askings if a.id not in here and a.at < analysis.messages[0].sent_at]
        if not earlier:
            continue
        now = [a for a in question.askings if a.id in here]
        for asking in now:
            known = AskedBefore(message_id=f"{chat.key}/{earlier[-1].id}", time=earlier[-1].at)
            asked_before |= dict.fromkeys(asking.message_ids, known)
        if question.closed_by in here:
            closed.append(question)
    return Lent(asked_before=asked_before, closed=tuple(entry for q in closed if (entry := _entry(archive, chat, q, analysis)) is not None))


def chat_of(archive: Archive, analysis: Analysis) -> StoredChat | None:
    """The archive's chat that an analysis is of; None where it is not known or not certain."""
    every = archive.chats()
    for same in ([c for c in every if c.chat == analysis.chat], [c for c in every if c.chat.name == analysis.chat.name]):
        if len(same) == 1:
            return same[0]
    return None


def _entry(archive: Archive, chat: StoredChat, question: Question, analysis: Analysis) -> QAEntry | None:
    """The closed question with the answers that were given now; None where nothing of it may be printed."""
    asked = [a for a in question.askings if a.at < analysis.messages[0].sent_at][-1]
    here = {m.id for m in analysis.messages}
    told = [x.told for x in question.answers if x.sure and set(x.told.message_ids) <= here][:ANSWERS_SHOWN]
    quoter = Quoter(mask=mask, rarity=rarity(analysis.messages))
    first = _print(quoter, stored(archive, chat, asked.message_ids), QUESTION_CHARS)
    answers = [_print(quoter, [analysis.message(i) for i in t.message_ids], ANSWER_CHARS) for t in told]
    shown = tuple(a for a in answers if a is not None)
    if first is None or not shown or question.status == "open":
        return None
    return QAEntry(question=first, answers=shown, status=question.status, confidence=1.0)


def stored(archive: Archive, chat: StoredChat, message_ids: Sequence[str]) -> list[Message]:
    """Those messages of the archive, in the order asked for."""
    rows = [r for i in message_ids if (r := archive.message_row(f"{chat.key}/{i}")) is not None]
    by_row = archive.by_rows(rows)
    return [by_row[r][1] for r in rows if r in by_row]


def _print(quoter: Quoter, messages: Sequence[Message], limit: int) -> Entry | None:
    text = quoter.quote(messages, limit) if messages else ""
    if not text:
        return None
    return Entry(text=text, message_ids=tuple(m.id for m in messages), sender=mask(messages[0].sender), time=messages[0].sent_at)
