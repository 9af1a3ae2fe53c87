"""How members point back in time: "周三聊过", "往上翻", "昨天有人问", "I asked the same last week". Marks of language, no subject words."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from pipeline.text import cjk_share, fold

DAY_STARTS = timedelta(hours=4)  # who talks at two in the morning still means today

_WHEN = (
    r"(?:昨[天晚日夜]|前[天晚日]|前[两几]天|上次|上回|上周[一二三四五六日天末]?|上个?(?:礼拜|星期)[一二三四五六日天]?"
    r"|这?个?(?:周|星期|礼拜)[一二三四五六日天]|\d{1,2}[号日]|刚(?:才|刚)?|之前|以前|早上|上午|中午|下午|那天|那会儿?"
    r"|last (?:week|time|night|mon\w*|tue\w*|wed\w*|thu\w*|fri\w*|sat\w*|sun\w*)"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|yesterday|earlier|the other day)"
)
# An answer that says: this was asked, or told, before.
TOLD_BEFORE = re.compile(
    _WHEN + r".{0,12}(?:问|聊|说|讲|写|发|答|回过|提|纪要|那[段条几])"
    r"|(?:往上|上面|向上|往前)翻|翻(?:一下|下|翻)?(?:记录|周|上面|昨|前)|爬楼|搜.{0,4}记录|(?:问|聊|说|讲|答)过.{0,4}(?:[两几三]?[次回遍]|了)"
    r"|\b(?:i|we|someone|somebody) (?:also )?(?:already |just )?asked|asked (?:the same|this|that)|(?:told|answered|explained to) me"
    r"|same question|scroll up|already (?:asked|answered|discussed|covered)",
    re.IGNORECASE,
)
# A question that says: it was asked before.
ASKED_AGAIN = re.compile(
    r"顶一下|再顶|上[次回].{0,8}问|(?:上周|周|星期|礼拜)[一二三四五六日天].{0,6}问|(?:昨|前)[天晚].{0,6}问|没人(?:理|回|答)"
    r"|还是(?:不|没|能不)"
    r"|\bbump\b|asked (?:on|last|before|yesterday|earlier)|asking again",
    re.IGNORECASE,
)
# A message that answers something of an earlier day.
ANSWERS_LATE = re.compile(
    _WHEN
    + r".{0,10}(?:问|提)|有(?:人|同学|朋友|家长|老师|小伙伴|位|个).{0,8}问|问.{1,14}(?:那个|那条|那位|的事|的问题)"
    + r"|(?:答|回答?|回复|补)一?下?.{0,4}"
    + _WHEN
    + r"|漏看|漏了|(?:没|才|刚)(?:看到|瞧见|注意到)|爬楼|补充?(?:昨|周|上|前|一下|答)"
    r"|\b(?:(?:lady|guy|person|man|woman|one|whoever|somebody|someone) (?:who |that )?(?:was |were )?ask\w*"
    r"|you(?:r question| asked)|asked (?:on|yesterday|last|about)|re[: ]|from (?:last|yesterday|mon|tue|wed|thu|fri|sat|sun)"
    r"|missed (?:this|your|that)|only just (?:saw|seen)|just (?:saw|seen) (?:this|your)|late (?:reply|answer)|to answer|following up)",
    re.IGNORECASE,
)
# A message that speaks of an earlier question only to ask it, too.
STILL_ASKS = re.compile(
    r"我也(?:想|要)?(?:知道|问|想问)|同问|同求|\+1|有.{0,8}[吗没么](?:[\s?？]|$)|[?？]\s*$"
    r"|\b(?:same question|me too|also wondering|did anyone)\b",
    re.IGNORECASE,
)
# Words to everybody under a headline of their own: an announcement, a table, a summary.
HEADED = re.compile(r"^.{0,12}【[^】]+】")
_WEEKDAY_ZH = re.compile(r"(上)?个?(?:周|星期|礼拜)([一二三四五六日天])")
_WEEKDAY_EN = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*day\b", re.IGNORECASE)
_MONTHDAY = re.compile(r"(?<![\d.])(\d{1,2})[号日](?!线|楼|门|店|院|馆)")
_ZH = dict(zip("一二三四五六日天", (0, 1, 2, 3, 4, 5, 6, 6), strict=True))
_EN = {name: i for i, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_NAME_CUT = re.compile(r"[\s\-_—·|@,，。.~～()（）【】\[\]/]+")


def chat_day(moment: datetime) -> date:
    """The day that a member would say a message belongs to."""
    return (moment - DAY_STARTS).date()


@lru_cache(maxsize=4096)  # one text is held against many earlier questions
def hinted_days(text: str, day: date) -> frozenset[date]:
    """The earlier days that a text written on `day` names: 昨天, 周三, 23号, last week."""
    found: set[date] = set()
    for match in _WEEKDAY_ZH.finditer(text):
        back = (day.weekday() - _ZH[match[2]]) % 7 or 7
        found.add(day - timedelta(days=back))
        if match[1]:  # 上周五 said on a Sunday is nine days ago for some, two for others
            found.add(day - timedelta(days=back + 7))
    for match in _WEEKDAY_EN.finditer(text):
        found.add(day - timedelta(days=(day.weekday() - _EN[match[1].lower()]) % 7 or 7))
    if re.search(r"昨[天晚日夜]|yesterday|last night", text, re.IGNORECASE):
        found.add(day - timedelta(days=1))
    if re.search(r"前[天晚日]", text):
        found.add(day - timedelta(days=2))
    for match in _MONTHDAY.finditer(text):
        found |= {d for d in (day - timedelta(days=k) for k in range(1, 28)) if d.day == int(match[1])}
    if re.search(r"前[两几]天|the other day", text, re.IGNORECASE):
        found |= {day - timedelta(days=k) for k in range(1, 7)}
    if re.search(r"上(?:个?(?:周|星期|礼拜))(?![一二三四五六日天])|last week", text, re.IGNORECASE):
        found |= {day - timedelta(days=k) for k in range(2, 14)}
    return frozenset(found)


@lru_cache(maxsize=4096)
def aliases(name: str) -> frozenset[str]:
    """The parts of a nickname by which others may call its bearer: "王会计@青岛" → 王会计, 青岛, and 王会; "小陶钢琴启蒙" → 小陶."""
    parts = {part for piece in _NAME_CUT.split(name) if len(part := fold(piece)) >= 2}
    return frozenset(parts | {part[:2] for part in parts if len(part) > 2 and cjk_share(part[:2]) == 1})


def names_one_of(text: str, names: frozenset[str]) -> bool:
    """Does the text name one of these people?"""
    folded = fold(text)
    return any(name in folded for name in names)
