"""Pinned floors: a figure may rise, never fall by more than its noise."""

from __future__ import annotations

import json
from pathlib import Path

from quality.targets import asked

FLOORS = Path(__file__).parent / "floors.json"
LESS_IS_BETTER = ("must_not_hits", "wrong_printed", "unproved", "cited_unknown", "printed_share", "short_chars", "ordinary_flagged", "Pk",
                  "WD", "false_closing", "VI_")  # fmt: skip
SLACK, SLACK_OF_100 = 0.005, 0.5  # another machine's rounding may move a figure this far


def compare(figures: dict[str, float]) -> int:
    """Prints each figure beside its floor; the number of figures below theirs."""
    floors: dict[str, float] = json.loads(FLOORS.read_text(encoding="utf-8")) if FLOORS.exists() else {}
    fallen = 0
    for name in sorted(figures):
        floor = floors.get(name)
        bad = floor is not None and _worse(name, figures[name], floor)
        fallen += bad
        print(f"{name:40s} {figures[name]:10.3f} {'' if floor is None else f'{floor:10.3f}'} {'BELOW ITS FLOOR' if bad else ''}")
    return fallen


def pin(figures: dict[str, float]) -> None:
    """Raises floors to the figures; none is ever lowered. Pinned is what the tables ask for, in both columns; the rest is printed
    only: the halves of an F, say, trade with each other."""
    floors: dict[str, float] = json.loads(FLOORS.read_text(encoding="utf-8")) if FLOORS.exists() else {}
    for name, value in figures.items():
        if value != value or name.replace("clipboard.", "gold.", 1) not in asked():
            continue
        if name not in floors or _worse(name, floors[name], value):
            floors[name] = round(value, 4)
    FLOORS.write_text(json.dumps(dict(sorted(floors.items())), indent=1) + "\n", encoding="utf-8")


def _less_is_better(name: str) -> bool:
    return any(word in name for word in LESS_IS_BETTER)


def _worse(name: str, value: float, floor: float) -> bool:
    slack = SLACK_OF_100 if floor > 1 else SLACK
    return value > floor + slack if _less_is_better(name) else value < floor - slack
