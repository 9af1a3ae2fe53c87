"""add, status, reindex, verify, forget: the archive's housekeeping."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli._common import Globals, log_arguments, note, print_json_line, read_logs, stream_logs
from pipeline.cli._heap import give_memory_back
from pipeline.cli._progress import STREAMED_BYTES, log_bytes, progress
from pipeline.errors import UserError
from pipeline.i18n import _

LONG = 20_000  # messages whose analysis takes over half a minute
MODEL_HELP = _("Embedding model: quality, fast, or a sentence-transformers name or folder [as the archive was begun].")


@click.command(
    "add",
    help=_(
        "Reads exports into the archive; what is there already is not added twice.\n\n\b\nExample:\n  dianti add exports/ --chat 学习群"
    ),
)
@log_arguments()
@click.option("--model", metavar="NAME", help=MODEL_HELP)
@click.pass_obj
def add_command(settings: Globals, log: tuple[Path, ...], date: str | None, chat: str | None, model: str | None) -> None:
    from pipeline.archive import open_archive
    from pipeline.archive.add import add_export, add_pieces, bring_up_to_date
    from pipeline.archive.people import apply_people
    from pipeline.archive.store import told
    from pipeline.cli._archive import archive_options
    from pipeline.cli._settings import people_of

    people = people_of(settings)
    large = log_bytes(log) > STREAMED_BYTES
    if large:
        give_memory_back()
    exports = [] if large else read_logs(log, settings, date=date, chat=chat)
    with told(settings.archive), open_archive(settings.archive) as archive, archive.writing():
        options = archive_options(settings, archive, model)
        pieces = stream_logs(log, settings, date=date, chat=chat) if large else iter(())
        united = ((first, people.unite(export)) for first, export in pieces)
        with progress(_("adding")) as step:
            apply_people(archive, people)
            for added in add_pieces(archive, united, chat) if large else (add_export(archive, people.unite(e), chat) for e in exports):
                line = _("{chat}: {read} read, {new} new, {duplicate} already there, {unreadable} unreadable").format(
                    chat=added.chat.chat.name, read=added.read, new=added.new, duplicate=added.duplicate, unreadable=added.unreadable
                )
                click.echo(line)
                if added.same_name:
                    note(
                        _(
                            "{chat}: another chat in the archive has this name but no common message; kept apart as {key}. To join: --chat"
                        ).format(chat=added.chat.chat.name, key=added.chat.key)
                    )
            bring_up_to_date(archive, options, step, _tell_searchable)


def _tell_searchable(waiting: int) -> None:
    """A long history takes its time: who waits for it can search, or stop and go on another day."""
    if waiting >= LONG:
        note(
            _("{n} messages can be searched now; conversations, questions and answers follow (stopped? go on with: dianti reindex)").format(
                n=waiting
            )
        )


@click.command("status", help=_("What the archive holds and whether everything is up to date.\n\n\b\nExample:\n  dianti status --json"))
@click.option("--json", "as_json", is_flag=True, help=_("As JSON."))
@click.pass_obj
def status_command(settings: Globals, as_json: bool) -> None:
    from pipeline.archive import open_archive
    from pipeline.archive.store import told
    from pipeline.archive.upkeep import status

    with told(settings.archive), open_archive(settings.archive, read_only=True) as archive:
        found = status(archive)
    if as_json:
        print_json_line(found.as_json())
        return
    click.echo(_("archive: {folder} ({megabytes:.1f} MB)").format(folder=found.folder, megabytes=found.bytes / 1e6))
    click.echo(
        _("model: {model}; {vectors} vectors, {indexed} in the index file").format(
            model=found.model or "-", vectors=found.vectors, indexed=found.indexed
        )
    )
    if found.pending:
        note(_("{n} messages wait for their analysis: run dianti reindex").format(n=found.pending))
    for chat in found.chats:
        click.echo(
            _("{key}\t{name}\t{messages} messages, {members} members, {first} – {last}").format(
                key=chat.key, name=chat.name, messages=chat.messages, members=chat.members, first=chat.first[:10], last=chat.last[:10]
            )
        )


@click.command(
    "reindex",
    help=_(
        "Computes words, vectors and the index anew, or finishes what an interruption left.\n\n\b\nExample:\n  dianti reindex --model fast"
    ),
)
@click.option("--model", metavar="NAME", help=MODEL_HELP)
@click.option("--analysis", is_flag=True, help=_("Analyse every message anew, too (after an update)."))
@click.option("--yes", is_flag=True, help=_("Do not ask before a change of the model."))
@click.pass_obj
def reindex_command(settings: Globals, model: str | None, analysis: bool, yes: bool) -> None:
    from pipeline.archive import open_archive
    from pipeline.archive.people import apply_people
    from pipeline.archive.store import told
    from pipeline.archive.upkeep import change_cost, reindex
    from pipeline.cli._archive import archive_options
    from pipeline.cli._settings import people_of

    with told(settings.archive), open_archive(settings.archive) as archive, archive.writing():
        cost = change_cost(archive, model)
        if cost.messages:
            note(
                _("changing the model from {old} to {new}: {n} messages are embedded again, about {minutes:.0f} minutes").format(
                    old=cost.old, new=cost.new, n=cost.messages, minutes=cost.minutes
                )
            )
            if not yes and not click.confirm(_("Go on?"), err=True, default=True):
                return
        with progress(_("indexing")) as step:
            apply_people(archive, people_of(settings))
            reindex(archive, archive_options(settings, archive, model), analysis=analysis, step=step)
    note(_("the index is up to date"))


@click.command(
    "verify",
    help=_("Checks that nothing in the archive is damaged or lost; repairs what can be computed anew.\n\n\b\nExample:\n  dianti verify"),
)
@click.option("--repair/--no-repair", default=True, show_default=True, help=_("Put right what can be computed anew."))
@click.pass_obj
def verify_command(settings: Globals, repair: bool) -> None:
    from pipeline.archive import open_archive
    from pipeline.archive.store import told
    from pipeline.archive.upkeep import verify
    from pipeline.cli._archive import archive_options

    with told(settings.archive), open_archive(settings.archive) as archive, archive.writing():
        problems = verify(archive, archive_options(settings, archive, None), repair=repair)
    for problem in problems:
        click.echo(problem.text + (" — " + _("repaired") if problem.repaired else ""))
    if any(not p.repaired for p in problems):
        raise UserError(
            _("{path}: the archive has damage that cannot be computed anew; put back your copy of the folder").format(path=settings.archive)
        )
    click.echo(_("the archive is sound"))


@click.command(
    "forget",
    help=_(
        "Removes messages and everything made of them, for good.\n\n\b\nExamples:\n"
        "  dianti forget --member u07\n  dianti forget --before 2025-01-01"
    ),
)
@click.option("--member", metavar="ID|NAME", help=_("All messages of this member."))
@click.option("--before", metavar="DATE", help=_("All messages before that day."))
@click.option("--chat", metavar="NAME", help=_("Only in this chat; alone: the whole chat."))
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.pass_obj
def forget_command(settings: Globals, member: str | None, before: str | None, chat: str | None, yes: bool) -> None:
    from pipeline.archive import open_archive
    from pipeline.archive.forget import Forget, count, forget
    from pipeline.archive.people import apply_people
    from pipeline.archive.store import told
    from pipeline.cli._archive import archive_options, moment
    from pipeline.cli._settings import people_of

    if not (member or before or chat):
        raise click.UsageError(_("say what to forget: --member, --before or --chat"))
    people = people_of(settings)
    if member and (name := people.person(member, member)):
        member = people.one_id(name)
    what = Forget(member=member, before=moment(before, settings) if before else None, chat=chat)
    with told(settings.archive), open_archive(settings.archive) as archive, archive.writing():
        apply_people(archive, people)
        n = count(archive, what)
        if not n:
            note(_("nothing in the archive matches"))
            return
        if not yes and not click.confirm(_("Remove {n} messages for good?").format(n=n), err=True):
            return
        with progress(_("forgetting")) as step:
            left = forget(archive, what, archive_options(settings, archive, None), step)
    click.echo(_("{n} messages forgotten; a search for their words finds {left}").format(n=n, left=left))
    note(_("Files already written, backups and posts in the chat are not recalled; exports on your disk stay."))
