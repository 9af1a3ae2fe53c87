"""The memory across sessions: question ledger, FAQ, operator's report, topics over time, links, to-dos, feedback.

    asking      what one day of chat asked and answered      shelf      how that lies in the archive
    match       are two askings one question?                linking    judged for every new pair
    ledger      from facts and links to questions            keeping    brought up to date after an import

Before messages are analysed the archive calls `expect`, afterwards `update`; when messages were forgotten, `forget`.
Whoever builds a digest with the archive's memory calls `memory_for`. This module imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.analysis import AnalysisOptions
    from pipeline.archive import Archive
    from pipeline.digest import Lent
    from pipeline.model import Analysis

__all__ = ["expect", "expect_again", "forget", "memory_for", "update"]


def expect(archive: Archive) -> None:
    """Notes the days that waiting messages belong to; the caller holds `archive.writing()`."""
    from pipeline.memory.keeping import expect_days

    expect_days(archive)


def expect_again(archive: Archive) -> None:
    """The archive's model was changed: `update` is to read every day again. The caller holds `archive.writing()`."""
    from pipeline.memory.keeping import expect_every_day

    expect_every_day(archive)


def update(archive: Archive, options: AnalysisOptions, step: Callable[[str], None] = lambda name: None) -> None:
    """Brings the question ledger up to date with the days that wait; the caller holds `archive.writing()`.

    Each such day is read again as a whole, so a second call, or another order of imports, changes nothing.
    """
    from pipeline.memory.keeping import keep_days, waiting_days

    for chat in archive.chats():
        if days := waiting_days(archive, chat):
            step("ledger")
            keep_days(archive, chat, days, options)


def forget(archive: Archive) -> None:
    """Removes what the ledger holds of days that lost messages; `update` reads what is left of them."""
    from pipeline.memory.keeping import drop_changed_days

    drop_changed_days(archive)


def memory_for(archive: Archive, analysis: Analysis, opted_out: Callable[[str, str], bool] = lambda sender_id, sender: False) -> Lent:
    """What the archive remembers about an analysis: earlier askings of its questions, and old questions that it answers.

    `opted_out` says of a sender id and name whether its bearer may be neither quoted nor named.
    """
    from pipeline.memory.lending import lend

    return lend(archive, analysis, opted_out)
