"""From global options and dianti.toml to the stages' options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cli._common import Globals

if TYPE_CHECKING:  # the stages import numpy, and commands that need none of them must stay quick
    from pipeline.analysis import AnalysisOptions
    from pipeline.archive import Archive
    from pipeline.config import ChatConfig, Config
    from pipeline.digest import DigestOptions, Lent
    from pipeline.model import Analysis, Chat, Digest
    from pipeline.people import People
    from pipeline.render import RenderOptions

LABELS = {"zh": "zh-hans", "zh-hans": "zh-hans", "zh-hant": "zh-hant"}


def chat_config(settings: Globals, chat: Chat) -> tuple[Config, ChatConfig]:
    """dianti.toml as a whole, and what it says of this chat."""
    from pipeline.config import load_config

    config = load_config(settings.config)
    return config, config.chat(chat.name, chat.id)


def people_of(settings: Globals) -> People:
    """Who is who, by the aliases and roles of dianti.toml."""
    from pipeline.config import load_config

    return load_config(settings.config).people


def analysis_options(settings: Globals, model: str | None) -> AnalysisOptions:
    """The stages' options; `model` is the embedding model asked for on the command line."""
    from pipeline.analysis import AnalysisOptions
    from pipeline.config import load_config
    from pipeline.embedding import QUALITY
    from pipeline.segment import SegmentOptions

    def segment(own: ChatConfig) -> SegmentOptions:
        return SegmentOptions(day_start_hour=own.day_start.hour + own.day_start.minute / 60)

    config = load_config(settings.config)
    chats = {name: segment(own) for key, own in config.chats.items() for name in (key, *own.also_called)}
    return AnalysisOptions(model=model or QUALITY, segment=segment(config.general), segments=chats)


def digest_options(settings: Globals, analysis: Analysis, dismissed: frozenset[str] = frozenset()) -> DigestOptions:
    """Lengths and what stays out, for the chat of this analysis; `dismissed` are message ids that the operator struck before."""
    from pipeline.config import LENGTHS
    from pipeline.digest import DigestOptions

    config, own = chat_config(settings, analysis.chat)
    known: dict[str, Any] = {LENGTHS[name]: value for name, value in own.lengths.items()}
    lengths = {name: type(getattr(DigestOptions(), name))(value) for name, value in known.items()}
    out = frozenset(m.sender_id for m in analysis.messages if own.opt_out and config.is_opted_out(own, m.sender_id, m.sender))
    options = DigestOptions(opted_out=out, dismissed=dismissed, quotes="quotes" in own.sections, hidden_words=config.masks)
    return replace(options, **lengths)


ONE_PAGE = {"week": 1800, "month": 2700}  # Chinese characters: some five and seven minutes of reading


def on_one_page(options: DigestOptions, period: str | None) -> DigestOptions:
    """The digest of a week or a month is read in one page, however much was said."""
    return replace(options, long_most=ONE_PAGE[period]) if period else options


def seen_by(member: str | None, analysis: Analysis, settings: Globals) -> tuple[Analysis, str | None]:
    """What concerns that member (an id, a name, an alias), and their name as it may be printed; without one all of it."""
    if not member:
        return analysis, None
    from pipeline.for_member import name_of, only_for
    from pipeline.mask import mask

    name = name_of(analysis, people_of(settings).person(member, member) or member)
    return only_for(analysis, name), mask(name)


def render_options(settings: Globals, templates: Path | None, digest: Digest) -> RenderOptions:
    """Labels in the language that was asked for, else in the chat's: its members read them."""
    from pipeline.render import RenderOptions
    from pipeline.text import written_in

    config, own = chat_config(settings, digest.chat)
    spoken = settings.labels or own.language or digest.stats.get("language")
    if not spoken:  # a digest of an earlier version, or one written by hand
        spoken = written_in([m.text for m in digest.sources.values()] or [digest.chat.name])
    return RenderOptions(
        lang=LABELS.get(spoken, "en"),
        templates=templates or config.templates,
        sections=own.sections,
        name_display=own.names,  # type: ignore[arg-type]  # config.NAMES are checked when the file is read
    )


def lent_memory(settings: Globals, analysis: Analysis) -> Lent | None:
    """What the archive remembers about the questions of this analysis; None without an archive."""
    from pipeline.archive import open_archive

    if not settings.archive.exists():
        return None
    with open_archive(settings.archive, read_only=True) as archive:
        return memory_of(archive, analysis, settings)


def memory_of(archive: Archive, analysis: Analysis, settings: Globals) -> Lent:
    """What an open archive remembers about the questions of this analysis."""
    from pipeline.memory import memory_for

    return memory_for(archive, analysis, opted_out_of(settings, analysis.chat))


def opted_out_of(settings: Globals, chat: Chat) -> Callable[[str, str], bool]:
    """Who opted out of that chat, as dianti.toml says: by sender id and name."""
    config, own = chat_config(settings, chat)
    return lambda sender_id, sender: bool(own.opt_out) and config.is_opted_out(own, sender_id, sender)


def struck_before(settings: Globals, chat: Chat) -> frozenset[str]:
    """What the operator struck from digests of this chat before ("not this")."""
    from pipeline.deliver.dismissed import dismissed
    from pipeline.deliver.receipts import state_folder

    return dismissed(state_folder(settings.archive), chat)
