"""An advertiser is found as a whole: the picture after the slogan, the second try, and what the admin threw somebody out for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Kind, Message
from pipeline.text import fold

SURE = 0.6  # P(ad) of a message that makes its sender an advertiser
AGAIN = 0.06  # P(ad) that suffices for an advertiser's other messages, and for one who was thrown out
PICTURE_SECONDS = 180.0
_MEDIA = frozenset({Kind.IMAGE, Kind.CARD, Kind.LINK, Kind.VIDEO, Kind.FILE})
_THROWN_OUT = re.compile(r"移出|移除|踢出|removed|kicked|banned")


def whole_adverts(messages: Sequence[Message], probability: NDArray[np.float32], at: float) -> NDArray[np.float32]:
    """P(ad), raised to `at` for what belongs to an advertiser's other messages."""
    found = probability.copy()
    sellers = {m.sender_id for m, p in zip(messages, probability, strict=True) if p >= SURE and m.sender_id}
    names = {m.sender: m.sender_id for m in messages if m.sender and m.kind is not Kind.SYSTEM}
    for notice in messages:
        if notice.kind is Kind.SYSTEM and _THROWN_OUT.search(fold(notice.text)):
            sellers |= {member for name, member in names.items() if f'"{name}"' in notice.text or f"“{name}”" in notice.text}
    for i, message in enumerate(messages):
        if message.sender_id in sellers and probability[i] >= AGAIN:
            found[i] = max(found[i], at)
    last: dict[str, int] = {}
    for i, message in enumerate(messages):
        if found[i] >= at:
            last[message.sender_id] = i
        elif message.kind in _MEDIA and message.sender_id in last:
            before = messages[last[message.sender_id]]
            if (message.sent_at - before.sent_at).total_seconds() <= PICTURE_SECONDS and i - last[message.sender_id] <= 4:
                found[i] = max(found[i], at)
                last[message.sender_id] = i
    return found
