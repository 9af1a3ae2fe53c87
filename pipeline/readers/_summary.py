"""What a file is, without keeping it: its chats, period, members, kinds and problems."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.model import Chat, Kind, Message, Skipped
from pipeline.readers._gather import LogFile

_PROBLEMS_SHOWN = 20


@dataclass(kw_only=True)
class ChatSummary:
    """One chat of one file, counted while it streams by."""

    chat: Chat
    messages: int = 0
    first: datetime | None = None
    last: datetime | None = None
    members: Counter[str] = field(default_factory=Counter)  # by sender id
    names: dict[str, str] = field(default_factory=dict)  # sender id → newest name
    kinds: Counter[Kind] = field(default_factory=Counter)
    replies: int = 0

    def count(self, message: Message) -> None:
        self.messages += 1
        self.first = message.sent_at if self.first is None or message.sent_at < self.first else self.first
        self.last = message.sent_at if self.last is None or message.sent_at > self.last else self.last
        self.kinds[message.kind] += 1
        self.replies += message.reply_to is not None
        if not message.is_system:
            self.members[message.sender_id] += 1
            self.names[message.sender_id] = message.sender


@dataclass(kw_only=True)
class FileSummary:
    """One file: its format, its chats, how many parts of it could not be read and the first of them."""

    name: str
    format: str
    title: str
    chats: list[ChatSummary] = field(default_factory=list)
    problems: int = 0
    first_problems: list[Skipped] = field(default_factory=list)


def summary(file: LogFile) -> FileSummary:
    """Reads the file through and counts."""
    found = FileSummary(name=file.name, format=file.format.name, title=file.format.title)
    chats: dict[Chat, ChatSummary] = {}
    current: ChatSummary | None = None
    for piece in file.parts():
        if isinstance(piece, Message):
            if current is not None:
                current.count(piece)
        elif isinstance(piece, Chat):
            current = chats.setdefault(piece, ChatSummary(chat=piece))
        else:
            found.problems += 1
            if len(found.first_problems) < _PROBLEMS_SHOWN:
                found.first_problems.append(piece)
    found.chats = [chat for chat in chats.values() if chat.messages]
    return found
