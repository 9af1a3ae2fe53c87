"""Items: resources, announcements, decisions, actions, feedback, opportunities, quotes."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.embedding import MessageVectors
from pipeline.extract.options import ExtractOptions
from pipeline.model import Item, Kind, Message, Noise, QAPair, Scored, Thread
from pipeline.text import urls

_LEFT_OUT = frozenset({Noise.AD, Noise.REPOST, Noise.SYSTEM})


def extract_items(
    messages: Sequence[Message],
    threads: Sequence[Thread],
    scored: Sequence[Scored],
    qa: Sequence[QAPair],
    vectors: MessageVectors,
    options: ExtractOptions,
) -> list[Item]:
    """The chat's items in time order."""
    found: dict[str, Item] = {}
    for m, s in zip(messages, scored, strict=True):
        address = m.url or next(iter(urls(m.text)), None)
        if s.noise in _LEFT_OUT or not (address or m.kind is Kind.FILE):
            continue
        key = address or m.file_name or m.text
        if key not in found:
            found[key] = Item(
                kind="resource", message_ids=(m.id,), confidence=0.7, url=address, title=m.title or m.file_name, who=(m.sender_id,)
            )
    return list(found.values())
