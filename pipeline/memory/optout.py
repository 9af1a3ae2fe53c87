"""Who may be neither quoted nor named: what they asked, answered or passed on is left out of every list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pipeline.memory.asking import Asking, Note

OptedOut = Callable[[str, str], bool]  # (sender id, sender) → out?


def nobody(_sender_id: str, _sender: str) -> bool:
    return False


def askings_without(askings: Mapping[int, Asking], opted_out: OptedOut) -> dict[int, Asking]:
    """The askings of the others, each without the answers of those who opted out."""
    return {
        i: replace(a, answers=tuple(t for t in a.answers if not opted_out(t.sender_id, t.sender)))
        for i, a in askings.items()
        if not opted_out(a.sender_id, a.sender)
    }


def notes_without(notes: Mapping[int, Note], opted_out: OptedOut) -> dict[int, Note]:
    return {i: n for i, n in notes.items() if not opted_out(n.sender_id, n.sender)}
