"""The memory across sessions: question ledger, FAQ, operator's report, topics over time, links, to-dos, feedback.

    asking      what one day of chat asked and answered      shelf      how that lies in the archive
    match       are two askings one question?                linking    judged for every new pair
    ledger      from facts and links to questions            keeping    brought up to date after an import

The archive calls `update` after each import (and `update_all` after `forget`), the digest's caller calls `memory_for`.
This module imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.analysis import AnalysisOptions
    from pipeline.archive import Archive, StoredChat
    from pipeline.digest import Lent
    from pipeline.model import Analysis

__all__ = ["memory_for", "update", "update_all"]


def update(archive: Archive, chat: StoredChat, rows: Iterable[int], options: AnalysisOptions) -> None:
    """Brings a chat's ledger up to date after those message rows were written; the caller holds `archive.writing()`.

    The days of the rows are read again as a whole, so calling it twice, or in another order, changes nothing.
    """
    from pipeline.memory.keeping import days_of_rows, keep_days

    keep_days(archive, chat, days_of_rows(archive, rows), options)


def update_all(archive: Archive, options: AnalysisOptions, step: Callable[[str], None] = lambda name: None) -> None:
    """Reads every day that the ledger has not read as it stands now; the caller holds `archive.writing()`."""
    from pipeline.memory.keeping import changed_days, keep_days

    for chat in archive.chats():
        step("ledger")
        if days := changed_days(archive, chat):
            keep_days(archive, chat, days, options)


def memory_for(archive: Archive, analysis: Analysis) -> Lent:
    """What the archive remembers about an analysis: earlier askings of its questions, and old questions that it answers."""
    from pipeline.memory.lending import lend

    return lend(archive, analysis)
