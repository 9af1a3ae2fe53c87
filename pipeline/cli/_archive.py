"""What the archive's commands share: the model of an archive, and moments as they are typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from pipeline.cli._common import Globals
from pipeline.i18n import _

if TYPE_CHECKING:
    from pipeline.analysis import AnalysisOptions
    from pipeline.archive import Archive


def archive_options(settings: Globals, archive: Archive, model: str | None) -> AnalysisOptions:
    """The stages' options with the model asked for, else the one that the archive was begun with."""
    from pipeline.cli._settings import analysis_options

    options = analysis_options(settings, model)
    return options if model else replace(options, model=archive.setting("model_asked", options.model))


def moment(text: str, settings: Globals, *, end: bool = False) -> datetime:
    """A month, day or time of the command line, aware; with `end`, the end of that month or day."""
    from pipeline.search.filters import moment as read

    try:
        return read(text, settings.tz, end=end)
    except ValueError as error:
        raise click.UsageError(_("{text}: not a time such as 2026-11-21 or 2026-11-21T20:00").format(text=text)) from error
