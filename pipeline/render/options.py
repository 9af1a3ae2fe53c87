"""What may be chosen about the looks of a digest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NameDisplay = Literal["nick", "initial", "none"]

# The order readers asked for: what to take away first, what to talk about last.
SECTIONS = (
    "tldr", "resources", "qa", "unanswered", "announcements", "decisions", "actions", "due", "topics", "talks", "closed", "again",
    "feedback", "opportunities", "quotes",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """Language of the labels, sections and their order, how people are named, folder of changed templates."""

    lang: str = "zh-hans"  # "zh-hans", "zh-hant" or "en"
    sections: tuple[str, ...] = SECTIONS
    name_display: NameDisplay = "nick"
    templates: Path | None = None  # its files win over those shipped, one by one
    short: bool = False  # md and txt: only the short form that is pasted into the group
