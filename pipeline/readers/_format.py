"""What a reader is, and what it yields: chats, drafts of messages, and what it could not use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline.model import Chat, Kind, Skipped

if TYPE_CHECKING:
    from pipeline.readers._source import Probe, Source


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What the user said about the logs.

    `tz`: the zone of exports that carry none. `date`: the day of an export that omits it. `chat`: only this chat, or the
    name to give an export of one chat. `format`: read as this format, whatever it looks like. `columns`: field → column
    name or number, for tables. `on_bytes` is told how many more bytes were read (a progress bar).
    """

    tz: ZoneInfo
    date: str | None = None
    chat: str | None = None
    format: str | None = None
    columns: Mapping[str, str] | None = None
    on_bytes: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quoted message of which the export gives no id: whatever it does give."""

    text: str
    sender: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message as its format words it; `_finish.finish` turns it into a Message.

    No `id`: it gets a stable one. No `sender_id`: the name is all there is. `quote` is matched to the message that it
    quotes. `aliases` are other names that mentions may use. `at` in the text is matched to members unless `mentions` says.
    """

    sent_at: datetime
    sender: str
    text: str
    line: int = 0
    id: str = ""
    sender_id: str = ""
    kind: Kind = Kind.TEXT
    reply_to: str | None = None
    quote: Quote | None = None
    mentions: tuple[str, ...] | None = None
    aliases: tuple[str, ...] = ()
    reactions: tuple[tuple[str, int], ...] = ()
    url: str | None = None
    title: str | None = None
    file_name: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What an exporter writes as one text, taken apart: its kind, the quote in it, what a card or file is called."""

    text: str
    kind: Kind = Kind.TEXT
    quote: Quote | None = None
    title: str | None = None
    url: str | None = None
    file_name: str | None = None

    def draft(self, sent_at: datetime, sender: str, *, sender_id: str = "", line: int = 0, id: str = "") -> Draft:
        """The message that somebody said so."""
        return Draft(
            sent_at=sent_at, sender=sender, sender_id=sender_id, line=line, id=id, text=self.text, kind=self.kind, quote=self.quote,
            title=self.title, url=self.url, file_name=self.file_name,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody whom the export lists: names that mentions may use, and a role."""

    id: str
    names: tuple[str, ...] = ()
    role: str | None = None


# A Chat says whose messages follow, until the next Chat; coming back to an earlier one is allowed.
Part = Chat | Member | Draft | Skipped


@dataclass(frozen=True, kw_only=True)
class Format:
    """One export format: how to know it and how to read it.

    `sniff` looks at the first bytes only and must be true of no other format's files. `obtain` tells a user how to get
    such an export. `many`: one file may hold several chats. `quotes`: quoted messages are to be found by their text.
    `claims` is set for formats that are folders: (all names in a folder or zip) → for each export in it its folder and its files.
    """

    name: str
    title: str
    platform: str
    obtain: str
    sniff: Callable[[Probe], bool]
    read: Callable[[Source, ReadOptions], Iterator[Part]]
    many: bool = False
    quotes: bool = False
    claims: Callable[[Sequence[str]], list[tuple[str, list[str]]]] | None = None
