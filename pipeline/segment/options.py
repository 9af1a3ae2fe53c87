"""Where sessions and segments end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SegmentOptions:
    """Pauses in minutes; the bounds keep a very busy or a very sleepy group from odd answers."""

    day_start_hour: float = 4  # the small hours belong to the evening before
    shortest_pause_min: float = 30.0  # no pause below this ends a session
    longest_pause_min: float = 360.0  # every pause above this does
    usual_pause_min: float = 95.0  # where the border lies in most groups …
    pause_spread: float = 0.4  # … give or take this much (in natural logarithm): ±40 min
