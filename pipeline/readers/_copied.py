"""Text copied from a chat window: header lines in all their forms, and what stands below them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline.readers._dates import day_of, no_day
from pipeline.readers._format import Draft, ReadOptions
from pipeline.readers._kinds import is_notice, kind_of_notice, read_placeholder
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import LONGEST_HEADER, Block, body_text
from pipeline.readers._times import HALF_DAY, Clock, clock_time

HEAD = re.compile(
    r"^(?!#{1,6}[ \t]|.*[」”] — )(?P<name>\S.*?)(?::(?=[ \t]+\d\d-\d\d[ \t]))?[ \t\u2005\u00a0]+"
    r"(?:(?P<y>\d{4})[-/.年](?P<m>\d\d?)[-/.月](?P<d>\d\d?)日?,?[ \t]+|(?P<a>\d\d?)/(?P<b>\d\d?)/(?P<y2>\d{4}),?[ \t]+"
    r"|(?P<m3>\d\d?)-(?P<d3>\d\d?)[ \t]+)?"
    rf"(?P<half>{HALF_DAY})?[ \t]*(?P<h>\d{{1,2}}):(?P<min>\d\d)(?::(?P<s>\d\d))?(?:[ \t\u202f\u00a0](?P<half2>{HALF_DAY}))?[ \t]*$"
)
DAY_ROW = re.compile(r"^\s*[—–-](?: ?[—–-])*\s+(\d{4})[-/年](\d\d?)[-/月](\d\d?)日?\s+[—–-](?: ?[—–-])*\s*$")
_TITLE = re.compile(r"^【([^】]*)】(.+)$")
_ROLES = {"管理员": "admin", "群主": "owner"}
_NEXT_DAY = timedelta(hours=3)  # times without a day: going back by more means the next day


@dataclass(frozen=True, slots=True)
class Head:
    name: str
    role: str | None


class Headers:
    """Reads header lines; remembers the day where the log names it once for many messages."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.source = source
        lines = [line if len(line) <= LONGEST_HEADER else "…" for line in Probe(source).lines]
        heads = [(i, found) for i, line in enumerate(lines) if (found := HEAD.match(line.rstrip("\r")))]
        self.day_rows = any(map(DAY_ROW.match, lines))
        # copies by hand may have lost the empty lines
        spaced = sum(1 for i, found in heads if i == 0 or not lines[i - 1].strip())
        self.spaced = spaced * 10 >= len(heads) * 9
        self.day_first = any(int(found["a"]) > 12 for __, found in heads if found["a"])
        self.day = day_of(source, options)
        self.last: datetime | None = None

    def day_row(self, line: str) -> bool:
        found = DAY_ROW.match(line)
        if found and (day := _day(*found.groups())):
            self.day, self.last = day, None
        return bool(found)

    def __call__(self, line: str) -> tuple[Head, datetime] | None:
        line = line.rstrip("\r")
        found = HEAD.match(line)
        if found is None:
            if self.day_rows:
                self.day_row(line)
            return None
        try:
            when = self._time(found)
        except ValueError:
            return None
        title = None if found["y"] else _TITLE.match(found["name"])  # QQ shows titles so, WeChat has none
        name, role = (title[2], _ROLES.get(title[1])) if title else (found["name"], None)
        return Head(name.strip(), role), when

    def _time(self, found: re.Match[str]) -> datetime:
        half = found["half"] or found["half2"]
        if found["y"]:
            day = date(int(found["y"]), int(found["m"]), int(found["d"]))
        elif found["y2"]:
            a, b = int(found["a"]), int(found["b"])
            day = date(int(found["y2"]), b if self.day_first else a, a if self.day_first else b)
        else:
            return self._time_of_known_day(found, half)
        return clock_time(day, found["h"], found["min"], found["s"], half)

    def _time_of_known_day(self, found: re.Match[str], half: str | None) -> datetime:
        if self.day is None:
            raise no_day(self.source)
        if found["m3"]:
            return clock_time(date(self.day.year, int(found["m3"]), int(found["d3"])), found["h"], found["min"], found["s"], half)
        when = clock_time(self.day, found["h"], found["min"], found["s"], half)
        if self.last is not None and self.last - when > _NEXT_DAY and not self.day_rows:
            self.day += timedelta(days=1)
            when += timedelta(days=1)
        self.last = when
        return when


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def drafts(block: Block[Head], clock: Clock, *, notices: bool) -> Iterator[Draft]:
    body, sent_at = block.body, clock(block.sent_at)
    told: list[str] = []
    if notices:
        body, told = _cut_notices(body)
    text = body_text(body)
    kind, title, url, file_name = read_placeholder(text)
    yield Draft(
        line=block.line,
        sent_at=sent_at,
        sender=block.header.name,
        text=text,
        kind=kind,
        title=title,
        url=url,
        file_name=file_name,
        role=block.header.role,
    )
    for notice in told:
        yield Draft(line=block.line, sent_at=sent_at, sender="", text=notice, kind=kind_of_notice(notice), mentions=())


def _cut_notices(body: list[str]) -> tuple[list[str], list[str]]:
    """The body without the rows of days and the notices of the app that stand below it."""
    told: list[str] = []
    body = list(body)
    while body and (not body[-1].strip() or DAY_ROW.match(body[-1]) or (len(body) > 1 and not body[-2].strip() and is_notice(body[-1]))):
        line = body.pop().strip()
        if line and not DAY_ROW.match(line):
            told.insert(0, line)
    return body, told
