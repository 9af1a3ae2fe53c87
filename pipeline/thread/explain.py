"""Why a message sits where it does, from what a reader can check: the quote, the name, the pause, the turns, the shared words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.model import Message, ReplyBy, ReplyLink, Thread
from pipeline.text import count, grams
from pipeline.thread.addressing import How, find_addressees, number_senders
from pipeline.thread.cues import CUE_NAMES, cues_of

NEAR = 200  # messages before the one to explain that tell which words are rare here
SHOWN_WORDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReasons:
    """Why a message answers its parent, or why it starts something; absent facts are None, False or empty."""

    message_id: str
    parent_id: str | None
    by: ReplyBy | None
    confidence: float
    thread_id: str | None
    place: int  # which message of its thread it is, from 1
    seconds_since_parent: float | None = None
    seconds_since_previous: float | None = None
    same_sender: bool = False
    names_parent: bool = False
    sender_took_part: bool = False  # the sender had spoken in this thread before
    answers_question: bool = False
    asks: bool = False
    shared_words: tuple[str, ...] = ()


def explain_link(messages: Sequence[Message], message_id: str, links: Sequence[ReplyLink], threads: Sequence[Thread]) -> LinkReasons:
    """The facts behind one message's place; `links[i]` belongs to `messages[i]`. KeyError when there is no such message."""
    row = {m.id: i for i, m in enumerate(messages)}
    i = row[message_id]
    m, link = messages[i], links[i]
    thread = next((t for t in threads if any(x.id == message_id for x in t.messages)), None)
    earlier = [x for x in thread.messages if row[x.id] < i] if thread else []
    previous = next((x for x in reversed(messages[:i]) if not x.is_system), None)
    parent = messages[row[link.parent_id]] if link.parent_id is not None else None
    mark = CUE_NAMES.index("question_mark")
    cues = cues_of([m] if parent is None else [m, parent])
    return LinkReasons(
        message_id=message_id,
        parent_id=link.parent_id,
        by=link.by,
        confidence=link.confidence,
        thread_id=thread.id if thread else None,
        place=len(earlier) + 1,
        seconds_since_parent=_seconds(parent, m),
        seconds_since_previous=_seconds(previous, m),
        same_sender=parent is not None and parent.sender_id == m.sender_id,
        names_parent=parent is not None and _names(messages[max(0, i - NEAR) : i + 1], parent),
        sender_took_part=any(x.sender_id == m.sender_id for x in earlier),
        answers_question=parent is not None and bool(cues[-1, mark]) and parent.sender_id != m.sender_id,
        asks=bool(cues[0, mark]),
        shared_words=_shared(messages[max(0, i - NEAR) : i], m, earlier[-8:]),
    )


def _seconds(a: Message | None, b: Message) -> float | None:
    return (b.sent_at - a.sent_at).total_seconds() if a is not None else None


def _names(near: Sequence[Message], parent: Message) -> bool:
    """Does the last message of `near` plainly name the parent's sender?"""
    with_parent = [parent, *near]
    senders = number_senders(with_parent)
    return any(a.sender == senders[0] and a.how >= How.LEADING for a in find_addressees(with_parent, senders)[-1])


def _shared(near: Sequence[Message], m: Message, thread: Sequence[Message]) -> tuple[str, ...]:
    """Words of the message that its thread used just before, the rarest around here first."""
    if not thread:
        return ()
    usual = count(g for x in near for g in set(grams(x.text)))
    common = max(3, len(near) // 10)
    of_thread = {g for x in thread for g in grams(x.text)}
    shared = [g for g in dict.fromkeys(grams(m.text)) if len(g) > 1 and g in of_thread and usual.get(g, 0) <= common]
    return tuple(sorted(shared, key=lambda g: (usual.get(g, 0), -len(g), g))[:SHOWN_WORDS])
