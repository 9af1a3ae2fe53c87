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
from pipeline.errors import ArchiveError, InputError
from pipeline.i18n import _

if TYPE_CHECKING:
    from pipeline.archive import Archive, StoredChat
    from pipeline.memory.optout import OptedOut

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


def opted_out(settings: Globals, chat: StoredChat) -> OptedOut:
    """Who opted out of that chat, as dianti.toml says."""
    from pipeline.cli._settings import opted_out_of

    return opted_out_of(settings, chat.chat)


def any_opted_out(settings: Globals, chats: list[StoredChat]) -> OptedOut:
    """Who opted out of any of those chats."""
    each = [opted_out(settings, chat) for chat in chats]
    return lambda sender_id, sender: any(out(sender_id, sender) for out in each)


@click.command(
    "questions",
    help=_(
        "The question ledger: what was asked, how often, what answered it.\n\n\b\n"
        "Examples:\n  dianti questions --open\n  dianti questions --json"
    ),
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
            for question, line in question_lines(archive, stored, opted_out(settings, stored)):
                if (
                    (only_open and question.status != "open")
                    or (only_answered and question.status == "open")
                    or (only_faq and len(question.askings) < 2)
                ):
                    continue
                if as_json:
                    print_json_line(line)
                else:
                    _print_question(line)


SHOWN = 120  # characters of a question or an answer in a list
STATUS = {"open": _("open"), "answered": _("answered"), "partial": _("partly answered"), "disputed": _("disputed")}


def _print_question(line: dict[str, object]) -> None:
    asked, answers = line["asked"], line["answers"]
    assert isinstance(asked, list)
    assert isinstance(answers, list)
    times = _(", asked {n} times").format(n=len(asked)) if len(asked) > 1 else ""
    click.echo(f"[{STATUS[str(line['status'])]}{times}] {shortened(str(line['text']))}")
    click.echo(f"    {asked[0]['sender']}  {asked[0]['time'][:16].replace('T', ' ')}  {line['id']}")
    for answer in answers[:3]:
        doubt = "" if answer["sure"] else _("(perhaps) ")
        click.echo(f"  → {doubt}{answer['sender']}: {shortened(answer['text'])}")


def shortened(text: str) -> str:
    """A long text as far as a list shows it; `dianti show ID` prints it in full."""
    return text if len(text) <= SHOWN else text[:SHOWN].rstrip() + "…"


@click.command(
    "report",
    help=_(
        "The operator's report: who carries the chat, what goes unanswered, warning signs.\n\n\b\n"
        "Example:\n  dianti report --since 2026-11-01 --format html -o report.html"
    ),
)
@click.option("--since", metavar="TIME", help=_("Only messages from then on (2026-03, 2026-03-10, a time)."))
@click.option("--until", metavar="TIME", help=_("Only messages before then."))
@click.option("--format", "form", type=click.Choice(["md", "html", "json"]), default="md", show_default=True, help=_("Form of the report."))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help=_("File to write to [stdout]."))
@CHAT
@click.pass_obj
def report_command(settings: Globals, since: str | None, until: str | None, form: str, output: Path | None, chat: str | None) -> None:
    from pipeline.memory.report import build_report

    with opened(settings, chat) as (archive, chats):
        report = build_report(archive, chats, *period(since, until, settings), any_opted_out(settings, chats))
    if form == "json":
        text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    else:
        from pipeline.memory.pages import report_page

        text = report_page(report, form, settings.lang)
    write(text, output)


def period(since: str | None, until: str | None, settings: Globals) -> tuple[datetime | None, datetime | None]:
    """The half-open period as the user wrote it: a month, day or time each; raises UsageError when one is none."""
    from pipeline.cli._archive import moment

    return moment(since, settings) if since else None, moment(until, settings) if until else None


def write(text: str, output: Path | None) -> None:
    """To a file, else to stdout as UTF-8 whatever the console's encoding."""
    if output is None:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8", newline="\n")
    note(str(output))


FAQ = "faq"  # what `dianti review` is told to review


@click.command(
    "faq",
    help=_(
        "Questions that come back or were answered well, with the best answer.\n\n\b\n"
        "Examples:\n  dianti faq\n  dianti faq --format html -o faq.html"
    ),
)
@click.option("--format", "form", type=click.Choice(["md", "html", "jsonl"]), default="md", show_default=True, help=_("Form of the FAQ."))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help=_("File to write to [stdout]."))
@CHAT
@click.pass_obj
def faq_command(settings: Globals, form: str, output: Path | None, chat: str | None) -> None:
    from pipeline.memory.faq import build_faq, faq_json
    from pipeline.memory.pages import faq_page

    with opened(settings, chat) as (archive, chats):
        entries = [e for stored in chats for e in build_faq(archive, stored, opted_out(settings, stored))]
    if form == "jsonl":
        write("".join(json.dumps(faq_json(e), ensure_ascii=False) + "\n" for e in entries), output)
    else:
        write(faq_page(entries, form, settings.lang), output)


def review_faq(settings: Globals, edited: Path | None, dry_run: bool = False) -> None:
    """`dianti review faq`: the FAQ in the operator's editor (or the edited file); the choices are kept in the archive."""
    from pipeline.archive import open_archive
    from pipeline.memory.faq import build_faq, write_choices
    from pipeline.memory.faq_review import read_review, review_text

    with open_archive(settings.archive) as archive, archive.writing():
        chats = archive.chats()
        entries = [e for stored in chats for e in build_faq(archive, stored, opted_out(settings, stored))]
        text = _reviewed(review_text(entries), edited)
        choices = read_review(text, entries, edited or Path("faq.md"))
        note(_("{n} choices").format(n=len(choices)))
        for stored in chats if not dry_run else []:
            own = {i.partition("/")[2]: c for i, c in choices.items() if i.partition("/")[0] == stored.key}
            write_choices(archive, stored, own)


def _reviewed(text: str, edited: Path | None) -> str:
    if edited is not None:
        if not edited.is_file():
            raise InputError(_("{path}: there is no such file").format(path=edited))
        return edited.read_text(encoding="utf-8-sig")
    if not sys.stdin.isatty():
        sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
        raise InputError(_("no terminal to review in: save the text above, edit it, and run: dianti review faq --edited FILE"))
    changed = click.edit(text, extension=".md")
    if changed is None:
        raise InputError(_("nothing was saved, so nothing was changed"))
    return changed


@click.command("topic", help=_("Everything said about a subject, over time.\n\n\b\nExample:\n  dianti topic 直播"))
@click.argument("name")
@CHAT
@JSON
@click.pass_obj
def topic_command(settings: Globals, name: str, chat: str | None, as_json: bool) -> None:
    from pipeline.memory.topics import topic_page

    with opened(settings, chat) as (archive, chats):
        page = topic_page(archive, chats, name, any_opted_out(settings, chats))
    if as_json:
        print_json_line(page)
        return
    for talk in page["conversations"]:
        click.echo(
            f"{talk['start'][:16].replace('T', ' ')}  {talk['chat']}  "
            + _("{n} messages, {m} people").format(n=talk["messages"], m=talk["participants"])
        )
        for best in talk["best"]:
            click.echo(f"  {best['sender']}: {best['text']}  [{best['message_id']}]")
    for question in page["questions"]:
        click.echo(f"[{STATUS[question['status']]}] {question['text']}  [{question['id']}]")
    for link in page["links"]:
        click.echo(f"{link['url'] or link['file_name']}  {link['title'] or link['why']}")
    if not page["conversations"] and not page["questions"]:
        note(_("nothing about {name} in the archive").format(name=name))


@click.command(
    "links", help=_("Every link and file passed on: by whom, why, how often.\n\n\b\nExample:\n  dianti links --since 2026-11-01")
)
@click.option("--since", metavar="TIME", help=_("Only messages from then on (2026-03, 2026-03-10, a time)."))
@click.option("--until", metavar="TIME", help=_("Only messages before then."))
@CHAT
@JSON
@click.pass_obj
def links_command(settings: Globals, since: str | None, until: str | None, chat: str | None, as_json: bool) -> None:
    from pipeline.memory.links import build_links

    with opened(settings, chat) as (archive, chats):
        out = any_opted_out(settings, chats)
        found = [r.as_json() for r in build_links(archive, chats, *period(since, until, settings), out)]
    for link in found:
        if as_json:
            print_json_line(link)
        else:
            times = f" ×{link['times']}" if link["times"] > 1 else ""
            click.echo(f"{link['url'] or link['file_name']}{times}\n    {link['title'] or link['why']}")
            click.echo(f"    {', '.join(link['sharers'][:5])}, {link['last'][:10]}")


@click.command("todos", help=_("To-dos, open until somebody reports them done.\n\n\b\nExample:\n  dianti todos --open"))
@click.option("--open", "only_open", is_flag=True, help=_("Only what is not done."))
@CHAT
@JSON
@click.pass_obj
def todos_command(settings: Globals, only_open: bool, chat: str | None, as_json: bool) -> None:
    from pipeline.embedding import load_embedder
    from pipeline.memory.todos import build_todos

    with opened(settings, chat) as (archive, chats):
        embedder = load_embedder(archive.setting("model_asked", "quality"))
        found = [t.as_json() for t in build_todos(archive, chats, embedder, any_opted_out(settings, chats))]
    words = {"open": _("to do"), "done": _("done"), "overdue": _("overdue")}
    for todo in found:
        if only_open and todo["status"] == "done":
            continue
        if as_json:
            print_json_line(todo)
        else:
            due = f" {todo['due'][:16].replace('T', ' ')}" if todo["due"] else ""
            who = f" → {', '.join(todo['who_names'])}" if todo["who_names"] else ""
            click.echo(f"[{words[todo['status']]}{due}] {todo['sender']}{who}: {todo['text']}  [{todo['id']}]")
    if not found:
        note(_("no to-do in the archive"))


@click.command(
    "feedback",
    help=_(
        "Bugs, wishes and complaints across sessions, merged, with quotes.\n\n\b\nExample:\n  dianti feedback --format csv -o feedback.csv"
    ),
)
@click.option("--format", "form", type=click.Choice(["md", "csv", "json"]), default="md", show_default=True, help=_("Form of the list."))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help=_("File to write to [stdout]."))
@CHAT
@click.pass_obj
def feedback_command(settings: Globals, form: str, output: Path | None, chat: str | None) -> None:
    from pipeline.embedding import load_embedder
    from pipeline.memory.feedback import build_feedback
    from pipeline.memory.pages import feedback_text

    with opened(settings, chat) as (archive, chats):
        embedder = load_embedder(archive.setting("model_asked", "quality"))
        matters = [m.as_json() for m in build_feedback(archive, chats, embedder, any_opted_out(settings, chats))]
    write(feedback_text(matters, form, settings.lang), output)
