# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Dates and times in chat language, resolved against the moment of the message.

    周五晚8点   6月13日(周六)14:00-17:30   明天下午三点半   下周三前   5.16 周六   16号   月底
    Thursday 7pm   14 May at 18:30   May 9th   tomorrow noon   by Monday   2026-05-14 16:00 UTC

A day without a clock gives an ISO date; with a clock an ISO date-time in the message's zone (or in UTC where it says so).
A weekday means the next one, today included; a month and day without a year the nearest one, the future preferred.
Lunar dates, durations ("两小时后") and shifts of things already said ("往后推一天") are not resolved.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_NUMERAL = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_HOUR_WORD = "十[一二]?|[一二两三四五六七八九]"
_WEEKDAY = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_EN = "(?P<month_en>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_DAY_EN = r"(?P<day_en>\d{1,2})(?:st|nd|rd|th)?"
_WEEKDAY_EN = r"(?:mon|tues?|wed(?:nes)?|weds|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_DAY_WORDS = {
    "大后天": 3, "后天": 2, "后晚": 2, "明天": 1, "明早": 1, "明晚": 1, "明日": 1, "明儿": 1, "明": 1, "今天": 0, "今日": 0, "今早": 0, "今晚": 0, "今儿": 0,
    "昨天": -1, "昨晚": -1, "前天": -2, "today": 0, "tonight": 0, "this evening": 0, "tomorrow": 1, "yesterday": -1,
}  # fmt: skip

# Blanks between figures and Chinese ("11 月 28 日") are how many people type.
_DATE = re.compile(
    r"(?P<iso>(?P<y1>20\d\d)\s?[-/.年]\s?(?P<m1>1[0-2]|0?[1-9])\s?[-/.月]\s?(?P<d1>3[01]|[12]\d|0?[1-9])(?!\d)(?:\s?[日号])?)"
    r"|(?P<md>(?<!\d)(?P<m2>1[0-2]|0?[1-9])\s?月\s?(?P<d2>3[01]|[12]\d|0?[1-9])(?!\d)(?:\s?[日号])?)"
    r"|(?P<dot>(?<![\d.:])(?P<m3>1[0-2]|0?[1-9])[./](?P<d3>3[01]|[12]\d|0?[1-9])(?=\s*[(（]?\s*(?:周|星期|上午|下午|晚|早|前|之前|截止|当天|号|日|\d{1,2}[:：点])))"
    r"|(?P<bracketed>(?<=[(（])(?P<m4>1[0-2]|0?[1-9])[./](?P<d6>3[01]|[12]\d|0?[1-9])(?=[)）]))"
    r"|(?P<next_month>(?:下个?月|下月)(?P<d4>3[01]|[12]\d|0?[1-9])(?!\d)[日号])"
    r"|(?P<day>(?<![\d.])(?P<d5>3[01]|[12]\d|0?[1-9])\s?[号日](?![楼线门店院馆床位码机厅]))"
    r"|(?P<month_end>(?P<which>下个?|本|这个?)?月(?P<edge>底|末|初))"
    r"|(?P<week>(?P<shift>下下|下|这|本|上)?个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末])(?![年期岁]))"
    r"|(?P<word>大后天|后天|后晚|明[天日早晚儿]|明(?=[上下中]午)|今[天日早晚儿]|昨[天晚]|前天|\b(?:today|tonight|this evening|tomorrow|yesterday)\b)"
    rf"|(?P<en1>\b{_DAY_EN}\s+(?:of\s+)?{_MONTH_EN}\b(?:,?\s+(?P<y2>20\d\d))?)"
    rf"|(?P<en2>\b{_MONTH_EN.replace('month_en', 'month_en2')}\s+{_DAY_EN.replace('day_en', 'day_en2')}\b(?:,?\s+(?P<y3>20\d\d))?)"
    rf"|(?P<nth_en>\b(?:(?:on|for|by|until|till|from|before|after|since|is|was)\s+the|{_WEEKDAY_EN})\s+(?P<d7>3[01]|[12]?\d)(?:st|nd|rd|th)\b(?!\s+(?!(?:at|from|in|is|was|and|or|to|till|until|if|so|but|we|i)\b)[a-z]))"
    r"|(?P<weekday_en>\b(?:(?P<next>next)\s+)?(?P<name>mon|tues?|wed(?:nes)?|weds|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?\b)",
    re.IGNORECASE,
)  # fmt: skip
_PART = "凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|半夜|早|晚"
_CLOCK = re.compile(
    rf"(?P<part>{_PART})?\s*(?:(?<![\d.])(?P<hour>2[0-4]|1\d|0?\d)\s*(?:[:：](?P<minute>[0-5]\d)(?!\d|\s*[ap]\.?m\b)|\s?[点時时](?!间)(?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<spoken>[0-5]?\d)分?(?!\d))?)"
    rf"|(?P<hour_word>{_HOUR_WORD})点(?!儿)(?P<half_word>半)?)"
    r"|(?<![\d.])(?P<hour_en>1[0-2]|0?[1-9])(?:[:.](?P<minute_en>[0-5]\d))?(?:\s*(?:[-–]|to)\s*(?P<until_en>\d{1,2})(?:[:.]\d\d)?)?\s*(?P<half_day>[ap])\.?m\b\.?"
    r"|\b(?P<noon>noon|midday|midnight)\b",
    re.IGNORECASE,
)
_GAP = re.compile(
    r"[\s,，、()（）\[\]【】·的是在@:：-]{0,4}(?:全天|(?:周|星期)[一二三四五六日天])?(?:at|from|on)?[\s,，、()（）·的是在@:：-]{0,4}$",
    re.IGNORECASE,
)
_DEADLINE_AFTER = re.compile(rf"^\s*[)）]?\s*(?:{_PART})?(?:之?前|以前|截止|截至|为止|截单)")
_DEADLINE_BEFORE = re.compile(
    r"(?:截止(?:到|至|时间)?|截至|(?:报名|接龙|登记|申请|投票|开放|有效|持续)(?:时间|期)?(?:到|至)|最晚|最迟|不晚于|\bby|\bbefore|\buntil|\btill|\bdeadline:?|\bdue(?: by| on)?|\bno later than)[\s:：]*(?:the\s+)?$",
    re.IGNORECASE,
)
_MOVED_TO = re.compile(  # 从周日 20:00 改到周一 20:30, moved from Monday to Tuesday: what follows is the time that holds
    r"(?:改|调整?|挪|移|换|推迟|推|延期?|顺延|提前)(?:到|至|成|为|在)了?[\s:：]*$"
    r"|\b(?:moved|rescheduled|postponed|pushed|changed|brought)\b[^.!?\n]{0,40}\bto\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_PAST_YEAR = re.compile(r"(?:去年|前年|往年|last year)[^，。,.]{0,6}$", re.IGNORECASE)
_ZONE = re.compile(r"^\s*(?:UTC|GMT|Z)\b", re.IGNORECASE)

_BESIDE = re.compile(r"[\s,，(（]{0,3}")
_RANGE = re.compile(r"\s*(?:[-–—~～]|到|至|to)\s*")

Clock = tuple[re.Match[str], int, time]  # where, days to add (晚12点 is the next day's midnight), the time of day

NEAR = 32  # characters around a date that are read for its clock, its part of the day, "by" and "before"

_PM = frozenset({"下午", "傍晚", "晚上", "晚", "夜里", "半夜"})


@dataclass(frozen=True, kw_only=True)
class FoundTime:
    """A moment that a text names: characters start…end, ISO 8601, whether it is a deadline ("…前", "by …") or a new time ("改到 …")."""

    start: int
    end: int
    when: str
    has_day: bool
    has_clock: bool
    is_deadline: bool
    is_past: bool
    is_change: bool  # what a plan was moved to


# What every date and clock has something of: most messages have none of it, and are done with at once.
_MAY_NAME_TIME = re.compile(
    rf"\d\s*[-/.年月日号:：点時时]|\d\s*[ap]\.?m|[周星礼明今昨点]|后[天晚]|前天|月[底末初]|day\b|tonight|evening|tomorrow|noon|midnight|\d(?:st|nd|rd|th)\b"
    rf"|\b(?:{'|'.join(_DAYS)})|(?:{'|'.join(_MONTHS)})",
    re.IGNORECASE,
)


def find_times(text: str, said_at: datetime) -> list[FoundTime]:
    """The moments named in a text, in order; said_at must be aware."""
    if not _MAY_NAME_TIME.search(text):
        return []
    found: list[FoundTime] = []
    clocks = _without_ends(text, list(_clocks(text)))
    used: set[int] = set()
    at = 0
    for start, end, day, evening in _days(text, said_at.date()):
        while at < len(clocks) and clocks[at][0].start() < start:
            at += 1
        near = clocks[at : at + 3]
        clock = next((c for c in near if c[0].start() not in used and _joined(text, end, c[0])), None)
        if clock:
            used.add(clock[0].start())
        found.append(_build(text, start, max(end, clock[0].end() if clock else 0), day, clock, said_at, evening))
    taken = {i for f in found for i in range(f.start, f.end)}
    for clock in clocks:
        if clock[0].start() not in used and clock[0].start() not in taken and _plausible_alone(clock[0]):
            found.append(_build(text, clock[0].start(), clock[0].end(), None, clock, said_at, False))
    return sorted(found, key=lambda f: f.start)


def _days(text: str, today: date) -> list[tuple[int, int, date, bool]]:
    """Start, end, day and "is it an evening" of each date; 6月13日(周六) and 下周三(22号) are one, the plainer date counts."""
    found: list[tuple[int, int, date, bool, bool]] = []
    for match in _DATE.finditer(text):
        day = _day(match, today)
        if day is None or _PAST_YEAR.search(_head(text, match.start())):
            continue
        plain = not (match["week"] or match["weekday_en"] or match["word"])
        if found and _BESIDE.fullmatch(text[found[-1][1] : match.start()]) and found[-1][4] != plain:
            before = found.pop()
            found.append((before[0], match.end(), day if plain else before[2], before[3] or _evening(match), True))
        else:
            found.append((match.start(), match.end(), day, _evening(match), plain))
    return [f[:4] for f in found]


def _without_ends(text: str, clocks: list[Clock]) -> list[Clock]:
    """14:00-17:30: the beginning is the time, the end is none of its own."""
    return [c for k, c in enumerate(clocks) if not (k and _RANGE.fullmatch(text[clocks[k - 1][0].end() : c[0].start()]))]


def _clocks(text: str) -> Iterator[Clock]:
    for match in _CLOCK.finditer(text):
        part = match["part"] or _part_before(_head(text, match.start()))
        if match["noon"]:
            yield match, int(match["noon"].lower() == "midnight"), time(0 if match["noon"].lower() == "midnight" else 12)
            continue
        if match["hour_en"]:
            crosses_noon = match["until_en"] is not None and int(match["hour_en"]) % 12 > int(match["until_en"]) % 12  # 11-1pm
            hour = int(match["hour_en"]) % 12 + (12 if match["half_day"].lower() == "p" and not crosses_noon else 0)
            yield match, 0, time(hour, int(match["minute_en"] or 0))
            continue
        hour = int(match["hour"]) if match["hour"] else _numeral(match["hour_word"])
        half = match["half"] or match["half_word"]
        minute = int(match["minute"] or match["spoken"] or 0) or (
            30 if half else 15 * _NUMERAL[match["quarter"]] if match["quarter"] else 0
        )
        moved = _in_part(hour, minute, part)
        if moved:
            yield match, *moved


def _head(text: str, end: int) -> str:
    """The few characters before, so that the work stays linear in the length of the text."""
    return text[max(0, end - NEAR) : end]


def _part_before(head: str) -> str | None:
    """今晚 8点, 明早9点: the part of the day lies in the word before."""
    found = re.search(rf"(?:今|明|后|昨|周[一二三四五六日天末]|[日号)）])\s*({_PART})\s*$", head)
    return found[1] if found else None


def _in_part(hour: int, minute: int, part: str | None) -> tuple[int, time] | None:
    """Days to add and time of day; None where it is no time (下午25点)."""
    if hour == 24 or (hour == 12 and part in {"晚", "晚上", "半夜", "夜里", "凌晨"}):
        return (0 if part == "凌晨" else 1), time(0, minute)
    if part in _PM and hour < 12:
        late = part in {"半夜", "夜里"} and hour < 6
        return (1, time(hour, minute)) if late else (0, time(hour + 12, minute))
    if part == "中午" and hour < 3:
        hour += 12
    return (0, time(hour, minute)) if hour < 24 else None


def _numeral(word: str) -> int:
    return 10 + _NUMERAL.get(word[1:], 0) if word.startswith("十") else _NUMERAL[word]


def _plausible_alone(match: re.Match[str]) -> bool:
    """Without a day "3点" may be a third point: a clock alone needs minutes, a part of the day, or am/pm."""
    return bool(match["part"] or match["minute"] or match["half"] or match["half_word"] or match["hour_en"] or match["noon"])


def _joined(text: str, end: int, clock: re.Match[str]) -> bool:
    """Does the clock follow closely upon the day that ends there?"""
    return bool(_GAP.fullmatch(re.sub(rf"^(?:{_PART})", "", text[end : min(clock.start(), end + NEAR)]))) if clock.start() >= end else True


def _evening(match: re.Match[str]) -> bool:
    return bool(match["word"]) and match["word"][-1:] in "晚"


def _day(match: re.Match[str], today: date) -> date | None:
    """The day that a date expression names; None where there is no such day."""
    if match["iso"]:
        return _date(int(match["y1"]), int(match["m1"]), int(match["d1"]))
    for month_group, day_group in (("m2", "d2"), ("m3", "d3"), ("m4", "d6")):
        if match[month_group]:
            return _nearest_year(int(match[month_group]), int(match[day_group]), today)
    if match["next_month"]:
        return _date(*_month_after(today, 1), int(match["d4"]))
    if match["nth_en"]:
        return _nearest_month(int(match["d7"]), today)
    if match["day"]:
        return _nearest_month(int(match["d5"]), today)
    if match["month_end"]:
        that_year, that_month = _month_after(today, 1 if (match["which"] or "").startswith("下") else 0)
        return _date(that_year, that_month, 1 if match["edge"] == "初" else calendar.monthrange(that_year, that_month)[1])
    if match["week"]:
        return _weekday(today, _WEEKDAY[match["weekday"]], match["shift"])
    if match["word"]:
        return today + timedelta(days=_DAY_WORDS[match["word"].lower()])
    if match["weekday_en"]:
        return _weekday(today, _DAYS.index(match["name"].lower()[:3]), "下" if match["next"] else None)
    month_name, day, year = (
        (match["month_en"], match["day_en"], match["y2"]) if match["en1"] else (match["month_en2"], match["day_en2"], match["y3"])
    )
    month = _MONTHS.index(month_name.lower()[:3]) + 1
    return _date(int(year), month, int(day)) if year else _nearest_year(month, int(day), today)


def _date(year: int, month: int, day: int) -> date | None:
    return date(year, month, day) if 1 <= day <= calendar.monthrange(year, month)[1] else None


def _month_after(today: date, months: int) -> tuple[int, int]:
    index = today.year * 12 + today.month - 1 + months
    return index // 12, index % 12 + 1


def _nearest_year(month: int, day: int, today: date) -> date | None:
    """This year's, unless that lies more than four months back; next year's then."""
    this = _date(today.year, month, day)
    return _date(today.year + 1, month, day) if this and today - this > timedelta(days=120) else this


def _nearest_month(day: int, today: date) -> date | None:
    """This month's, unless that lies more than ten days back; next month's then."""
    this = _date(today.year, today.month, day)
    return _date(*_month_after(today, 1), day) if this is None or today - this > timedelta(days=10) else this


def _weekday(today: date, weekday: int, shift: str | None) -> date:
    monday = today - timedelta(days=today.weekday())
    if shift in ("下", "下下", "上"):
        return monday + timedelta(weeks={"下": 1, "下下": 2, "上": -1}[shift], days=weekday)
    if shift in ("这", "本"):
        return monday + timedelta(days=weekday)
    return today + timedelta(days=(weekday - today.weekday()) % 7)


def _build(text: str, start: int, end: int, day: date | None, clock: Clock | None, said_at: datetime, evening: bool) -> FoundTime:
    on = day or said_at.date()
    zone = UTC if _ZONE.match(text[end : end + NEAR]) else said_at.tzinfo
    if clock:
        hour = clock[2].hour + 12 if evening and 0 < clock[2].hour < 12 else clock[2].hour
        moment = datetime.combine(on + timedelta(days=clock[1]), clock[2].replace(hour=hour), tzinfo=zone)
        when, past = moment.isoformat(), moment < said_at - timedelta(hours=1)
    else:
        when, past = on.isoformat(), on < said_at.date()
    is_deadline = bool(_DEADLINE_AFTER.match(text[end : end + NEAR]) or _DEADLINE_BEFORE.search(_head(text, start)))
    return FoundTime(
        start=start, end=end, when=when, has_day=day is not None, has_clock=clock is not None, is_deadline=is_deadline, is_past=past,
        is_change=bool(_MOVED_TO.search(_head(text, start))),
    )  # fmt: skip
