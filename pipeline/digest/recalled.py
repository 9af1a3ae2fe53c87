"""What the archive's memory adds to a digest: old questions answered now, what is due, one old discussion worth reading again.

Its lines come from messages that the log need not hold. They are quoted, masked and proved like all others: against the
archive's own messages, which are lent with them and stand among the digest's sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.digest.candidates import Desk, Printed, entries, ids_of
from pipeline.digest.cite import is_proved, printable_text
from pipeline.digest.options import Lent, OldTalk
from pipeline.digest.quote import find_phrase
from pipeline.model import Entry, Item, Message, QAEntry, QAPair, StartHere, TopicEntry

CLOSED_MOST, DUE_MOST = 6, 6  # the digest is of what is new: memory takes a few lines
ANSWER_ROOM = 2  # times a digest's own: a late answer often opens with an apology, and readers no longer have its question in mind
Line = TypeVar("Line", QAEntry, Entry)


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """The proved lines, the messages that they cite (masked), and how many lines could not be proved."""

    closed: tuple[QAEntry, ...]
    due: tuple[Entry, ...]
    again: tuple[TopicEntry, ...]
    sources: dict[str, Message]
    unproved: int


def recall(memory: Lent, desk: Desk) -> Recalled:
    """Prints what memory lends; what the operator struck before, or cannot be proved, is left out."""
    return _Recall(memory, desk).all()


class _Recall:
    def __init__(self, memory: Lent, desk: Desk) -> None:
        self.memory, self.desk = memory, desk
        self.known = {m.id: m for m in desk.a.messages} | dict(memory.messages)
        self.masked = desk.masked | {i: desk.hide(printable_text(m)) for i, m in memory.messages.items() if i not in desk.masked}
        self.unproved = 0

    def all(self) -> Recalled:
        closed = self._proved([p for pair in self.memory.closed if (p := self._pair(pair))])[:CLOSED_MOST]
        due = self._proved([e for item in self.memory.due if (e := self._due(item))])[:DUE_MOST]
        again = self._again(self.memory.again) if self.memory.again else None
        printed: list[Printed] = [*closed, *due, *(again.highlights if again else ())]
        cited = [i for p in printed for i in ids_of(p)]
        return Recalled(
            closed=tuple(closed), due=tuple(due), again=(again,) if again else (),
            sources={i: self.desk.source(self.known[i]) for i in dict.fromkeys(cited)}, unproved=self.unproved,
        )  # fmt: skip

    def _proved(self, printed: Sequence[Line]) -> list[Line]:
        kept = [p for p in printed if all(is_proved(e, self.masked) for e in entries(p))]
        self.unproved += len(printed) - len(kept)
        return kept

    def _entry(self, message_ids: Sequence[str], limit: int) -> Entry | None:
        """The messages' words; None where the operator struck them before, or they are nowhere to be found."""
        messages = [self.known[i] for i in message_ids if i in self.known and i not in self.desk.o.dismissed]
        fit = [m for m in messages if m.sender_id not in self.desk.o.opted_out]
        if not fit or not (text := self.desk.quoter.quote(fit, int(limit * self.desk.letters))):
            return None
        return Entry(text=text, message_ids=tuple(m.id for m in fit), sender=self.desk.name(fit[0]), time=fit[0].sent_at)

    def _pair(self, pair: QAPair) -> QAEntry | None:
        question = self._entry(pair.question_ids, self.desk.o.question_chars)
        answers = [e for a in pair.answers if (e := self._entry(a.message_ids, ANSWER_ROOM * self.desk.o.answer_chars))]
        if question is None or not answers:
            return None
        return QAEntry(question=question, answers=tuple(answers), status=pair.status, confidence=round(pair.confidence, 3))

    def _due(self, item: Item) -> Entry | None:
        entry = self._entry(item.message_ids, self.desk.o.entry_chars)
        if entry is None:
            return None
        names = {m.sender_id: self.desk.name(m) for m in self.known.values()}
        who = tuple(names[i] for i in item.who if i in names and i not in self.desk.o.opted_out)
        return replace(entry, due=item.due, when=item.when, place=self.desk.safe(item.place), who=who)

    def _again(self, talk: OldTalk) -> TopicEntry | None:
        highlights = self._proved([e for i in talk.message_ids if (e := self._entry([i], self.desk.o.entry_chars))])
        if not highlights:
            return None
        first = self.known[highlights[0].message_ids[0]]
        return TopicEntry(
            title=self.desk.hide(talk.title),
            keywords=tuple(self.desk.hide(w) for w in talk.keywords),
            highlights=tuple(highlights),
            # The phrase cannot be checked against the whole chat here: it is one that its own discussion holds once.
            start_here=StartHere(
                message_id=first.id, time=first.sent_at, sender=self.desk.name(first),
                find=find_phrase(first, "\n".join(self.known[i].text for i in talk.message_ids if i in self.known), self.desk.hide),
            ),
            threads=(talk.thread,),
            participants=talk.participants,
            messages=talk.messages,
        )  # fmt: skip
