"""From global options and dianti.toml to the stages' options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli._common import Globals

if TYPE_CHECKING:  # the stages import numpy, and commands that need none of them must stay quick
    from pipeline.analysis import AnalysisOptions
    from pipeline.archive import Archive
    from pipeline.digest import DigestOptions, Lent
    from pipeline.model import Analysis, Digest
    from pipeline.render import RenderOptions

LABELS = {"zh": "zh-hans", "zh-hans": "zh-hans", "zh-hant": "zh-hant"}


def analysis_options(settings: Globals, model: str | None) -> AnalysisOptions:
    """The stages' options; `model` is the embedding model asked for on the command line."""
    from pipeline.analysis import AnalysisOptions
    from pipeline.embedding import QUALITY

    return AnalysisOptions(model=model or QUALITY)


def digest_options(settings: Globals, analysis: Analysis) -> DigestOptions:
    """Lengths and what stays out, for the chat of this analysis."""
    from pipeline.digest import DigestOptions

    return DigestOptions()


def render_options(settings: Globals, templates: Path | None, digest: Digest) -> RenderOptions:
    """Labels in the language that was asked for, else in the chat's: its members read them."""
    from pipeline.render import RenderOptions
    from pipeline.text import written_in

    spoken = settings.labels or written_in([m.text for m in digest.sources.values()] or [digest.chat.name])
    return RenderOptions(lang=LABELS.get(spoken, "en"), templates=templates)


def lent_memory(settings: Globals, analysis: Analysis) -> Lent | None:
    """What the archive remembers about the questions of this analysis; None without an archive."""
    from pipeline.archive import open_archive

    if not settings.archive.exists():
        return None
    with open_archive(settings.archive, read_only=True) as archive:
        return memory_of(archive, analysis)


def memory_of(archive: Archive, analysis: Analysis) -> Lent:
    """What an open archive remembers about the questions of this analysis."""
    from pipeline.memory import memory_for

    return memory_for(archive, analysis)
