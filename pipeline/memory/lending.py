"""What the archive lends to a digest: "asked before", old questions that are answered now, what is due, one old discussion."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from pipeline.archive import Archive, StoredChat
from pipeline.digest import Lent
from pipeline.memory.asking import Asking
from pipeline.memory.keeping import read_ledger
from pipeline.memory.ledger import Question
from pipeline.memory.optout import OptedOut, nobody
from pipeline.memory.revival import old_discussion
from pipeline.memory.todos import due_now
from pipeline.memory.unfit import unfit_ids
from pipeline.model import Analysis, Answer, AskedBefore, Message, QAPair

ANSWERS_SHOWN = 2


def lend(archive: Archive, analysis: Analysis, opted_out: OptedOut = nobody) -> Lent:
    """What the archive knows of before the analysis's first message, as far as it bears on the analysis."""
    chat = chat_of(archive, analysis)
    if chat is None or not analysis.messages:
        return Lent()
    here = {m.id for m in analysis.messages}
    asked_before: dict[str, AskedBefore] = {}
    closed: list[QAPair] = []
    unfit = unfit_ids(archive, chat)
    for question in read_ledger(archive, chat, None, opted_out):
        earlier = [a for a in question.askings if a.id not in here and a.at < analysis.messages[0].sent_at]
        if not earlier:
            continue
        for asking in (a for a in question.askings if a.id in here):
            known = AskedBefore(message_id=f"{chat.key}/{earlier[-1].id}", time=earlier[-1].at)
            asked_before |= dict.fromkeys(asking.message_ids, known)
        if question.closed_by in here and (pair := _closed(question, earlier, here, unfit)):
            closed.append(pair)
    due = due_now(archive, chat, analysis, opted_out)
    again = old_discussion(archive, chat, analysis, opted_out)
    cited = [i for p in closed for i in (*p.question_ids, *(i for a in p.answers for i in a.message_ids))]
    cited += [i for item in due for i in item.message_ids] + list(again.message_ids if again else ())
    messages = {m.id: m for m in stored(archive, chat, [i for i in dict.fromkeys(cited) if i not in here])}
    return Lent(asked_before=asked_before, closed=tuple(closed), due=due, again=again, messages=messages)


def chat_of(archive: Archive, analysis: Analysis) -> StoredChat | None:
    """The archive's chat that an analysis is of; None where it is not known or not certain."""
    every = archive.chats()
    for same in ([c for c in every if c.chat == analysis.chat], [c for c in every if c.chat.name == analysis.chat.name]):
        if len(same) == 1:
            return same[0]
    return None


def _closed(question: Question, earlier: Sequence[Asking], here: AbstractSet[str], unfit: AbstractSet[str]) -> QAPair | None:
    """A question of before with the answers that were given now; None where it is still open, or nothing of it is fit to print."""
    told = [x.told for x in question.answers if x.sure and set(x.told.message_ids) <= here - unfit][:ANSWERS_SHOWN]
    asked = next((a.message_ids for a in reversed(earlier) if unfit.isdisjoint(a.message_ids)), None)
    if question.status == "open" or asked is None or not told:
        return None
    answers = tuple(Answer(message_ids=t.message_ids) for t in told)
    return QAPair(question_ids=asked, answers=answers, status=question.status, confidence=1.0)


def stored(archive: Archive, chat: StoredChat, message_ids: Sequence[str]) -> list[Message]:
    """Those messages of the archive, in the order asked for."""
    rows = [r for i in message_ids if (r := archive.message_row(f"{chat.key}/{i}")) is not None]
    by_row = archive.by_rows(rows)
    return [by_row[r][1] for r in rows if r in by_row]
