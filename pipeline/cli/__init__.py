"""The command line: options in, one library call, print. One file a family of commands."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import click

from pipeline.cli._common import Globals, PoliteGroup, zone
from pipeline.errors import UserError
from pipeline.i18n import _

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


# Where each command lives, in the order of --help; a module is imported when its command runs.
COMMANDS = {
    "run": "digest",
    "digest": "digest",
    "add": "archive",
    "search": "search",
    "show": "search",
    "explain": "search",
    "threads": "threads",
    "post": "deliver",
    "review": "deliver",
    "questions": "memory",
    "faq": "memory",
    "report": "memory",
    "topic": "memory",
    "links": "memory",
    "todos": "memory",
    "feedback": "memory",
    "analyze": "digest",
    "inspect": "inspect",
    "formats": "inspect",
    "export": "inspect",
    "status": "archive",
    "reindex": "archive",
    "verify": "archive",
    "forget": "archive",
    "mcp": "search",
    "init": "deliver",
    "schedule": "deliver",
}


class Commands(PoliteGroup):
    """Finds `<name>_command` in the module that COMMANDS names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"pipeline.cli.{COMMANDS[cmd_name]}"), f"{cmd_name}_command")
        return command


def default_archive() -> Path:
    """$DIANTI_ARCHIVE, else the user's private data folder."""
    if given := os.environ.get("DIANTI_ARCHIVE"):
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_data_dir("dianti", appauthor=False)) / "archive"


def parse_now(value: str | None, tz: str) -> datetime:
    """The clock is read here and nowhere else."""
    if value is None:
        return datetime.now(UTC).astimezone(zone(tz))
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise UserError(_("--now {value}: not a time such as 2026-11-21T20:00").format(value=value)) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone(tz))


@click.group(
    cls=Commands,
    context_settings=CONTEXT,
    help=_(
        "Distils group chats: dianti run LOG writes a digest and keeps the session in a searchable archive. "
        "Everything stays on this machine."
    ),
)
@click.version_option(package_name="dianti", message="%(prog)s %(version)s")
@click.option(
    "--archive", type=click.Path(path_type=Path, file_okay=False), help=_("Folder of the archive [$DIANTI_ARCHIVE or your data folder].")
)
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help=_("Settings file [dianti.toml here, if there is one]."))
@click.option("--tz", default="Asia/Shanghai", show_default=True, metavar="ZONE", help=_("Time zone of exports that name none."))
@click.option("--now", metavar="TIME", help=_("What counts as now, for runs that must repeat exactly."))
@click.option("--lang", type=click.Choice(["zh", "zh-hans", "zh-hant", "en"]), help=_("Language of messages and labels [your locale]."))
@click.option("-q", "--quiet", is_flag=True, help=_("No notes, only results and errors."))
@click.option("-v", "--verbose", count=True, help=_("Tell more of what is done."))
@click.pass_context
def cli(
    ctx: click.Context, archive: Path | None, config: Path | None, tz: str, now: str | None, lang: str | None, quiet: bool, verbose: int
) -> None:
    from pipeline.i18n import language

    ctx.obj = Globals(
        archive=archive or default_archive(), config=config, tz=zone(tz), now=parse_now(now, tz), lang=lang or language(),
        labels=lang,
        verbosity=-1 if quiet else verbose,
    )  # fmt: skip
