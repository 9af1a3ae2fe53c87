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
    """A date, month or time of the command line, aware; with `end`, the end of that month or day."""
    from datetime import timedelta

    value = text.strip()
    try:
        if len(value) == 7:  # 2026-03
            month = datetime.fromisoformat(value + "-01")
            found = (month + timedelta(days=31)).replace(day=1) if end else month
        else:
            found = datetime.fromisoformat(value)
            if end and len(value) == 10:
                found += timedelta(days=1)
    except ValueError as error:
        raise click.UsageError(_("{text}: not a time such as 2026-11-21 or 2026-11-21T20:00").format(text=text)) from error
    return found if found.tzinfo else found.replace(tzinfo=settings.tz)
