"""The weekly or monthly digest of a chat in the archive, from what `add` found: no stage runs again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.cli._common import Globals
from pipeline.errors import InputError
from pipeline.i18n import _

if TYPE_CHECKING:
    from pipeline.model import Digest


def digest_of_period(settings: Globals, chat: str | None, period: str, until: str | None, member: str | None) -> Digest:
    """Of the week or month that holds the chat's newest message (before `until`), with the archive's memory."""
    from pipeline.archive import open_archive
    from pipeline.cli._archive import moment
    from pipeline.cli._settings import digest_options, memory_of, on_one_page, opted_out_of, seen_by, struck_before
    from pipeline.digest import build_digest
    from pipeline.memory.period import newest_before, period_analysis, span_of

    with open_archive(settings.archive, read_only=True) as archive:
        stored = archive.chat_or_newest(chat)
        newest = newest_before(archive, stored, moment(until, settings) if until else None)
        if newest is None:
            raise InputError(_("{chat}: no messages in that period").format(chat=stored.chat.name))
        analysis = period_analysis(archive, stored, span_of(period, newest), opted_out_of(settings, stored.chat))
        if not analysis.messages:
            raise InputError(
                _("{chat}: its messages are not analysed yet; run: dianti add, or dianti reindex").format(chat=stored.chat.name)
            )
        analysis, name = seen_by(member, analysis, settings)
        memory = memory_of(archive, analysis, settings)
    options = digest_options(settings, analysis, struck_before(settings, stored.chat))
    return replace(build_digest(analysis, on_one_page(options, period), memory), member=name)
