"""Annotated dialogues in parts, so that a set that also teaches is measured on what its weights have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TELLING_CHARS = 25  # a shorter line ("thanks") may be said twice


def parts_of(dialogs: Sequence[dict[str, Any]], parts: int) -> list[int]:
    """The part of each dialogue ({"messages": [{"text"}]}). Those that share a line are cut from one conversation: one part.

    Molweni's 500 dialogues are windows of 199 conversations; dealt out singly, links learned from two thirds looked .85
    right on the last third, while on new conversations .77 are.
    """
    leader = list(range(len(dialogs)))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    first: dict[str, int] = {}
    for i, dialog in enumerate(dialogs):
        for message in dialog["messages"]:
            if len(message["text"]) > TELLING_CHARS:
                a, b = sorted((find(first.setdefault(message["text"], i)), find(i)))
                leader[b] = a
    number = {one: k for k, one in enumerate(dict.fromkeys(find(i) for i in range(len(dialogs))))}
    return [number[find(i)] % parts for i in range(len(dialogs))]
