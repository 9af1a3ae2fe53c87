"""What the commands share: global settings, LOG arguments, errors, output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from pipeline.errors import InputError, UserError
from pipeline.i18n import _
from pipeline.model import Export

if TYPE_CHECKING:
    from pipeline.readers import ReadOptions


@dataclass(frozen=True, kw_only=True)
class Globals:
    """The global options, as every command sees them (`@click.pass_obj`)."""

    archive: Path
    config: Path | None
    tz: ZoneInfo
    now: datetime
    lang: str
    labels: str | None  # the language asked for by --lang; None: a digest speaks its chat's language
    verbosity: int


class PoliteGroup(click.Group):
    """Prints an error of the user as one line and exits 1 (2 where the command line itself is wrong); our own bugs keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(_("Error: {message}").format(message=error), err=True)
            ctx.exit(1)
        except click.UsageError as error:
            message = error.format_message()
            if error.ctx is None or not message:  # an empty command line asks for help
                raise
            click.echo(
                _("Error: {message} ({command} --help tells more)").format(message=message, command=error.ctx.command_path), err=True
            )
            ctx.exit(error.exit_code)
        except click.Abort:
            click.echo(_("cancelled"), err=True)
            ctx.exit(1)


def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UserError(_("unknown time zone {name}; use a name such as Asia/Shanghai").format(name=name)) from error


def log_arguments(required: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """LOG… with --date and --chat, the same on every command that reads exports; --as and --map reach read_options by the context."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        mapped = _("Columns of a table: time=…,sender=…,text=…, by header or number.")
        command = click.option("--map", "columns", metavar="FIELD=COLUMN,…", expose_value=False, callback=_keep, help=mapped)(command)
        format_help = _("Read LOG as this format (dianti formats lists them).")
        command = click.option("--as", "format", metavar="FORMAT", expose_value=False, callback=_keep, help=format_help)(command)
        command = click.option("--chat", metavar="NAME", help=_("Only this chat (name or id), or the name to give it."))(command)
        command = click.option("--date", metavar="YYYY-MM-DD", help=_("The day of an export that omits it."))(command)
        paths = click.Path(path_type=Path)
        return click.argument("log", nargs=-1, required=required, type=paths)(command)

    return decorate


def _keep(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Keeps an option of reading for read_options, so that the commands need not hand it on."""
    context.meta[f"dianti.{parameter.name}"] = value


def read_options(settings: Globals, *, date: str | None, chat: str | None) -> ReadOptions:
    """What the person said about the logs."""
    from pipeline.readers import ReadOptions

    meta = click.get_current_context().meta
    columns = meta.get("dianti.columns")
    told = _columns(columns) if columns else None
    return ReadOptions(tz=settings.tz, date=date, chat=chat, format=meta.get("dianti.format"), columns=told)


def _columns(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",")]
    if any(not sign or not name.strip() or not column.strip() for name, sign, column in pairs):
        raise UserError(_("--map {text}: write it as time=…,sender=…,text=…").format(text=text))
    return {name.strip(): column.strip() for name, __, column in pairs}


def read_logs(paths: Sequence[Path], settings: Globals, *, date: str | None, chat: str | None) -> list[Export]:
    """The chats in the logs; what could not be read is told on stderr. Raises InputError when nothing was read."""
    from pipeline.cli._progress import bytes_read
    from pipeline.readers import read_logs as read

    with bytes_read(paths) as on_bytes:
        exports = read(paths, replace(read_options(settings, date=date, chat=chat), on_bytes=on_bytes))
    for export in exports:
        note_skipped(export)
    if not exports:
        raise InputError(_("no chat found in {paths}").format(paths=", ".join(map(str, paths))))
    return exports


def stream_logs(paths: Sequence[Path], settings: Globals, *, date: str | None, chat: str | None) -> Iterator[tuple[bool, Export]]:
    """The logs piece by piece, for those larger than memory; what could not be read is told on stderr."""
    from pipeline.cli._progress import bytes_read
    from pipeline.readers import stream_exports

    with bytes_read(paths) as on_bytes:
        for first, export in stream_exports(paths, replace(read_options(settings, date=date, chat=chat), on_bytes=on_bytes)):
            note_skipped(export)
            yield first, export


def note_skipped(export: Export, shown: int = 3) -> None:
    """Counts the unreadable parts on stderr, with the first few."""
    if export.skipped:
        note(_("{chat}: {n} parts could not be read").format(chat=export.chat.name, n=len(export.skipped)))
        for skipped in export.skipped[:shown]:
            note(f"  {skipped.where}{f':{skipped.line}' if skipped.line else ''}: {skipped.reason}")


def note(message: str) -> None:
    """A note for the person, on stderr; silent under --quiet."""
    context = click.get_current_context(silent=True)
    if context is None or not isinstance(context.obj, Globals) or context.obj.verbosity >= 0:
        click.echo(message, err=True)


def print_json_line(value: Any) -> None:
    """One JSON value as a line of UTF-8, whatever the console's encoding."""
    sys.stdout.buffer.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n")
