"""Drafts → messages: ids for those that have none, quotes and mentions matched, a window at a time."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from pipeline.model import Chat, Kind, Message, Skipped
from pipeline.readers._format import Draft, Member, Part, Quote
from pipeline.readers._ids import TwinCounter, stable_id
from pipeline.readers._kinds import actor_of_notice, placeholder
from pipeline.text import fold

# So many messages are read ahead before one is let go: names and quotes that occur later in the file are known by then.
_AHEAD = 4_000
# A quote without an id is looked for among so many earlier messages.
_REMEMBERED = 50_000
_KEY = 12  # folded characters of a text by which quotes find it; exporters cut quotes at 30 and more
# A quote whose words stand nowhere may be of a voice message, if that is not long ago.
_VOICE_QUOTED_WITHIN = timedelta(hours=1)
SYSTEM = "system"  # sender of notices that are nobody's
UNKNOWN = "?"  # sender of messages whose sender the export does not say
_AT = re.compile(r"[@＠]")
_MEDIA = frozenset(Kind) - {Kind.TEXT, Kind.LINK, Kind.FILE, Kind.SYSTEM}


def finish(parts: Iterator[Part], *, quotes: bool = True) -> Iterator[Chat | Message | Skipped]:
    """The stream that readers promise: a Chat before its messages, every message whole, nothing lost."""
    rooms: dict[tuple[str | None, str], _Room] = {}
    room: _Room | None = None
    for part in parts:
        if isinstance(part, Draft):
            if room is None:
                room = rooms[None, ""] = _Room(Chat(name=""), quotes)
                yield room.chat
            room.take(part)
            if len(room.waiting) > _AHEAD:
                yield room.release()
        elif isinstance(part, Chat):
            if room is not None and (part.id, part.name) == (room.chat.id, room.chat.name):
                continue
            if room is not None:
                yield from room.release_all()
            room = rooms.setdefault((part.id, part.name), _Room(part, quotes))
            yield room.chat
        elif isinstance(part, Member):
            if room is not None:
                room.know(part.id, part.names)
                if part.role:
                    room.roles[part.id] = part.role
        else:
            yield part
    if room is not None:
        yield from room.release_all()


@dataclass
class _Room:
    """One chat while it is read: who is in it, what was said lately."""

    chat: Chat
    quotes: bool
    waiting: deque[tuple[str, Draft]] = field(default_factory=deque)
    names: dict[str, set[str]] = field(default_factory=dict)
    by_initial: dict[str, list[str]] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    twins: TwinCounter = field(default_factory=TwinCounter)
    said: OrderedDict[str, tuple[str, Draft]] = field(default_factory=OrderedDict)
    by_text: dict[str, list[str]] = field(default_factory=dict)
    known: set[tuple[str, str]] = field(default_factory=set)
    called: dict[str, str] = field(default_factory=dict)

    def take(self, draft: Draft) -> None:
        """Gives the draft its id and remembers it for those who quote it."""
        sender = draft.sender_id or draft.sender
        if (sender, draft.sender) not in self.known or draft.aliases:
            self.known.add((sender, draft.sender))
            self.know(sender, (draft.sender, *draft.aliases))
        message_id = draft.id
        if not message_id:
            twin = self.twins(sender, draft.sent_at, draft.text)
            message_id = stable_id(self.chat.id or self.chat.name, sender, draft.sent_at, draft.text, twin)
        self.waiting.append((message_id, draft))
        if self.quotes:
            self.remember(message_id, draft)

    def know(self, member: str, names: tuple[str, ...]) -> None:
        for name in names:
            if name and name != member:
                self.called.setdefault(member, name)
            if name and member not in self.names.setdefault(name, set()):
                self.names[name].add(member)
                same = self.by_initial.setdefault(name[0], [])
                if name not in same:
                    same.append(name)
                    same.sort(key=lambda n: (-len(n), n))

    def release_all(self) -> Iterator[Message]:
        while self.waiting:
            yield self.release()

    def release(self) -> Message:
        """The oldest waiting message, with what is known by now."""
        message_id, draft = self.waiting.popleft()
        reply_to = draft.reply_to
        if reply_to is None and draft.quote is not None:
            reply_to = self.find(draft.quote, message_id, draft)
        sender, name = self.author(draft)
        return Message(
            id=message_id,
            sender_id=sender,
            sender=name,
            sent_at=draft.sent_at,
            text=draft.text,
            kind=draft.kind,
            reply_to=reply_to,
            mentions=self.mentioned(draft.text) if draft.mentions is None else draft.mentions,
            reactions=draft.reactions,
            url=draft.url,
            title=draft.title,
            file_name=draft.file_name,
            role=draft.role or self.roles.get(sender),
        )

    def author(self, draft: Draft) -> tuple[str, str]:
        """(id, name) of who sent it; recalls and pats that name their author are that member's, other notices the app's."""
        if draft.sender or draft.sender_id:
            return draft.sender_id or draft.sender, draft.sender or self.called.get(draft.sender_id, draft.sender_id)
        if draft.kind in (Kind.RECALL, Kind.PAT):
            name = actor_of_notice(draft.text)
            members = self.names.get(name, set())
            if len(members) == 1:
                return next(iter(members)), name
            if name:
                return name, name
        return SYSTEM, SYSTEM

    def mentioned(self, text: str) -> tuple[str, ...]:
        """The members whom "@name" in the text means; a name that two share means neither for sure."""
        if "@" not in text and "＠" not in text:
            return ()
        found: list[str] = []
        for at in _AT.finditer(text):
            start = at.end()
            if at.start() and text[at.start() - 1].isascii() and text[at.start() - 1].isalnum():
                continue  # an e-mail address
            for name in self.by_initial.get(text[start : start + 1], ()):
                if text.startswith(name, start) and not text[start + len(name) : start + len(name) + 1].isalnum():
                    members = self.names[name]
                    if len(members) == 1:
                        found += [m for m in members if m not in found]
                    break
        return tuple(found)

    def remember(self, message_id: str, draft: Draft) -> None:
        for key in _keys(draft):
            self.by_text.setdefault(key, []).append(message_id)
        self.said[message_id] = message_id, draft
        if len(self.said) > _REMEMBERED:
            gone, (__, old) = self.said.popitem(last=False)
            for key in _keys(old):
                ids = self.by_text.get(key, [])
                if gone in ids:
                    ids.remove(gone)
                if not ids:
                    self.by_text.pop(key, None)

    def find(self, quote: Quote, own_id: str, before: Draft) -> str | None:
        """The id of the quoted message: the newest one that fits text, sender and time as far as they are given."""
        wanted = _flat(quote.text)
        best: tuple[int, str] | None = None
        for key in _quote_keys(quote):
            for message_id in reversed(self.by_text.get(key, ())):
                draft = self.said[message_id][1]
                if message_id == own_id or draft.sent_at > before.sent_at:
                    continue
                if draft.kind is Kind.VOICE and before.sent_at - draft.sent_at > _VOICE_QUOTED_WITHIN:
                    continue
                points = self.fits(quote, wanted, draft)
                if points and (best is None or points > best[0]):
                    best = points, message_id
            if best is not None:
                return best[1]
        return None

    def fits(self, quote: Quote, wanted: str, draft: Draft) -> int:
        """How well a message fits a quote; 0: it does not."""
        said = _flat(draft.text)
        if draft.kind is Kind.VOICE and quote.sender and (not draft.text or placeholder(draft.text)):
            points = 1  # the quote may know a transcript that the message does not
        elif draft.kind in _MEDIA and placeholder(quote.text):
            points = 1
        elif said == wanted:
            points = 3
        elif len(wanted) >= 6 and said.startswith(wanted):
            points = 2
        else:
            return 0
        if quote.sent_at is not None:
            if abs((draft.sent_at - quote.sent_at).total_seconds()) >= 60:
                return 0
            points += 4
        if quote.sender:
            members = self.names.get(quote.sender, set())
            if (draft.sender_id or draft.sender) in members or quote.sender == draft.sender_id:
                points += 8
            elif members:
                return 0  # that name is another member's
        return points


def _flat(text: str) -> str:
    return fold(text).replace(" ", "").rstrip(".…")


def _keys(draft: Draft) -> set[str]:
    keys = {_flat(draft.text)[:_KEY]} if draft.text else set()
    if draft.kind in _MEDIA or draft.kind in (Kind.FILE, Kind.LINK):
        keys.add(f"\x00{draft.kind}")
    for other in (draft.title, draft.file_name):
        if other:
            keys.add(_flat(other)[:_KEY])
    return keys


def _quote_keys(quote: Quote) -> list[str]:
    keys = [_flat(quote.text)[:_KEY]]
    found = placeholder(quote.text)
    if found is None and quote.sender:
        return [key for key in (*keys, f"\x00{Kind.VOICE}") if key]
    if found:
        keys += [_flat(found[1])[:_KEY]] if found[1] else []
        keys.append(f"\x00{found[0]}")
    return [key for key in keys if key]
