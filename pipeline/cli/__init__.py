"""The command line: options in, one library call, print. One file a family of commands."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from pipeline.cli._common import Globals, PoliteGroup, zone
from pipeline.cli.archive import add_command, forget_command, reindex_command, status_command, verify_command
from pipeline.cli.deliver import init_command, post_command, review_command, schedule_command
from pipeline.cli.digest import analyze_command, digest_command, run_command
from pipeline.cli.inspect import export_command, formats_command, inspect_command
from pipeline.cli.memory import (
    faq_command,
    feedback_command,
    links_command,
    questions_command,
    report_command,
    todos_command,
    topic_command,
)
from pipeline.cli.search import explain_command, mcp_command, search_command, show_command
from pipeline.cli.threads import threads_command
from pipeline.errors import UserError
from pipeline.i18n import _

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


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
    cls=PoliteGroup,
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
        verbosity=-1 if quiet else verbose,
    )  # fmt: skip


for command in (
    run_command, digest_command, add_command, search_command, show_command, explain_command, threads_command, post_command, review_command,
    questions_command, faq_command, report_command, topic_command, links_command, todos_command, feedback_command, analyze_command,
    inspect_command, formats_command, export_command, status_command, reindex_command, verify_command, forget_command, mcp_command,
    init_command, schedule_command,
):  # fmt: skip
    cli.add_command(command)
