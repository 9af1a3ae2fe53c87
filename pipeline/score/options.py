"""What a caller may tell the scorer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """`standing`: sender id → 0…1 from the archive; `own_digests`: texts that the bot itself posted earlier."""

    standing: Mapping[str, float] = field(default_factory=dict)
    own_digests: tuple[str, ...] = ()
    standing_weight: float = 0.8  # log-odds that the best-known member's messages gain
    quality_texts: int = 2500  # distinct texts up to which the slow vectors are used: some 15 s on two cores
