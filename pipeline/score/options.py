"""What a caller may tell the scorer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """`standing`: sender id → 0…1 from the archive; `own_digests`: texts that the bot itself posted earlier."""

    standing: Mapping[str, float] = field(default_factory=dict)
    own_digests: tuple[str, ...] = ()
