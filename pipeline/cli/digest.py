"""run, digest, analyze."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from pipeline.cli._common import Globals, log_arguments, note, print_json_line, read_logs
from pipeline.cli._progress import progress
from pipeline.errors import InputError, UserError
from pipeline.i18n import _
from pipeline.model import Analysis, Digest, Export, Message

FORMATS = ("md", "html", "txt", "json", "png")


@click.command("analyze", help=_("Every stage but rendering, one JSON line a message.\n\n\b\nExample:\n  dianti analyze chat.txt --json"))
@log_arguments()
@click.option("--json", "as_json", is_flag=True, help=_("JSON lines (the only form there is)."))
@click.option("--model", default=None, metavar="NAME", help=_("Embedding model: quality, fast, or a sentence-transformers name or folder."))
@click.pass_obj
def analyze_command(settings: Globals, log: tuple[Path, ...], date: str | None, chat: str | None, as_json: bool, model: str | None) -> None:
    from pipeline.cli._settings import people_of

    people = people_of(settings)
    for export in read_logs(log, settings, date=date, chat=chat):
        analysis = _analyze(people.unite(export), settings, model)
        for i, message in enumerate(analysis.messages):
            print_json_line(_line(analysis, i, message))


def _line(a: Analysis, i: int, m: Message) -> dict[str, object]:
    scored, link, thread = a.scored[i], a.links[i], a.thread_of.get(m.id)
    topic = a.topic_of.get(thread.id) if thread else None
    return {
        "id": m.id,
        "chat": a.chat.name,
        "time": m.sent_at.isoformat(),
        "sender_id": m.sender_id,
        "sender": m.sender,
        "text": m.text,
        "type": str(m.kind),
        "session": a.session_of[m.id],
        "segment": a.segment_of[m.id],
        "thread": thread.id if thread else None,
        "topic": topic.id if topic else None,
        "reply_to": link.parent_id,
        "reply_by": link.by,
        "noise": str(scored.noise) if scored.noise else None,
        "value": round(scored.value, 4),
        "why": {k: round(v, 4) for k, v in scored.why.items()},
        "question": scored.is_question,
    }


@click.command(
    "digest",
    help=_(
        "The digest of LOG alone; without LOG, of the archive's newest session.\n\n\b\nExamples:\n"
        "  dianti digest chat.txt\n  dianti digest chat.json --last 24h --format md,html -o out\n  dianti digest --period week --chat NAME"
    ),
)
@log_arguments(required=False)
@click.option(
    "--format", "formats", default="md", metavar="LIST", show_default=True, help=_("md, html, txt, json, png; several with commas.")
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help=_("Folder to write to [stdout for one chat and one format].")
)
@click.option("--since", metavar="TIME", help=_("Only messages from then on."))
@click.option("--until", metavar="TIME", help=_("Only messages before then."))
@click.option("--session", metavar="N", help=_("Only session N (1 is the first, -1 the newest)."))
@click.option("--last", metavar="24h", help=_("Only the last hours or days, counted from the newest message."))
@click.option("--period", type=click.Choice(["week", "month"]), help=_("The week or month that holds the newest message, on one page."))
@click.option("--with-memory", is_flag=True, help=_("Lend the digest the archive's memory: asked before, now answered."))
@click.option("--for", "member", metavar="NAME", help=_("What concerns this member: mentions, replies, open questions, to-dos."))
@click.option("--templates", type=click.Path(path_type=Path, file_okay=False), help=_("Folder with templates of your own."))
@click.option("--browser", type=click.Path(path_type=Path), help=_("Browser for --format png [found by itself]."))
@click.option("--model", default=None, metavar="NAME", help=_("Embedding model: quality, fast, or a sentence-transformers name or folder."))
@click.option("--strict", is_flag=True, help=_("Fail when an entry cannot be proved."))
@click.pass_obj
def digest_command(
    settings: Globals,
    log: tuple[Path, ...],
    date: str | None,
    chat: str | None,
    formats: str,
    output: Path | None,
    since: str | None,
    until: str | None,
    session: str | None,
    last: str | None,
    period: str | None,
    with_memory: bool,
    member: str | None,
    templates: Path | None,
    browser: Path | None,
    model: str | None,
    strict: bool,
) -> None:
    wanted = _formats(formats)
    if period and (since or session or last):
        raise click.UsageError(_("--period goes with --until only: it is a whole week or month"))
    from_archive = period if not log else None
    exports = _exports(log, settings, date, chat) if from_archive is None else []
    if output is None and (len(exports) > 1 or len(wanted) > 1 or wanted == ["png"]):
        raise UserError(_("several chats or formats: say where to write them with -o DIR"))
    from pipeline.cli._settings import people_of
    from pipeline.cli._write import Writer, write_digest

    writer = Writer(output=output, formats=wanted, templates=templates, browser=_browser(browser, settings, wanted))
    people = people_of(settings)
    if from_archive:
        from pipeline.cli._period import digest_of_period

        write_digest(_checked(digest_of_period(settings, chat, from_archive, until, member), strict), writer, settings)
    for export in exports:
        chosen = _period(people.unite(export), settings, since=since, until=until, session=session, last=last, period=period)
        if not chosen.messages:
            note(_("{chat}: no messages in that period").format(chat=export.chat.name))
            continue
        digest = _digest(chosen, settings, model=model, with_memory=with_memory, member=member, period=period)
        write_digest(_checked(digest, strict), writer, settings)


def _exports(log: tuple[Path, ...], settings: Globals, date: str | None, chat: str | None) -> list[Export]:
    return read_logs(log, settings, date=date, chat=chat) if log else [_newest_session(settings, chat)]


def _checked(digest: Digest, strict: bool) -> Digest:
    """The digest; what could not be proved is told, and is an error under --strict."""
    if n := digest.coverage.unproved:
        if strict:
            raise UserError(_("{n} entries could not be proved").format(n=n))
        note(_("{chat}: {n} entries could not be proved and were left out").format(chat=digest.chat.name, n=n))
    return digest


def _formats(text: str) -> list[str]:
    wanted = [f.strip() for f in text.split(",") if f.strip()]
    for name in wanted:
        if name not in FORMATS:
            raise click.UsageError(_("unknown format {name}; there are {known}").format(name=name, known=", ".join(FORMATS)))
    return wanted or ["md"]


def _browser(named: Path | None, settings: Globals, formats: Sequence[str]) -> Path | None:
    """The browser for pictures, looked for before an hour of work rather than after it; None where none is wanted."""
    if "png" not in formats:
        return None
    from pipeline.config import load_config
    from pipeline.render import find_browser

    return find_browser(named or load_config(settings.config).browser)


def _analyze(export: Export, settings: Globals, model: str | None) -> Analysis:
    from pipeline.analysis import analyze
    from pipeline.cli._settings import analysis_options

    with progress(export.chat.name) as step:
        return analyze(export, analysis_options(settings, model), step)


def _digest(export: Export, settings: Globals, *, model: str | None, with_memory: bool, member: str | None, period: str | None) -> Digest:
    from pipeline.cli._settings import digest_options, lent_memory, on_one_page, seen_by
    from pipeline.digest import build_digest

    analysis, name = seen_by(member, _analyze(export, settings, model), settings)
    memory = lent_memory(settings, analysis) if with_memory else None
    return replace(build_digest(analysis, on_one_page(digest_options(settings, analysis), period), memory), member=name)


_LAST = re.compile(r"^(\d+)\s*(h|d|m|小时|天|分钟)$", re.IGNORECASE)


def _period(
    export: Export,
    settings: Globals,
    *,
    since: str | None,
    until: str | None,
    session: str | None,
    last: str | None,
    period: str | None,
) -> Export:
    """The part of an export that was asked for; counted from its newest message, never from the clock."""
    messages: Sequence[Message] = export.messages
    if not messages:
        return export
    if last:
        messages = [m for m in messages if m.sent_at > messages[-1].sent_at - _length(last)]
    if since:
        start = _moment(since, settings)
        messages = [m for m in messages if m.sent_at >= start]
    if until:
        end = _moment(until, settings)
        messages = [m for m in messages if m.sent_at < end]
    if period and messages:
        from pipeline.memory.period import span_of

        span = span_of(period, messages[-1].sent_at)
        messages = [m for m in messages if span.since <= m.sent_at < span.until]
    if session:
        messages = _session(messages, session)
    return replace(export, messages=tuple(messages))


def _length(text: str) -> timedelta:
    if not (found := _LAST.match(text.strip())):
        raise click.UsageError(_("--last {text}: write 24h, 3d or 90m").format(text=text))
    n, unit = int(found[1]), found[2].lower()
    return timedelta(hours=n) if unit in ("h", "小时") else timedelta(days=n) if unit in ("d", "天") else timedelta(minutes=n)


def _moment(text: str, settings: Globals) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(_("{text}: not a time such as 2026-11-21 or 2026-11-21T20:00").format(text=text)) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=settings.tz)


def _session(messages: Sequence[Message], number: str) -> Sequence[Message]:
    from pipeline.segment import SegmentOptions, split_into_sessions

    sessions = split_into_sessions(messages, SegmentOptions())
    try:
        n = int(number.removeprefix("s"))
        return sessions[n - 1 if n > 0 else n].messages
    except (ValueError, IndexError) as error:
        raise UserError(_("--session {number}: there are {n} sessions here, 1 to {n}").format(number=number, n=len(sessions))) from error


def _newest_session(settings: Globals, chat: str | None) -> Export:
    from pipeline.archive import open_archive
    from pipeline.segment import SegmentOptions, split_into_sessions

    if not settings.archive.exists():
        raise InputError(_("no LOG given and no archive at {folder}; run: dianti add LOG").format(folder=settings.archive))
    with open_archive(settings.archive) as archive:
        export = archive.newest_export(chat)
    sessions = split_into_sessions(export.messages, SegmentOptions())
    return replace(export, messages=sessions[-1].messages)


@click.command(
    "run",
    help=_(
        "The routine: adds LOG to the archive, then writes the digest of what is new in each chat since its last one.\n\n\b\nExamples:\n"
        "  dianti run chat.txt\n  dianti run exports/ -o out --format md,html"
    ),
)
@log_arguments()
@click.option(
    "--format",
    "formats",
    default="md,html,txt,json",
    metavar="LIST",
    show_default=True,
    help=_("md, html, txt, json, png; several with commas."),
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out"),
    show_default=True,
    help=_("Folder to write to."),
)
@click.option("--templates", type=click.Path(path_type=Path, file_okay=False), help=_("Folder with templates of your own."))
@click.option("--browser", type=click.Path(path_type=Path), help=_("Browser for --format png [found by itself]."))
@click.option("--to", "targets", metavar="TARGETS", help=_("Post it there, too: names from dianti.toml, with commas."))
@click.pass_obj
def run_command(
    settings: Globals,
    log: tuple[Path, ...],
    date: str | None,
    chat: str | None,
    formats: str,
    output: Path,
    templates: Path | None,
    browser: Path | None,
    targets: str | None,
) -> None:
    from pipeline.cli._routine import digest_what_is_new
    from pipeline.cli._settings import chat_config
    from pipeline.cli._write import Writer, write_digest

    wanted = _formats(formats)
    writer = Writer(output=output, formats=wanted, templates=templates, browser=_browser(browser, settings, wanted))
    exports = read_logs(log, settings, date=date, chat=chat)
    for digest, fresh in digest_what_is_new(exports, settings, chat):
        written = write_digest(digest, replace(writer, keep=not fresh), settings)
        if names := targets.split(",") if targets else chat_config(settings, digest.chat)[1].to:
            _post(written, names, settings, fresh)


def _post(written: Sequence[Path], names: Sequence[str], settings: Globals, fresh: bool) -> None:
    """Posts the JSON digest among the written files; a digest without anything worth posting stays here."""
    from pipeline.cli.deliver import post_all

    source = next((p for p in written if p.suffix == ".json"), None)
    if source is None:
        raise UserError(_("--to needs the JSON form: add json to --format"))
    post_all(source, [name.strip() for name in names if name.strip()], settings, fresh=fresh)
