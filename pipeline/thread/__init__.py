"""Messages → reply links and threads: which message answers which, and which belong to one conversation.

Visible quotes always win; a plain mention comes next; the learned linker decides the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.embedding import MessageVectors
from pipeline.model import Message, ReplyLink, Session, Thread
from pipeline.thread.decoding import build_threads
from pipeline.thread.linking import link_messages

__all__ = ["ThreadOptions", "untangle"]


@dataclass(frozen=True, kw_only=True)
class ThreadOptions:
    """How threads are found."""

    pause_minutes: float = 5.0  # the clock that wins most often on annotated community chats


def untangle(
    messages: Sequence[Message], sessions: Sequence[Session], vectors: MessageVectors, options: ThreadOptions
) -> tuple[list[ReplyLink], list[Thread]]:
    """One link a message (in order), and the threads in order of their first message; system messages are in none."""
    links = link_messages(messages, options.pause_minutes)
    return links, build_threads(messages, links)
