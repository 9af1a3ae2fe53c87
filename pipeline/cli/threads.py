"""threads: the conversations of a log, each in one place, as a person wants to read them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from pipeline.cli._common import Globals, log_arguments, print_json_line, read_logs
from pipeline.cli._progress import progress
from pipeline.i18n import _
from pipeline.model import Export, Message, ReplyLink, Thread
from pipeline.text import clean

SHOWN_MESSAGES = 12  # of a thread, unless --all: its beginning and its end
LINE_CHARACTERS = 100


@click.command(
    "threads",
    help=_(
        "The conversations of LOG, untangled: each in one place with its participants.\n\n\b\nExamples:\n"
        "  dianti threads chat.txt\n  dianti threads chat.json --min 5 --all"
    ),
)
@log_arguments()
@click.option(
    "--min", "least", type=click.IntRange(1), default=2, show_default=True, help=_("Only conversations of at least so many messages.")
)
@click.option("--all", "whole", is_flag=True, help=_("Every message of each conversation."))
@click.option("--json", "as_json", is_flag=True, help=_("As JSON lines, one a conversation."))
@click.pass_obj
def threads_command(
    settings: Globals, log: tuple[Path, ...], date: str | None, chat: str | None, least: int, whole: bool, as_json: bool
) -> None:
    for export in read_logs(log, settings, date=date, chat=chat):
        links, threads = _untangle(export)
        parent = {link.message_id: link for link in links}
        shown = [t for t in threads if len(t.messages) >= least]
        if as_json:
            for thread in shown:
                print_json_line(_document(export, thread, parent))
            continue
        heading = _("{chat}: {messages} messages, {threads} conversations").format(
            chat=_plain(export.chat.name), messages=len(export.messages), threads=len(threads)
        )
        click.echo(
            heading + (_(", {n} of them shorter than {least}").format(n=len(threads) - len(shown), least=least) if least > 1 else "")
        )
        for thread in shown:
            _print_thread(thread, parent, settings, whole)


def _untangle(export: Export) -> tuple[list[ReplyLink], list[Thread]]:
    from pipeline.embedding import FAST, QUALITY, MessageVectors, load_embedder
    from pipeline.segment import SegmentOptions, split_into_sessions
    from pipeline.thread import ThreadOptions, untangle

    with progress(export.chat.name) as step:
        step("embed")
        vectors = MessageVectors(export.messages, load_embedder(FAST), load_embedder(QUALITY))
        step("thread")
        return untangle(export.messages, split_into_sessions(export.messages, SegmentOptions()), vectors, ThreadOptions())


def _print_thread(thread: Thread, parent: dict[str, ReplyLink], settings: Globals, whole: bool) -> None:
    """A heading, then the messages indented under whom they answer when that is not the line just above."""
    messages = thread.messages
    people = list(dict.fromkeys(_plain(m.sender) for m in messages))
    start, end = (messages[i].sent_at.astimezone(settings.tz) for i in (0, -1))
    names = "、".join(people[:5]) + ("…" if len(people) > 5 else "")
    click.echo(f"\n{thread.id}  {_period(start, end)}  " + _("{n} messages").format(n=len(messages)) + f"  {names}")
    skipped = 0 if whole or len(messages) <= SHOWN_MESSAGES else len(messages) - SHOWN_MESSAGES
    half = SHOWN_MESSAGES // 2
    lines = messages if not skipped else (*messages[:half], *messages[-half:])
    by_id = {m.id: m for m in messages}
    above: str | None = None
    for k, m in enumerate(lines):
        if skipped and k == half:
            click.echo("      " + _("… {n} more …").format(n=skipped))
        link = parent[m.id]
        answered = by_id.get(link.parent_id) if link.parent_id is not None and link.parent_id != above else None
        arrow = f"  ← {_plain(answered.sender)}" + (" ❝" if link.by == "quote" else "") if answered is not None else ""
        click.echo(f"  {m.sent_at.astimezone(settings.tz):%H:%M}  {_plain(m.sender)}: {_line(m)}{arrow}")
        above = m.id


def _document(export: Export, thread: Thread, parent: dict[str, ReplyLink]) -> dict[str, object]:
    return {
        "id": thread.id, "chat": export.chat.name,
        "start": thread.messages[0].sent_at.isoformat(), "end": thread.messages[-1].sent_at.isoformat(),
        "participants": list(dict.fromkeys(m.sender_id for m in thread.messages)),
        "messages": [
            {"id": m.id, "reply_to": parent[m.id].parent_id, "reply_by": parent[m.id].by, "confidence": parent[m.id].confidence}
            for m in thread.messages
        ],
    }  # fmt: skip


def _period(start: datetime, end: datetime) -> str:
    """ "05-18 08:00–12:05", with the second day where there is one."""
    return f"{start:%m-%d %H:%M}–{end:%H:%M}" if start.date() == end.date() else f"{start:%m-%d %H:%M}–{end:%m-%d %H:%M}"


def _line(m: Message) -> str:
    text = _plain(m.text)
    return text if len(text) <= LINE_CHARACTERS else text[: LINE_CHARACTERS - 1] + "…"


def _plain(text: str) -> str:
    """One line that a terminal shows and does not obey."""
    return clean(text)
