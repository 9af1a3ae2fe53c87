"""Links → threads: the connected components, in order of their first message."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.model import Message, ReplyLink, Thread


def build_threads(messages: Sequence[Message], links: Sequence[ReplyLink]) -> list[Thread]:
    """Every message but the system's in exactly one thread; ids "t1", "t2"… by first message."""
    row = {m.id: i for i, m in enumerate(messages)}
    root = list(range(len(messages)))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for i, link in enumerate(links):
        parent = row[link.parent_id] if link.parent_id is not None else i
        if not messages[i].is_system and not messages[parent].is_system:
            a, b = sorted((find(i), find(parent)))
            root[b] = a
    members: dict[int, list[Message]] = {}
    for i, m in enumerate(messages):
        if not m.is_system:
            members.setdefault(find(i), []).append(m)
    return [Thread(id=f"t{n}", messages=tuple(ms)) for n, ms in enumerate(members.values(), 1)]
