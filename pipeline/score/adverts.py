"""An advertiser is found as a whole: the picture after the slogan, the second try, and what the admin threw somebody out for.

Nor is everybody one who speaks like one: who sells says how to be reached, and a job notice is none.
"""

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
KNOWN, OFFERS = 5, 3  # texts of a member, and of them such as look like ads, from which silence about contacts counts
JOB = 1 / 3  # of its chance has a message that speaks of a job: "招聘" is no ad, "急招 零基础带薪培训 加V" still is
_THROWN_OUT = re.compile(r"移出|移除|踢出|removed|kicked|banned")
# Who was: `"A"将"B"移出了群聊`, `"B"被移出`, `"A" removed "B"`; a single name is the one.
_WHOM = re.compile(
    r"(?:将|把|removed|kicked|banned)\s*[\"“]([^\"”]+)[\"”]|[\"“]([^\"”]+)[\"”]\s*(?:被|was|has been)|^[^\"“]*[\"“]([^\"”]+)[\"”][^\"“]*$"
)


def whole_adverts(
    messages: Sequence[Message], probability: NDArray[np.float32], at: float, reachable: NDArray[np.bool_], job: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """P(ad), raised to `at` for what belongs to an advertiser's other messages, lowered for job notices and for members who sell nothing.

    `reachable`: which messages say how the sender is reached (a number, "add me", a code to scan). `job`: which speak of one.
    """
    probability = np.where(job, JOB * probability, probability)
    harmless = _passed_on(messages, probability >= at, reachable)
    probability = np.where(harmless, np.minimum(probability, AGAIN / 2), probability).astype(np.float32)
    found = probability.copy()
    sellers = {m.sender_id for m, p in zip(messages, probability, strict=True) if p >= SURE and m.sender_id}
    names = {m.sender: m.sender_id for m in messages if m.sender and m.kind is not Kind.SYSTEM}
    for notice in messages:
        if notice.kind is Kind.SYSTEM and _THROWN_OUT.search(fold(notice.text)):
            sellers |= {names[name] for groups in _WHOM.findall(notice.text) for name in groups if name in names}
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


def _passed_on(messages: Sequence[Message], looks: NDArray[np.bool_], reachable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which messages are by members who again and again offer what is not theirs: bargains of a shop, without a word of how to buy of them.

    (To demand a sure case of everybody who writes much cost a tenth of the ads in a real group, where regulars sell too.)
    """
    said: dict[str, list[int]] = {}
    for i, m in enumerate(messages):
        said.setdefault(m.sender_id, []).append(i)
    found = np.zeros(len(messages), dtype=bool)
    for who, rows in said.items():
        known = len({messages[i].text for i in rows[: 10 * KNOWN]}) >= KNOWN  # whoever repeats one text says little
        found[rows] = bool(who) and known and np.count_nonzero(looks[rows]) >= OFFERS and not reachable[rows].any()
    return found
