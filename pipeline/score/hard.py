"""Noise that needs no judgement: the kind of message or its fixed form gives the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.model import Kind, Message, Noise
from pipeline.text import fold

_CHAIN = re.compile(r"^#?接龙|^#接龙")
_LIST_LINE = re.compile(r"^\s*\d{1,3}\s*[.、．)]\s*\S", re.MULTILINE)
_CHECKIN = re.compile(r"^(签到|打卡|已打卡|补卡|check.?in)[!！~。✅\s]*$|签到成功|打卡成功")
_REDPACKET = re.compile(r"^\[(微信|qq|支付宝)?红包\]")
# A chain letter says of itself that it is one; WhatsApp marks it.
_CHAIN_LETTER = re.compile(
    r"紧急扩散|速速?(?:转发|扩散)|救一个是一个|转给(?:你?身边|家人|更多|有娃|你?在乎|所有)|不转不是|转疯了"
    r"|forwarded (?:many times|as received)|(?:pass|send) (?:this|it) (?:on )?to (?:everyone|all your|your (?:family|friends|contacts))"
)
_BY_KIND = {
    Kind.PAT: Noise.PAT,
    Kind.RECALL: Noise.SYSTEM,
    Kind.SYSTEM: Noise.SYSTEM,
    Kind.REDPACKET: Noise.REDPACKET,
    Kind.STICKER: Noise.STICKER,
}
CHAIN_OVERLAP = 2  # two list lines in common with the list before: a chain going on without its mark


def hard_reasons(messages: Sequence[Message], own_digests: Sequence[str] = ()) -> list[Noise | None]:
    """The noise reason that kind and form alone give each message, else None."""
    reasons: list[Noise | None] = []
    digests = {fold(text) for text in own_digests}
    lists: list[frozenset[str]] = []  # the latest few lists posted
    for message in messages:
        text = fold(message.text)
        reason = _BY_KIND.get(message.kind) or (Noise.REPOST if text in digests else _by_form(text))
        lines = frozenset(line.strip() for line in message.text.splitlines() if _LIST_LINE.match(line))
        if (
            reason is None
            and len(lines) >= CHAIN_OVERLAP
            and any(len(lines & earlier) >= min(CHAIN_OVERLAP, len(earlier)) for earlier in lists)
        ):
            reason = Noise.CHAIN
        if lines:
            lists = [*lists[-5:], lines]
        reasons.append(reason)
    return reasons


def _by_form(text: str) -> Noise | None:
    if _CHAIN.search(text):
        return Noise.CHAIN
    if _CHECKIN.search(text):
        return Noise.CHECKIN
    if _REDPACKET.search(text):
        return Noise.REDPACKET
    if _CHAIN_LETTER.search(text):
        return Noise.REPOST
    return None
