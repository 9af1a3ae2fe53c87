"""Messages → reply links and threads: which message answers which, and which belong to one conversation.

Visible quotes always win; the rest is learned: `columns` (the chat as arrays) → `candidates` → `features`, `acts` → `linking`
(a probability for each candidate parent) → `decoding` (one thread a message). `explain` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.embedding import FAST, QUALITY, MessageVectors
from pipeline.model import Message, ReplyLink, Session, Thread
from pipeline.thread.addressing import Addressee, find_addressees, number_senders
from pipeline.thread.columns import Floats, centred
from pipeline.thread.decoding import Decoded, decode, make_links, make_threads
from pipeline.thread.explain import LinkReasons, explain_link
from pipeline.thread.linking import choose_linker, score_candidates

__all__ = ["LinkReasons", "ThreadOptions", "explain_link", "untangle"]


@dataclass(frozen=True, kw_only=True)
class ThreadOptions:
    """How threads are found."""

    quality_texts: int = 2500  # distinct texts up to which the slow vectors are used: scoring computes them for these logs anyway


def untangle(
    messages: Sequence[Message], sessions: Sequence[Session], vectors: MessageVectors, options: ThreadOptions
) -> tuple[list[ReplyLink], list[Thread]]:
    """One link a message (in order), and the threads in order of their first message; system messages are in none.

    Sessions are not cut at: a thread may resume after a pause, and the pauses themselves are among the features.
    """
    kept = [i for i, m in enumerate(messages) if not m.is_system]
    spoken = [messages[i] for i in kept]
    row = {m.id: r for r, m in enumerate(spoken)}
    quoted = [row.get(m.reply_to, -1) if m.reply_to and m.reply_to != m.id else -1 for m in spoken]
    senders = number_senders(spoken)
    named = find_addressees(spoken, senders)
    linker = choose_linker(spoken, named)
    tier = _tier(vectors, options) if linker.has_acts else FAST

    def vectors_of(low: int, high: int) -> Floats:
        rows = kept[low:high]
        return centred(vectors.quality(rows) if tier == QUALITY else vectors.fast[rows])

    decoded = decode(score_candidates(spoken, vectors_of, linker, tier), quoted, linker.start_factor)
    links = iter(make_links(spoken, decoded, quoted, _how(decoded, senders, named)))
    every = [ReplyLink(message_id=m.id, parent_id=None) if m.is_system else next(links) for m in messages]
    return every, make_threads(spoken, decoded, quoted)


def _tier(vectors: MessageVectors, options: ThreadOptions) -> str:
    return QUALITY if vectors.bundled and len(set(vectors.texts)) <= options.quality_texts else FAST


def _how(decoded: Decoded, senders: Sequence[int], named: Sequence[Sequence[Addressee]]) -> list[int]:
    """How plainly each message names the sender of its parent."""
    return [max((int(a.how) for a in people if a.sender == senders[p]), default=0) for people, p in zip(named, decoded.parent, strict=True)]
