"""The day of exports that leave it out: from --date, else from the file's name."""

from __future__ import annotations

import re
from datetime import date

from pipeline.errors import InputError
from pipeline.i18n import _
from pipeline.readers._format import ReadOptions
from pipeline.readers._source import Source

_IN_NAME = re.compile(r"(?<!\d)(20\d\d)[-_.年]?([01]\d)[-_.月]?([0-3]\d)(?!\d)")


def day_of(source: Source, options: ReadOptions) -> date | None:
    """The day that the user or the file's name says; None when neither does."""
    if options.date is not None:
        try:
            return date.fromisoformat(options.date)
        except ValueError as error:
            raise InputError(_("--date {date} is no day; write YYYY-MM-DD").format(date=options.date)) from error
    if found := _IN_NAME.search(source.stem):
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            return None
    return None


def no_day(source: Source) -> InputError:
    """The error for times without a day."""
    return InputError(_("{path}: the times have no day; say which with --date YYYY-MM-DD").format(path=source.name))
