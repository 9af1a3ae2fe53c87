"""search, show, explain, mcp: asking the archive."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli._common import Globals, note, print_json_line
from pipeline.errors import InputError, UserError
from pipeline.i18n import _

if TYPE_CHECKING:
    from pipeline.archive import Archive
    from pipeline.search import Answer, Filters, Hit, Searcher


@click.command(
    "search",
    help=_(
        "Finds what was said, by words and by meaning; says nothing rather than junk.\n\n\b\nExamples:\n"
        "  dianti search 续费率 --from 小王 --since 2026-03\n  dianti search --queries questions.jsonl --json"
    ),
)
@click.argument("query", nargs=-1)
@click.option("--chat", metavar="NAME", help=_("Only this chat."))
@click.option("--from", "sender", metavar="NAME", help=_("Only messages of this member."))
@click.option("--since", metavar="TIME", help=_("Only messages from then on (2026-03, 2026-03-10, a time)."))
@click.option("--until", metavar="TIME", help=_("Only messages up to then."))
@click.option(
    "--only", metavar="LIST", default="", help=_("Only qa, question, link, file, announcement, decision, action; several with commas.")
)
@click.option("--limit", type=click.IntRange(1, 200), default=10, show_default=True, help=_("At most so many hits."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON line a query."))
@click.option("--queries", type=click.Path(path_type=Path), help=_('Answer every line of FILE: a query, or {"id", "query"}.'))
@click.option("-i", "--interactive", is_flag=True, help=_("Keep asking: everything stays loaded between queries."))
@click.pass_obj
def search_command(
    settings: Globals, query: tuple[str, ...], chat: str | None, sender: str | None, since: str | None, until: str | None, only: str,
    limit: int, as_json: bool, queries: Path | None, interactive: bool,
) -> None:  # fmt: skip
    text = " ".join(query).strip()
    if sum((bool(text), queries is not None, interactive)) != 1:
        raise click.UsageError(_("give a QUERY, --queries FILE or -i"))
    filters = _filters(settings, chat, sender, since, until, only)
    from pipeline.search.filters import senders

    with _open(settings) as archive:
        if sender and not senders(archive, sender):
            note(_("no member called {name} in the archive").format(name=sender))
        searcher = _searcher(archive)
        for ask_id, asked in _asked(text, queries, interactive):
            answer = searcher.search(asked, filters, limit)
            if as_json:
                print_json_line(_as_json(answer, ask_id))
                continue
            if queries is not None:
                click.echo(click.style(f"# {_plain(asked)}", bold=True))
            _print(answer, archive)


def _open(settings: Globals) -> Archive:
    from pipeline.archive import open_archive

    return open_archive(settings.archive, read_only=True)


def _searcher(archive: Archive) -> Searcher:
    """Loads the model in a second thread while this one loads the rest: a cold query waits for little else."""
    from concurrent.futures import ThreadPoolExecutor

    from pipeline.embedding import load_embedder

    asked = archive.setting("model_asked")
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load_embedder, asked) if asked else None
        from pipeline.search import Searcher
        from pipeline.search.engine import warm_up

        warm_up()
        return Searcher(archive, loading.result() if loading else None)


def _filters(settings: Globals, chat: str | None, sender: str | None, since: str | None, until: str | None, only: str) -> Filters:
    from pipeline.cli._archive import moment
    from pipeline.search.filters import ONLY, Filters

    kinds = tuple(k.strip() for k in only.split(",") if k.strip())
    for kind in kinds:
        if kind not in ONLY:
            raise click.UsageError(_("--only {kind}: there are {known}").format(kind=kind, known=", ".join(ONLY)))
    return Filters(
        chat=chat,
        sender=sender,
        since=moment(since, settings) if since else None,
        until=moment(until, settings, end=True) if until else None,
        only=kinds,
    )


def _asked(text: str, queries: Path | None, interactive: bool) -> Iterator[tuple[str | None, str]]:
    """(id, query) of everything that is asked."""
    if queries is not None:
        yield from list(_queries(queries))  # a wrong line is told before anything is answered
    elif interactive:
        while True:
            try:
                line = click.prompt(_("search"), prompt_suffix="> ", default="", show_default=False, err=True)
            except (click.Abort, EOFError):
                return
            if not line.strip():
                return
            yield None, line.strip()
    else:
        yield None, text


def _queries(path: Path) -> Iterator[tuple[str | None, str]]:
    if not path.is_file():
        raise InputError(_("{path}: there is no such file").format(path=path))
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(_("{path}: cannot be read: {error}").format(path=path, error=error)) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            yield None, line.strip()
            continue
        try:
            asked = json.loads(line)
            yield (None if asked.get("id") is None else str(asked["id"])), str(asked["query"])
        except (ValueError, KeyError, AttributeError) as error:
            raise InputError(_('{path}:{line}: not a line such as {{"id": "1", "query": "…"}}').format(path=path, line=number)) from error


def _as_json(answer: Answer, ask_id: str | None) -> dict[str, Any]:
    return {"query": answer.query, "id": ask_id, "hits": [_hit_json(h) for h in answer.hits]}


def _hit_json(hit: Hit) -> dict[str, Any]:
    return {
        "message_ids": list(hit.message_ids), "thread": hit.thread, "chat": hit.chat, "time": hit.time.isoformat(), "sender": hit.sender,
        "snippet": hit.snippet, "score": hit.score, "found_by": list(hit.found_by), "kind": hit.kind,
    }  # fmt: skip


KINDS = {"qa": _("Q&A"), "link": _("link"), "digest": _("digest")}


def _print(answer: Answer, archive: Archive) -> None:
    if not answer.hits:
        note(_("nothing about that was discussed"))
        if answer.nearest:
            note(_("nearest topics: {topics}").format(topics="; ".join(answer.nearest)))
        return
    from pipeline.search.find import find_phrase

    for hit in answer.hits:
        marked = _marked(hit.snippet, answer.query)
        click.echo(
            f"{hit.time:%Y-%m-%d %H:%M}  {click.style(_plain(hit.sender), bold=True)} · {_plain(hit.chat)}"
            + (f"  [{KINDS[hit.kind]}]" if hit.kind in KINDS else "")
        )
        click.echo(f"  {marked}")
        phrase = find_phrase(archive, hit.message_ids[0])
        found = "  " + _("find: {phrase}").format(phrase=_plain(phrase)) if phrase else ""
        click.echo(click.style(f"  {hit.message_ids[0]}{found}", dim=True))


def _plain(text: str) -> str:
    """Without characters that would steer the terminal."""
    return "".join(c for c in text if c.isprintable())


def _marked(text: str, query: str) -> str:
    """The snippet with the query's words in bold, where the terminal shows it."""
    from pipeline.search.window import highlights

    if not sys.stdout.isatty():
        return _plain(text)
    parts, last = [], 0
    for start, end in highlights(text, query):
        parts += [_plain(text[last:start]), click.style(_plain(text[start:end]), fg="yellow", bold=True)]
        last = end
    return "".join(parts) + _plain(text[last:])


@click.command("show", help=_("A message in its whole thread.\n\n\b\nExample:\n  dianti show 学习群/m014"))
@click.argument("message_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help=_("As JSON."))
@click.pass_obj
def show_command(settings: Globals, message_id: str, as_json: bool) -> None:
    from pipeline.search.find import find_phrase
    from pipeline.search.show import show_thread

    with _open(settings) as archive:
        shown = show_thread(archive, message_id)
        if shown is None:
            raise UserError(_("{id}: there is no such message in the archive").format(id=message_id))
        if as_json:
            print_json_line(shown.as_json())
            return
        click.echo(
            click.style(
                _("{chat}, thread {thread}: {n} messages").format(chat=_plain(shown.chat), thread=shown.thread or "-", n=len(shown.lines)),
                dim=True,
            )
        )
        for line in shown.lines:
            mark = "▶" if line.archive_id == shown.asked else " "
            click.echo(
                f"{mark} {line.time:%Y-%m-%d %H:%M}  {click.style(_plain(line.sender), bold=True)}: "
                + "\n    ".join(_plain(t) for t in line.text.split("\n"))
            )
        phrase = find_phrase(archive, shown.asked)
        if phrase:
            note(_("find: {phrase}").format(phrase=_plain(phrase)))


@click.command(
    "explain", help=_("Why a message sits in its thread, and what its value is made of.\n\n\b\nExample:\n  dianti explain 学习群/m014")
)
@click.argument("message_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help=_("As JSON."))
@click.pass_obj
def explain_command(settings: Globals, message_id: str, as_json: bool) -> None:
    from pipeline.search.show import explain

    with _open(settings) as archive:
        found = explain(archive, message_id)
        if found is None:
            raise UserError(_("{id}: there is no such message in the archive, or it waits for its analysis").format(id=message_id))
    if as_json:
        print_json_line(found.as_json())
        return
    click.echo(f"{found.archive_id}  {found.time:%Y-%m-%d %H:%M}  {_plain(found.sender)}: {_plain(found.text)}")
    click.echo(_("session {session}, segment {segment}, thread {thread}, topic {topic}").format(
        session=found.session, segment=found.segment, thread=found.thread or "-", topic=_plain(found.topic or "-")))  # fmt: skip
    for line in found.reasons:
        click.echo(f"  {_plain(line)}")


@click.command(
    "mcp",
    help=_("Serves the archive to MCP clients over stdio: search, show_thread, list_topics; reads only.\n\n\b\nExample:\n  dianti mcp"),
)
@click.pass_obj
def mcp_command(settings: Globals) -> None:
    from pipeline.mcp_server import serve

    with _open(settings) as archive:
        serve(archive, settings.tz)
