"""From files to chats: which format a file has, which chats are asked for, which files hold the same chat."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pipeline.errors import InputError
from pipeline.i18n import _
from pipeline.model import Chat, Export, Message, Skipped
from pipeline.readers._finish import UNKNOWN, finish
from pipeline.readers._format import Format, Part, ReadOptions
from pipeline.readers._ids import is_stable_id
from pipeline.readers._merge import MergePlan, merge_overlap
from pipeline.readers._source import Probe, Source

Piece = Chat | Message | Skipped


def format_of(source: Source, formats: Sequence[Format], options: ReadOptions) -> Format:
    """The one format that knows the file as its own; InputError with what it looks like otherwise."""
    if options.format:
        return _named(options.format, formats)
    try:
        probe = Probe(source)
        matching = [format for format in formats if format.claims is None and format.sniff(probe)]
    except OSError as error:
        raise InputError(_("{path}: cannot be read: {reason}").format(path=source.name, reason=error.strerror or error)) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(_("{path}: damaged zip: {reason}").format(path=source.name, reason=error)) from error
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(format.name for format in matching)
        raise InputError(_("{path}: may be {formats}; say which with --as").format(path=source.name, formats=names))
    if options.columns and not probe.magic:
        return _named("table", formats)
    raise InputError(f"{source.name}: {_why_not(probe)}")


def _named(asked: str, formats: Sequence[Format]) -> Format:
    for format in formats:
        if format.name == asked:
            return format
    raise InputError(_("unknown format {name}; `dianti formats` lists them").format(name=asked))


def _why_not(probe: Probe) -> str:
    if not probe.head.strip(b"\x00 \r\n\t\xef\xbb\xbf"):
        return _("the file is empty")
    if probe.magic:
        return _("a {kind} file, not a chat export; `dianti formats` lists what can be read").format(kind=probe.magic)
    return _("no chat export that is known; `dianti formats` lists what can be read and how to get it")


@dataclass(frozen=True)
class LogFile:
    """One file (or folder export) with its format, ready to be read."""

    source: Source
    format: Format
    options: ReadOptions

    @property
    def name(self) -> str:
        return self.source.name

    def parts(self) -> Iterator[Piece]:
        """The chats asked for, with their messages and what could not be read; chats without a name get the file's."""
        for piece in self.pieces():
            yield self.named(piece) if isinstance(piece, Chat) else piece

    def named(self, chat: Chat) -> Chat:
        return chat if chat.name else replace(chat, name=chat.id or self.source.stem)

    def pieces(self) -> Iterator[Piece]:
        """As `parts`, but a chat keeps an empty name when the export does not say it."""
        wanted = self.options.chat
        if wanted is None:
            yield from self._stream()
            return
        listed = self._chats() if self.format.many else []
        if any(wanted in (chat.id, chat.name) for chat in listed):
            yield from _only(self._stream(), wanted)
        elif len(listed) <= 1:
            # the one chat of the file: --chat says what it is called
            yield from (replace(piece, name=wanted) if isinstance(piece, Chat) else piece for piece in self._stream())
        else:
            names = ", ".join(dict.fromkeys(self.named(chat).name for chat in listed))
            raise InputError(_("{path}: no chat {name} in it; there are {names}").format(path=self.name, name=wanted, names=names[:300]))

    def exports(self, most: int) -> Iterator[tuple[bool, Export]]:
        """(is it the chat's first piece?, up to `most` of its messages, in time order): whole chats never stand in memory."""
        rooms: dict[Chat, _Found] = {}
        begun: set[Chat] = set()
        room: _Found | None = None
        early: list[Skipped] = []
        for piece in self.pieces():
            if isinstance(piece, Message):
                if room is not None:
                    room.take(piece)
                    if len(room.messages) >= most:
                        yield room.chat not in begun, room.piece()
                        begun.add(room.chat)
                        room.forget()
            elif isinstance(piece, Chat):
                room = rooms.setdefault(piece, _Found(self, piece))
                room.skipped, early = [*early, *room.skipped], []
            else:
                (early if room is None else room.skipped).append(piece)
        for room in rooms.values():
            if room.messages:
                yield room.chat not in begun, room.piece()

    def _chats(self) -> list[Chat]:
        quiet = replace(self, source=self.source.again())
        return list(dict.fromkeys(p for p in quiet._stream() if isinstance(p, Chat)))

    def _stream(self) -> Iterator[Piece]:
        yield from finish(self._read(), quotes=self.format.quotes)
        yield from self.source.damage
        self.source.damage.clear()

    def _read(self) -> Iterator[Part]:
        try:
            yield from self.format.read(self.source, self.options)
        except OSError as error:
            reason = error.strerror or str(error)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            reason = str(error)
        else:
            return
        yield Skipped(where=self.name, line=0, reason=_("reading broke off: {reason}").format(reason=reason))


def _only(pieces: Iterator[Piece], wanted: str) -> Iterator[Piece]:
    inside = True
    for piece in pieces:
        if isinstance(piece, Chat):
            inside = wanted in (piece.id, piece.name)
        if inside or isinstance(piece, Skipped):
            yield piece


@dataclass
class _Found:
    """A chat as one file has it."""

    file: LogFile
    chat: Chat
    messages: list[Message] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def take(self, message: Message) -> None:
        if message.id in self.ids:
            reason = _("a second message with the id {id}").format(id=message.id)
            self.skipped.append(Skipped(where=self.file.name, line=0, reason=reason))
            return
        self.ids.add(message.id)
        self.messages.append(message)

    def piece(self) -> Export:
        """What was taken so far, under the chat's final name."""
        export = self.export()
        return replace(export, chat=self.file.named(self.chat), named=bool(self.chat.name or self.file.options.chat))

    def forget(self) -> None:
        self.messages, self.skipped, self.ids = [], [], set()

    def export(self) -> Export:
        ordered = sorted(self.messages, key=lambda m: m.sent_at.timestamp())
        return Export(chat=self.chat, format=self.file.format.name, messages=tuple(ordered), skipped=tuple(self.skipped))


def gather(files: Sequence[LogFile], skipped: list[Skipped], options: ReadOptions) -> list[Export]:
    """All chats of all files, those of several files merged; `skipped` gets what belongs to no chat."""
    exports: list[tuple[Export, str]] = []
    for file in files:
        try:
            found = _chats_of(file)
        except InputError as error:
            if len(files) == 1:
                raise
            skipped.append(Skipped(where=file.name, line=0, reason=str(error).removeprefix(f"{file.name}: ")))
            continue
        full = [chat for chat in found if chat.messages]
        skipped += [s for chat in found if not chat.messages for s in chat.skipped]
        if not full:
            skipped.append(Skipped(where=file.name, line=0, reason=_("no message in it, read as {format}").format(format=file.format.name)))
        exports += [(chat.export(), file.source.stem) for chat in full]
    merged = list(_merged(exports, decided=options.chat is not None))
    if merged and skipped:
        merged[0] = replace(merged[0], skipped=(*merged[0].skipped, *skipped))
    return merged


def _chats_of(file: LogFile) -> list[_Found]:
    found: dict[Chat, _Found] = {}
    current: _Found | None = None
    early: list[Skipped] = []
    for piece in file.pieces():
        if isinstance(piece, Chat):
            current = found.setdefault(piece, _Found(file, piece))
        elif isinstance(piece, Skipped):
            (current.skipped if current else early).append(piece)
        elif current is not None:
            current.take(piece)
    if early and found:
        next(iter(found.values())).skipped[:0] = early
    return list(found.values()) or [_Found(file, Chat(name=""), skipped=early)]


def _merged(exports: list[tuple[Export, str]], *, decided: bool) -> Iterator[Export]:
    """One export a chat. The richest come first, so that the others are fitted into them, whatever the order of the files.

    The same id is the same chat, another id another one. Without ids it takes the same name (or none) and an overlap;
    `decided`: the user's --chat says that they are one.
    """
    groups: list[tuple[Export, str]] = []
    for export, stem in sorted(exports, key=lambda e: -_wealth(e[0])):
        for at, (group, group_stem) in enumerate(groups):
            plan = _joins(group, export, decided=decided)
            if plan is not None:
                groups[at] = (_joined(group, export, plan), group_stem)
                break
        else:
            groups.append((export, stem))
    for export, stem in sorted(groups, key=lambda e: (e[0].messages[0].sent_at, e[0].chat.name, e[0].chat.id or "")):
        named = replace(export.chat, name=export.chat.name or export.chat.id or stem)
        yield replace(export, chat=named, named=bool(export.chat.name or decided))


def _wealth(export: Export) -> int:
    ids = sum(not is_stable_id(m.id) for m in export.messages) + sum(m.sender_id != m.sender for m in export.messages)
    ids -= sum(m.sender_id == UNKNOWN for m in export.messages)
    return ids * 2 // len(export.messages) * 10_000_000 + (export.chat.id is not None) * 5_000_000 + len(export.messages)


def _joins(group: Export, export: Export, *, decided: bool) -> MergePlan | None:
    """How the export fits into the group, or None when it is another chat."""
    a, b = group.chat, export.chat
    if a.platform and b.platform and a.platform != b.platform:
        return None
    if a.id and b.id:
        return merge_overlap(group.messages, export.messages) if a.id == b.id else None
    if a.name and b.name and a.name != b.name:
        return None
    plan = merge_overlap(group.messages, export.messages)
    return plan if decided or plan.same_chat else None


def _joined(group: Export, export: Export, plan: MergePlan) -> Export:
    chat = Chat(
        name=group.chat.name or export.chat.name, id=group.chat.id or export.chat.id, platform=group.chat.platform or export.chat.platform
    )
    formats = group.format if export.format in group.format.split("+") else f"{group.format}+{export.format}"
    return Export(chat=chat, format=formats, messages=tuple(plan.apply(group.messages)), skipped=(*group.skipped, *export.skipped))
