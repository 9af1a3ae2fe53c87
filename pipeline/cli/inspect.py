"""formats, inspect, export: what can be read, what a file is, and everything in our own formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli._common import Globals, log_arguments, note, print_json_line, read_logs, read_options, stream_logs
from pipeline.cli._progress import STREAMED_BYTES, bytes_read, log_bytes
from pipeline.errors import InputError, UserError
from pipeline.i18n import _
from pipeline.model import Chat, Message, Skipped

if TYPE_CHECKING:
    from pipeline.archive import Archive, StoredChat
    from pipeline.readers._gather import LogFile
    from pipeline.readers._summary import ChatSummary, FileSummary

_MEMBERS_SHOWN = 12


@click.command("formats", help=_("The formats that can be read, and how to get such an export.\n\n\b\nExample:\n  dianti formats"))
@click.option("--json", "as_json", is_flag=True, help=_("As JSON lines."))
@click.option("--markdown", is_flag=True, help=_("As a Markdown table."))
def formats_command(as_json: bool, markdown: bool) -> None:
    from pipeline.readers import FORMATS, markdown_table

    if markdown:
        click.echo(markdown_table(_))
        return
    for format in FORMATS:
        if as_json:
            print_json_line({"name": format.name, "title": format.title, "platform": format.platform, "obtain": format.obtain})
        else:
            click.echo(f"{format.name:22} {_(format.title)}\n{'':22} {_(format.obtain)}")


@click.command(
    "inspect", help=_("What a file is: format, chats, period, members, kinds, problems.\n\n\b\nExample:\n  dianti inspect exports/")
)
@log_arguments()
@click.option("--json", "as_json", is_flag=True, help=_("As JSON lines, one a file."))
@click.pass_obj
def inspect_command(settings: Globals, log: tuple[Path, ...], date: str | None, chat: str | None, as_json: bool) -> None:
    from pipeline.readers import open_logs

    with bytes_read(log) as on_bytes:
        files, skipped = open_logs(log, replace(read_options(settings, date=date, chat=chat), on_bytes=on_bytes))
        read = _inspect(files, skipped, settings, as_json)
    for part in skipped:
        note(f"{part.where}: {part.reason}")
    if not read:
        raise InputError(_("no message in {paths}").format(paths=", ".join(map(str, log))))


def _inspect(files: Sequence[LogFile], skipped: list[Skipped], settings: Globals, as_json: bool) -> int:
    """Prints what each file is; how many have messages. What cannot be read joins `skipped`, unless there is nothing else."""
    from pipeline.readers._summary import summary

    read = 0
    for file in files:
        try:
            found = summary(file)
        except InputError as error:
            if len(files) == 1:
                raise
            skipped.append(Skipped(where=file.name, line=0, reason=str(error).removeprefix(f"{file.name}: ")))
            continue
        read += bool(found.chats)
        if as_json:
            print_json_line(_as_json(found, settings))
        else:
            click.echo("\n".join(_lines(found, settings)))
    return read


def _lines(found: FileSummary, settings: Globals) -> Iterator[str]:
    yield f"{found.name}: {_(found.title)} ({found.format})"
    for chat in found.chats:
        named = " ".join(filter(None, (chat.chat.name, f"({chat.chat.id})" if chat.chat.id else "", chat.chat.platform)))
        yield "  " + _("chat: {name}").format(name=named)
        assert chat.first is not None
        assert chat.last is not None
        start, end = (when.astimezone(settings.tz).isoformat(sep=" ", timespec="minutes") for when in (chat.first, chat.last))
        yield "  " + _("{n} messages from {start} to {end}, {replies} replies").format(
            n=chat.messages, start=start, end=end, replies=chat.replies
        )
        yield "  " + _("{n} members: {names}").format(n=len(chat.members), names=_members(chat))
        yield "  " + ", ".join(f"{kind.value} {n}" for kind, n in sorted(chat.kinds.items(), key=lambda kn: (-kn[1], kn[0])))
    if found.problems:
        yield "  " + _("{n} parts could not be read").format(n=found.problems)
        for problem in found.first_problems[:5]:
            yield f"    {problem.where}{f':{problem.line}' if problem.line else ''}: {problem.reason}"


def _members(chat: ChatSummary) -> str:
    ordered = sorted(chat.members.items(), key=lambda member: (-member[1], member[0]))
    shown = [f"{chat.names[member]} {n}" for member, n in ordered[:_MEMBERS_SHOWN]]
    return ", ".join(shown) + (" …" if len(ordered) > _MEMBERS_SHOWN else "")


def _as_json(found: FileSummary, settings: Globals) -> dict[str, Any]:
    return {
        "file": found.name,
        "format": found.format,
        "chats": [
            {
                "name": chat.chat.name,
                "id": chat.chat.id,
                "platform": chat.chat.platform,
                "messages": chat.messages,
                "start": chat.first.astimezone(settings.tz).isoformat() if chat.first else None,
                "end": chat.last.astimezone(settings.tz).isoformat() if chat.last else None,
                "replies": chat.replies,
                "members": [
                    {"sender_id": member, "sender": chat.names[member], "messages": n}
                    for member, n in sorted(chat.members.items(), key=lambda member: (-member[1], member[0]))
                ],
                "kinds": {kind.value: n for kind, n in sorted(chat.kinds.items())},
            }
            for chat in found.chats
        ],
        "problems": found.problems,
        "first_problems": [{"where": p.where, "line": p.line, "reason": p.reason} for p in found.first_problems],
    }


@click.command(
    "export",
    help=_(
        "The messages of LOG, else of the archive, as interchange JSONL or ChatLab JSONL.\n\n\b\nExample:\n  dianti export > chats.jsonl"
    ),
)
@log_arguments(required=False)
@click.option("--format", "form", type=click.Choice(["jsonl", "chatlab"]), default="jsonl", show_default=True, help=_("What to write."))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help=_("File to write to [stdout]."))
@click.pass_obj
def export_command(settings: Globals, log: tuple[Path, ...], date: str | None, chat: str | None, form: str, output: Path | None) -> None:
    lines = _of_logs(log, settings, date, chat, form) if log else _of_archive(settings, chat, form)
    if output is None:
        for line in lines:
            print_json_line(line)
        return
    import json

    first = list(islice(lines, 1))  # what cannot be read says so before a file is begun
    with output.open("w", encoding="utf-8", newline="\n") as file:
        for line in chain(first, lines):
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def _of_logs(log: Sequence[Path], settings: Globals, date: str | None, chat: str | None, form: str) -> Iterator[Any]:
    """The logs' messages; large ones go by piece by piece, each file as it is, and are not laid over one another."""
    if form == "jsonl" and log_bytes(log) > STREAMED_BYTES:
        for _first, export in stream_logs(log, settings, date=date, chat=chat):
            yield from _written(export.chat, export.messages, form, settings)
        return
    exports = read_logs(log, settings, date=date, chat=chat)
    _one_chat([e.chat for e in exports], form)
    for export in exports:
        yield from _written(export.chat, export.messages, form, settings)


def _of_archive(settings: Globals, wanted: str | None, form: str) -> Iterator[Any]:
    from pipeline.archive import open_archive
    from pipeline.archive.store import told

    with told(settings.archive), open_archive(settings.archive, read_only=True) as archive:
        chats = archive.chats()
        if wanted is not None:
            found = archive.find_chat(wanted)
            if found is None:
                raise UserError(
                    _("no chat {name} in the archive; there are {names}").format(name=wanted, names=", ".join(c.chat.name for c in chats))
                )
            chats = [found]
        _one_chat([stored.chat for stored in chats], form)
        for stored in chats:
            yield from _written(stored.chat, _Stored(archive, stored), form, settings)


@dataclass(frozen=True)
class _Stored:
    """A chat's messages, read from the archive each time they are gone through."""

    archive: Archive
    chat: StoredChat

    def __iter__(self) -> Iterator[Message]:
        return self.archive.each_message(self.chat)


def _one_chat(chats: Sequence[Chat], form: str) -> None:
    if form == "chatlab" and len(chats) > 1:
        names = ", ".join(chat.name for chat in chats)
        raise UserError(_("a ChatLab file holds one chat; say which with --chat: {names}").format(names=names))


def _written(chat: Chat, messages: Iterable[Message], form: str, settings: Globals) -> Iterator[Any]:
    from pipeline.readers import chatlab, interchange_jsonl

    if form == "chatlab":
        yield from chatlab.document(chat, messages, int(settings.now.timestamp()))
    else:
        yield from (interchange_jsonl.message_record(message, chat) for message in messages)
