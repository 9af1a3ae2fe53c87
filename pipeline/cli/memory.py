"""questions, faq, report, topic, links, todos, feedback: what the archive remembers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli._common import Globals, note, print_json_line
from pipeline.errors import ArchiveError
from pipeline.i18n import _

if TYPE_CHECKING:
    from pipeline.archive import Archive, StoredChat

CHAT = click.option("--chat", metavar="NAME", help=_("Only this chat (name or key)."))
JSON = click.option("--json", "as_json", is_flag=True, help=_("JSON lines."))


@contextmanager
def opened(settings: Globals, chat: str | None) -> Iterator[tuple[Archive, list[StoredChat]]]:
    """The archive, and the chats that were asked for."""
    from pipeline.archive import open_archive

    with open_archive(settings.archive, read_only=True) as archive:
        if chat is None:
            yield archive, archive.chats()
            return
        found = archive.find_chat(chat)
        if found is None:
            known = ", ".join(c.chat.name for c in archive.chats())
            raise ArchiveError(_("no chat called {name} in the archive; there are: {known}").format(name=chat, known=known))
        yield archive, [found]


@click.command(
    "questions",
    help=_("The question ledger: what was asked, how often, what answered it.\n\n\b\nExamples:\n  dianti questions --open\n  dianti questions --json"),
)
@click.option("--open", "only_open", is_flag=True, help=_("Only questions without an answer."))
@click.option("--answered", "only_answered", is_flag=True, help=_("Only questions with an answer."))
@click.option("--faq", "only_faq", is_flag=True, help=_("Only questions asked twice or more."))
@CHAT
@JSON
@click.pass_obj
def questions_command(settings: Globals, only_open: bool, only_answered: bool, only_faq: bool, chat: str | None, as_json: bool) -> None:
    from pipeline.memory.questions_json import question_lines

    with opened(settings, chat) as (archive, chats):
        for stored in chats:
            for question, line in question_lines(archive, stored):
                if (only_open and question.status != "open") or (only_answered and question.status == "open") or (only_faq and len(question.askings) < 2):
                    continue
                if as_json:
                    print_json_line(line)
                else:
                    _print_question(line)


STATUS = {"open": _("open"), "answered": _("answered"), "partial": _("partly answered"), "disputed": _("disputed")}


def _print_question(line: dict[str, object]) -> None:
    asked, answers = line["asked"], line["answers"]
    assert isinstance(asked, list)
    assert isinstance(answers, list)
    times = _(", asked {n} times").format(n=len(asked)) if len(asked) > 1 else ""
    click.echo(f"[{STATUS[str(line['status'])]}{times}] {line['text']}")
    click.echo(f"    {asked[0]['sender']}  {asked[0]['time'][:16].replace('T', ' ')}  {line['id']}")
    for answer in answers[:3]:
        click.echo(f"  → {answer['sender']}: {answer['text']}")


@click.command(
    "report",
    help=_("The operator's report: who carries the chat, what goes unanswered, warning signs.\n\n\b\nExample:\n  dianti report --since 2026-11-01 --format html -o report.html"),
)
@click.option("--since", metavar="TIME", help=_("Only messages from then on."))
@click.option("--until", metavar="TIME", help=_("Only messages before then."))
@click.option("--format", "form", type=click.Choice(["md", "html", "json"]), default="md", show_default=True, help=_("Form of the report."))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help=_("File to write to [stdout]."))
@CHAT
@click.pass_obj
def report_command(settings: Globals, since: str | None, until: str | None, form: str, output: Path | None, chat: str | None) -> None:
    from pipeline.memory.report import build_report

    with opened(settings, chat) as (archive, chats):
        report = build_report(archive, chats, moment(since, settings), moment(until, settings))
    if form == "json":
        text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    else:
        from pipeline.memory.pages import report_page

        text = report_page(report, form, settings.lang)
    write(text, output)


def moment(text: str | None, settings: Globals) -> datetime | None:
    """A time as the user wrote it; raises UsageError when it is none."""
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(_("{text}: not a time such as 2026-11-21 or 2026-11-21T20:00").format(text=text)) from error
    return given if given.tzinfo else given.replace(tzinfo=settings.tz)


def write(text: str, output: Path | None) -> None:
    """To a file, else to stdout as UTF-8 whatever the console's encoding."""
    if output is None:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8", newline="\n")
    note(str(output))
