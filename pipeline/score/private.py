"""Somebody's health told of by name: never printed, however useful. General advice ("39度以上 …") stays.

Whom the group can tell: a member's child, since parents' nicknames carry its name (豆豆妈, Leo爸爸); a relative of the speaker, or
somebody just spoken of, where the words are a diagnosis. What the same member says next belongs to it. The members' own
names tried in the same way found nothing more and hid thanks to them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Kind, Message

_PARENT = re.compile(
    r"^(?P<child>[^\s\d_|·@\-]{2,6}?)(?:的)?(?:爸爸?|妈妈?|麻麻|粑粑|爷爷|奶奶|外公|外婆|姥姥|姥爷|家长|爹)(?:$|[\s_|·@\-(（【\[])"
    r"|^(?P<of>[A-Z][a-z]{2,11})(?:'s|’s) (?:mum|mom|dad|nan|gran)",
)
_ILLNESS = re.compile(
    r"发烧|退烧|\d{2}度\d|烧(?:到|上来|了)|确诊|诊断|手术|过敏|怀孕|流产|抑郁|焦虑症|住院|出院|急诊|癌|肿瘤|化疗|复查|查出|惊厥|抽搐|骨折|心脏|血压|"
    r"血糖|散光|近视|弱视|斜视|多动|自闭|发育迟缓|出疹|疹子|呕吐|拉肚子|肺炎|哮喘|湿疹|医生说|去医院|在医院|生病|病了"
    r"|\b(?:hospital|surgery|operat(?:ed|ing|ion)|diagnos\w+|cancer|chemo|stroke|heart attack|stent|pregnant|miscarr\w+|depress\w+|"
    r"broken (?:hip|leg|arm)|"
    r"had a fall|in a coma|icu|allerg(?:y|ic)|fever|poorly|intensive care)\b",
    re.IGNORECASE,
)
_DIAGNOSIS = re.compile(
    r"确诊|抑郁|癌|肿瘤|怀孕|流产|多动|自闭|发育迟缓|惊厥|手术|住院"
    r"|\b(?:diagnos\w+|cancer|chemo|miscarr\w+|surgery|stent|stroke|heart attack|had a fall|broken (?:hip|leg|arm))\b",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"(?:我|俺)(?:家|们家)?(?:的)?(?:儿子|女儿|孩子|娃|宝宝|老公|老婆|媳妇|爸|妈|婆婆|公公|外甥|侄|弟|妹|哥|姐|爷爷|奶奶|外婆|外公)"
    r"|(?<!其)[他她](?!们|人)|\b(?:he|she|his|her)\b"
    r"|\bmy (?:husband|wife|son|daughter|mum|mom|dad|kid|brother|sister|nephew|niece|nan|gran)\b",
    re.IGNORECASE,
)
_IN_PRIVATE = re.compile(r"我?私(?:你|聊|信|戳)|别在群里|私下(?:说|聊|问)|\b(?:dm|pm) (?:me|you)\b|not on here|in private", re.IGNORECASE)
_AT = re.compile(r"@\S+")
NEAR = 30  # characters between the name and the illness
PRIVATE_ROWS = 20  # after an illness was told of, in which "not here" means it
GOES_ON_ROWS, GOES_ON_SECONDS = 25, 1800.0


def tells_illness(messages: Sequence[Message]) -> NDArray[np.bool_]:
    """Which messages tell of the illness of somebody whom the group can tell."""
    children = sorted({c for m in messages if m.sender and (c := _child(m.sender))}, key=lambda n: (-len(n), n))
    who = re.compile("|".join(map(_pattern, children))) if children else None
    found = np.zeros(len(messages), dtype=bool)
    last: dict[str, int] = {}  # sender → the latest such message about the own family
    latest = -PRIVATE_ROWS - 1
    for i, m in enumerate(messages):
        if m.kind is not Kind.SYSTEM and i - latest <= PRIVATE_ROWS and _IN_PRIVATE.search(m.text):
            found[i] = True  # "not here, I'll write to you"
        if m.kind is Kind.SYSTEM or not _ILLNESS.search(m.text):
            continue
        text = _AT.sub(" ", m.text)
        earlier = last.get(m.sender_id)
        goes_on = (
            earlier is not None
            and i - earlier <= GOES_ON_ROWS
            and (m.sent_at - messages[earlier].sent_at).total_seconds() <= GOES_ON_SECONDS
        )
        of_family = bool(_RELATIVE.search(text) and _DIAGNOSIS.search(text))
        if goes_on or of_family or (who and _near(who, text)):
            found[i] = True
            last[m.sender_id] = latest = i
    return found


def _child(nickname: str) -> str | None:
    found = _PARENT.search(nickname.strip())
    return (found["child"] or found["of"]) if found else None


def _near(who: re.Pattern[str], text: str) -> bool:
    """Do a name and an illness stand close together? A long notice names many people and warns of much."""
    places = [m.start() for m in who.finditer(text)]
    return any(-NEAR <= ill.start() - at <= NEAR for ill in _ILLNESS.finditer(text) for at in places)


def _pattern(name: str) -> str:
    return rf"\b{re.escape(name)}\b" if name.isascii() else re.escape(name)
