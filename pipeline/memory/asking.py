"""What the ledger keeps of one stretch of chat: the questions asked in it, and the notes that answer an earlier day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.analysis import AnalysisOptions
from pipeline.embedding import MessageVectors
from pipeline.extract import extract_qa
from pipeline.memory.cues import ANSWERS_LATE, ASKED_AGAIN, STILL_ASKS, TOLD_BEFORE
from pipeline.model import Kind, Message, QAPair, QAStatus, ReplyLink, Scored, Thread
from pipeline.score import score_messages
from pipeline.segment import split_into_sessions
from pipeline.text import clean
from pipeline.thread import untangle

TEXT_MOST = 300  # characters of a question or an answer that are compared
RESPONSES = 8  # messages after a question that may point back
RESPONSE_REACH = 40  # how far ahead they are looked for
NOTE_PAUSE_S = 240  # a note goes on while its writer does
LISTED = 0.12  # P(a real question, still open) from which it is kept: a digest prints fewer, but a late answer may come for any
OVERHEARD = 0.2  # P(it asks something) of a message that no pair holds, from which a later message may point back to it
NOTE_LEAST = 6  # characters: "补一下" alone answers nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one member answered; `value` is that of the best of its messages."""

    message_ids: tuple[str, ...]
    sender_id: str
    sender: str
    at: datetime
    text: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One time that something was asked, with the answers of the same stretch.

    `pointing` are the words that say it was asked before ("周三聊过"); `pointers` who said so. One that was `overheard` may be no
    question: it counts only where a later message leads back to it.
    """

    message_ids: tuple[str, ...]
    sender_id: str
    sender: str
    at: datetime
    text: str
    answers: tuple[Told, ...]
    status: QAStatus
    confidence: float
    resolved_by: str | None
    pointing: str
    pointers: tuple[str, ...]
    asked_again: bool
    overheard: bool = False

    @property
    def id(self) -> str:
        return self.message_ids[0]

    @property
    def answer_text(self) -> str:
        return " ".join(t.text for t in self.answers)[:TEXT_MOST]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A member's words to something that was asked in an earlier stretch: by quote, by mention or by saying so."""

    message_ids: tuple[str, ...]
    sender_id: str
    sender: str
    at: datetime
    text: str
    value: float
    quotes: tuple[str, ...]
    mentions: tuple[str, ...]
    says_so: bool
    question: float  # P(it asks something itself)

    @property
    def id(self) -> str:
        return self.message_ids[0]


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """What was found in one stretch."""

    askings: tuple[Asking, ...]
    notes: tuple[Note, ...]


def read_stretch(
    messages: Sequence[Message],
    vectors: MessageVectors,
    options: AnalysisOptions,
    pairs: Sequence[QAPair] | None = None,
    listed: float = LISTED,
) -> Stretch:
    """Analyses a stretch by itself: the result depends on its messages only. Training lends the pairs that are known to be right.

    Open questions less sure than `listed` are left out.
    """
    messages = tuple(messages)
    sessions = split_into_sessions(messages, options.segment)
    links, threads = untangle(messages, sessions, vectors, options.thread)
    scored = score_messages(messages, links, threads, vectors, options.score)
    if pairs is None:
        extract = replace(options.extract, min_open_confidence=listed)
        pairs = extract_qa(messages, links, threads, scored, vectors, extract)
    return Desk(messages, links, threads, scored).stretch(pairs)


class Desk:
    """A stretch and what the stages found in it."""

    def __init__(
        self, messages: Sequence[Message], links: Sequence[ReplyLink], threads: Sequence[Thread], scored: Sequence[Scored]
    ) -> None:
        self.messages, self.scored = messages, scored
        self.row = {m.id: i for i, m in enumerate(messages)}
        self.parent = {x.message_id: x.parent_id for x in links}
        self.thread = {m.id: t.id for t in threads for m in t.messages}

    def stretch(self, pairs: Sequence[QAPair]) -> Stretch:
        """The askings of those pairs, what was overheard beside them, and the notes."""
        askings = [*(self.asking(p) for p in pairs), *self._overheard(pairs)]
        return Stretch(askings=tuple(sorted(askings, key=lambda a: (a.at, a.id))), notes=tuple(self.notes(pairs)))

    def _overheard(self, pairs: Sequence[QAPair]) -> list[Asking]:
        """Of every third question of the gold chats that is answered late or asked again, the extraction makes no pair."""
        used = {i for p in pairs for i in (*p.question_ids, *(i for a in p.answers for i in a.message_ids))}
        found = [
            QAPair(question_ids=(m.id,), answers=(), status="unanswered", confidence=0.0)
            for m, s in zip(self.messages, self.scored, strict=True)
            if s.question >= OVERHEARD and s.noise is None and m.kind is Kind.TEXT and m.id not in used
        ]
        return [replace(self.asking(p), overheard=True) for p in found]

    def asking(self, pair: QAPair) -> Asking:
        asked = [self.messages[self.row[i]] for i in pair.question_ids]
        first, text = asked[0], _joined(asked)
        pointing = [m for m in self._responses(pair) if TOLD_BEFORE.search(m.text)]
        again = bool(ASKED_AGAIN.search(text))
        return Asking(
            message_ids=pair.question_ids, sender_id=first.sender_id, sender=first.sender, at=first.sent_at, text=text,
            answers=tuple(self._told(a.message_ids) for a in pair.answers), status=pair.status, confidence=round(pair.confidence, 4),
            resolved_by=pair.resolved_by, pointing=" ".join([clean(m.text) for m in pointing] + ([text] if again else []))[:TEXT_MOST],
            pointers=tuple(dict.fromkeys(m.sender_id for m in pointing)), asked_again=again,
        )  # fmt: skip

    def _responses(self, pair: QAPair) -> list[Message]:
        """What others said to the question, or to what was said to it, soon after."""
        last = max(self.row[i] for i in pair.question_ids)
        asker = self.messages[last].sender_id
        to_it = set(pair.question_ids) | {i for a in pair.answers for i in a.message_ids}
        found = []
        for m in self.messages[last + 1 : last + 1 + RESPONSE_REACH]:
            if m.id in to_it or self.parent.get(m.id) in to_it:
                to_it.add(m.id)
                if m.sender_id != asker:
                    found.append(m)
        return found[:RESPONSES]

    def _told(self, message_ids: tuple[str, ...]) -> Told:
        rows = [self.row[i] for i in message_ids]
        told = [self.messages[r] for r in rows]
        return Told(
            message_ids=message_ids, sender_id=told[0].sender_id, sender=told[0].sender, at=told[0].sent_at, text=_joined(told),
            value=round(max(self.scored[r].value for r in rows), 4),
        )  # fmt: skip

    def notes(self, pairs: Sequence[QAPair]) -> list[Note]:
        asked = {i for p in pairs for i in p.question_ids}
        found: list[Note] = []
        used: set[str] = set()
        for i, m in enumerate(self.messages):
            if m.kind in (Kind.SYSTEM, Kind.RECALL, Kind.PAT) or m.id in used or STILL_ASKS.search(m.text):
                continue
            outside = (m.reply_to,) if m.reply_to and m.reply_to not in self.row else ()
            says_so = bool(ANSWERS_LATE.search(m.text))
            absent = tuple(s for s in m.mentions if self._absent(s, i))
            if not (outside or says_so or (m.id not in asked and (absent or ("@" in m.text and not m.mentions)))):
                continue
            group = self._goes_on(i, asked)
            if len(text := _joined([self.messages[r] for r in group])) < NOTE_LEAST:
                continue
            used |= {self.messages[r].id for r in group}
            found.append(
                Note(
                    message_ids=tuple(self.messages[r].id for r in group), sender_id=m.sender_id, sender=m.sender, at=m.sent_at, text=text,
                    value=round(max(self.scored[r].value for r in group), 4), quotes=outside, mentions=m.mentions, says_so=says_so,
                    question=round(self.scored[i].question, 4),
                )
            )  # fmt: skip
        return found

    def _absent(self, sender_id: str, row: int) -> bool:
        """Has that member not spoken in the stretch so far?"""
        return all(m.sender_id != sender_id for m in self.messages[:row])

    def _goes_on(self, row: int, asked: set[str]) -> list[int]:
        """The message and what its writer adds to it without a pause, in the same thread or undisturbed."""
        first, group = self.messages[row], [row]
        for r in range(row + 1, min(len(self.messages), row + 8)):
            m = self.messages[r]
            if (m.sent_at - self.messages[group[-1]].sent_at).total_seconds() > NOTE_PAUSE_S:
                break
            if m.sender_id != first.sender_id or m.id in asked:
                continue
            if self.thread.get(m.id) == self.thread.get(first.id) or r == group[-1] + 1:
                group.append(r)
        return group


def _joined(messages: Sequence[Message]) -> str:
    return " ".join(clean(m.text) for m in messages)[:TEXT_MOST]
