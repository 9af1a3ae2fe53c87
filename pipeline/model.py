"""The values that flow between the stages. Frozen; changed by `dataclasses.replace`. Imports nothing of ours.

    Export ─read→ Message… ─segment→ Session, Segment ─thread→ ReplyLink, Thread ─score→ Scored
      ─cluster→ Topic ─extract→ QAPair, Item, Talk ─analysis→ Analysis ─digest→ Digest ─render→ str

Stages refer to messages by id; where a stage works on arrays, row i belongs to `messages[i]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal


class Kind(StrEnum):
    """What a message is made of; the `type` of the interchange format."""

    TEXT = "text"
    IMAGE = "image"
    STICKER = "sticker"
    VOICE = "voice"
    VIDEO = "video"
    FILE = "file"
    LINK = "link"
    CARD = "card"
    LOCATION = "location"
    FORWARD = "forward"
    REDPACKET = "redpacket"
    TRANSFER = "transfer"
    CALL = "call"
    POLL = "poll"
    RECALL = "recall"
    PAT = "pat"
    SYSTEM = "system"
    OTHER = "other"


class Noise(StrEnum):
    """Why a message is not worth a member's time."""

    AD = "ad"
    GREETING = "greeting"
    BANTER = "banter"
    STICKER = "sticker"
    ACK = "ack"
    CHAIN = "chain"
    REDPACKET = "redpacket"
    CHECKIN = "checkin"
    SYSTEM = "system"
    PAT = "pat"
    CONFLICT = "conflict"
    REPOST = "repost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as its export has it.

    `id` is the platform's, else `readers._ids.stable_id`; unique within a chat. `sent_at` is aware.
    `text` is verbatim (line ends as \\n); placeholders such as "[图片]" stay in it, `kind` says what it is.
    `reply_to` is the id of the message that it visibly quotes or answers, when the export shows it.
    `exported_as` is the sender id, sender and role of the export, where the operator said that they are somebody else's.
    """

    id: str
    sender_id: str
    sender: str
    sent_at: datetime
    text: str
    kind: Kind = Kind.TEXT
    reply_to: str | None = None
    mentions: tuple[str, ...] = ()
    reactions: tuple[tuple[str, int], ...] = ()
    url: str | None = None
    title: str | None = None
    file_name: str | None = None
    role: str | None = None
    exported_as: tuple[str, str, str | None] | None = None

    def __post_init__(self) -> None:
        if self.sent_at.tzinfo is None:
            raise ValueError(f"message {self.id}: sent_at has no zone")

    @property
    def is_system(self) -> bool:
        return self.kind is Kind.SYSTEM

    @property
    def names(self) -> tuple[str, ...]:
        """What the sender may be called in the chat: the operator's name for them and the export's."""
        return (self.sender, self.exported_as[1]) if self.exported_as and self.exported_as[1] != self.sender else (self.sender,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A part of the input that could not be used: where (line or record number, 1-based) and why."""

    where: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Which chat: `id` is the export's own chat id where it has one, else None."""

    name: str
    id: str | None = None
    platform: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One chat as one export gives it; messages in time order (ties in file order), ids unique."""

    chat: Chat
    format: str
    messages: tuple[Message, ...]
    skipped: tuple[Skipped, ...] = ()
    named: bool = True  # False: the export does not say the chat's name, it is the file's


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A stretch of chat between long pauses: `messages` is never empty; id "s1", "s2"… in time order."""

    id: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of one session on one subject, in time order; id "<session>.<n>"."""

    id: str
    messages: tuple[Message, ...]


ReplyBy = Literal["quote", "mention", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyLink:
    """`message_id` most directly answers `parent_id`; None: it starts something new. `confidence` in 0…1."""

    message_id: str
    parent_id: str | None
    by: ReplyBy | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One conversation: may interleave with others and resume hours or days later; id "t1"… by first message."""

    id: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Threads on one subject; `title` and `keywords` are the log's own words; id "k1"…, largest first."""

    id: str
    title: str
    keywords: tuple[str, ...]
    thread_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a message is worth. `value` in 0…1 is the calibrated sum of `why` (signal → contribution)."""

    message_id: str
    value: float
    why: Mapping[str, float]
    noise: Noise | None = None
    question: float = 0.0  # P(it asks something that wants an answer)
    unfit: float = 0.0  # P(it is private or would embarrass somebody): such a message is never selected

    @property
    def is_question(self) -> bool:
        return self.question >= 0.5


QAStatus = Literal["answered", "partial", "disputed", "unanswered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One member's answer: its messages in time order (all of one sender)."""

    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QAPair:
    """A question (one or more messages of the asker) with its answers; no answers: unanswered."""

    question_ids: tuple[str, ...]
    answers: tuple[Answer, ...]
    status: QAStatus
    confidence: float
    resolved_by: str | None = None  # the asker's "解决了", when there is one


ItemKind = Literal["resource", "announcement", "decision", "action", "feedback", "opportunity", "quote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something to keep: message ids best first; everything computed stands in its own field."""

    kind: ItemKind
    message_ids: tuple[str, ...]
    confidence: float
    context_id: str | None = None  # the message without which it cannot be understood
    url: str | None = None
    title: str | None = None
    when: str | None = None  # ISO date or date-time, resolved against the message's day
    place: str | None = None
    due: str | None = None
    who: tuple[str, ...] = ()  # sender ids
    replaces: tuple[str, ...] = ()  # ids of messages whose earlier plan this one changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A scheduled sharing or a meeting: the outline in the speaker's own messages, and its Q&A."""

    kind: Literal["talk", "meeting"]
    title_id: str
    speaker_id: str
    outline_ids: tuple[str, ...]
    qa: tuple[QAPair, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Every stage's result for one chat; `links[i]` and `scored[i]` belong to `messages[i]`."""

    chat: Chat
    messages: tuple[Message, ...]
    sessions: tuple[Session, ...]
    segments: tuple[Segment, ...]
    links: tuple[ReplyLink, ...]
    threads: tuple[Thread, ...]
    scored: tuple[Scored, ...]
    topics: tuple[Topic, ...]
    qa: tuple[QAPair, ...]
    items: tuple[Item, ...]
    talks: tuple[Talk, ...]
    skipped: tuple[Skipped, ...] = ()

    @cached_property
    def row(self) -> dict[str, int]:
        """Message id → row."""
        return {m.id: i for i, m in enumerate(self.messages)}

    @cached_property
    def thread_of(self) -> dict[str, Thread]:
        """Message id → its thread (system messages have none)."""
        return {m.id: t for t in self.threads for m in t.messages}

    @cached_property
    def session_of(self) -> dict[str, str]:
        """Message id → session id."""
        return {m.id: s.id for s in self.sessions for m in s.messages}

    @cached_property
    def segment_of(self) -> dict[str, str]:
        """Message id → segment id."""
        return {m.id: s.id for s in self.segments for m in s.messages}

    @cached_property
    def topic_of(self) -> dict[str, Topic]:
        """Thread id → its topic, for threads that belong to one."""
        return {t: k for k in self.topics for t in k.thread_ids}

    def message(self, message_id: str) -> Message:
        return self.messages[self.row[message_id]]

    def score(self, message_id: str) -> Scored:
        return self.scored[self.row[message_id]]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a digest: verbatim `text`, the messages that prove it, and computed fields beside it."""

    text: str
    message_ids: tuple[str, ...]
    sender: str = ""
    time: datetime | None = None
    context: Entry | None = None
    url: str | None = None
    title: str | None = None
    when: str | None = None
    place: str | None = None
    due: str | None = None
    who: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    find: str | None = None  # a phrase that occurs once in the log, to jump there in the app
    note: str | None = None  # the operator's own words beside the line
    written_by: str | None = None  # "llm", "operator": not verbatim, never printed as a quotation; None: verbatim


@dataclass(frozen=True, kw_only=True)
class AskedBefore:
    message_id: str
    time: datetime


@dataclass(frozen=True, kw_only=True)
class QAEntry:
    """A printed question with its printed answers."""

    question: Entry
    answers: tuple[Entry, ...]
    status: QAStatus
    confidence: float
    asked_before: AskedBefore | None = None


@dataclass(frozen=True, kw_only=True)
class StartHere:
    message_id: str
    time: datetime
    sender: str
    find: str


@dataclass(frozen=True, kw_only=True)
class TopicEntry:
    title: str
    keywords: tuple[str, ...]
    highlights: tuple[Entry, ...]
    start_here: StartHere
    threads: tuple[str, ...]
    participants: int
    messages: int


@dataclass(frozen=True, kw_only=True)
class TalkEntry:
    title: str
    speaker: str
    outline: tuple[Entry, ...]
    qa: tuple[QAEntry, ...]
    message_ids: tuple[str, ...]
    kind: Literal["talk", "meeting"] = "talk"


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What was read and what was left out; `messages` = sum of noise + in_digest + left_over."""

    messages: int
    noise: Mapping[str, int]
    in_digest: int
    left_over: int
    unreadable: int
    unproved: int
    media: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Digest:
    """All a template needs; its JSON is `dianti.digest/1` (see digest_json)."""

    chat: Chat
    start: datetime
    end: datetime
    coverage: Coverage
    short: tuple[Entry, ...]
    tldr: tuple[Entry, ...]
    resources: tuple[Entry, ...]
    qa: tuple[QAEntry, ...]
    unanswered: tuple[Entry, ...]
    announcements: tuple[Entry, ...]
    decisions: tuple[Entry, ...]
    actions: tuple[Entry, ...]
    feedback: tuple[Entry, ...]
    opportunities: tuple[Entry, ...]
    topics: tuple[TopicEntry, ...]
    talks: tuple[TalkEntry, ...]
    quotes: tuple[Entry, ...]
    closed: tuple[QAEntry, ...]
    stats: Mapping[str, Any]
    due: tuple[Entry, ...] = ()  # of earlier sessions, from the archive's memory
    again: tuple[TopicEntry, ...] = ()  # an old discussion of a subject that is back, at most one
    sources: Mapping[str, Message] = field(default_factory=dict)  # the cited messages, masked, for fold-outs
    member: str | None = None  # whom it was made for; None: for the whole chat
