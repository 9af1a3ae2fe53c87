"""Ids for exports that have none."""

from __future__ import annotations

import re
from collections import OrderedDict
from datetime import UTC, datetime
from hashlib import blake2b

_MADE = re.compile(r"h[0-9a-f]{16}\Z")
# Equal twins stand close together (they have the same time); remembering this many keeps memory flat on huge files.
_REMEMBERED = 50_000


def stable_id(chat: str, sender: str, sent_at: datetime, text: str, twin: int) -> str:
    """The id of a message whose export gives none: the same for the same message in any later export of the chat."""
    seconds = sent_at.astimezone(UTC).isoformat()
    digest = blake2b("\x1f".join((chat, sender, seconds, text, str(twin))).encode("utf-8", "surrogatepass"), digest_size=8)
    return "h" + digest.hexdigest()


def is_stable_id(message_id: str) -> bool:
    """Was it made by us, rather than by the platform?"""
    return bool(_MADE.match(message_id))


class TwinCounter:
    """How many equal messages (sender, time, text) came before this one."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, datetime, str], int] = OrderedDict()

    def __call__(self, sender: str, sent_at: datetime, text: str) -> int:
        key = (sender, sent_at, text)
        before = self._seen.pop(key, -1) + 1
        self._seen[key] = before
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return before
