"""The routine behind `dianti run`: add, then digest what is new in each chat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.analysis import analyze
from pipeline.archive import Archive, StoredChat, open_archive
from pipeline.archive.add import add_export, archive_options, bring_up_to_date
from pipeline.archive.digests import last_digest, record_digest, untold
from pipeline.archive.people import apply_people
from pipeline.archive.refresh import Refreshed
from pipeline.cli._common import Globals, note
from pipeline.cli._progress import progress
from pipeline.cli._settings import analysis_options, digest_options, memory_of, people_of, struck_before
from pipeline.digest import build_digest
from pipeline.i18n import _
from pipeline.model import Analysis, Digest, Export, Message


def digest_what_is_new(exports: Sequence[Export], settings: Globals, chat_name: str | None) -> Iterator[tuple[Digest, bool]]:
    """Each chat's digest, and whether it is new; a chat without news gives its last digest again."""
    people = people_of(settings)
    with open_archive(settings.archive) as archive, archive.writing():
        with progress(_("archive")) as step:
            apply_people(archive, people)
            added = [add_export(archive, people.unite(export), chat_name) for export in exports]
            refreshed = bring_up_to_date(archive, archive_options(archive, analysis_options(settings, None)), step)
        for one in added:
            note(_("{chat}: {read} messages read, {new} new").format(chat=one.chat.chat.name, read=one.read, new=one.new))
        for chat in {one.chat.row: one.chat for one in added}.values():
            yield from _digest(archive, chat, refreshed, settings)


def _digest(archive: Archive, chat: StoredChat, refreshed: Sequence[Refreshed], settings: Globals) -> Iterator[tuple[Digest, bool]]:
    messages = tuple(untold(archive, chat))
    if not messages:
        note(_("{chat}: nothing new since its last digest, which is written again").format(chat=chat.chat.name))
        if (last := last_digest(archive, chat)) is not None:
            yield last, False
        return
    analysis = next((r.analysis for r in refreshed if r.chat.row == chat.row and r.analysis.messages == messages), None)
    analysis = analysis or _analyze(archive, chat, messages, settings)
    options = digest_options(settings, analysis, struck_before(settings, chat.chat))
    digest = build_digest(analysis, options, memory_of(archive, analysis, settings))
    if digest.coverage.unproved:
        note(_("{chat}: {n} entries could not be proved and were left out").format(chat=chat.chat.name, n=digest.coverage.unproved))
    record_digest(archive, chat, digest)
    yield digest, True


def _analyze(archive: Archive, chat: StoredChat, messages: tuple[Message, ...], settings: Globals) -> Analysis:
    export = Export(chat=chat.chat, format="archive", messages=messages)
    with progress(chat.chat.name) as step:
        return analyze(export, archive_options(archive, analysis_options(settings, None)), step)
