"""sjzar/chatlog's HTTP API, format=text.

    郝哥(wxid_hao0003xyz) 21:59:42                                      a range within one day
    郝哥(wxid_hao0003xyz) 11-19 21:59:42                                within one year
    郝哥(wxid_hao0003xyz) [群(38112233445@chatroom)] 2026-11-19 21:59:42    over years; the bracket when several chats were asked for
    > 林晓(wxid_lin0002xyz) 11-19 21:59:10
    > 跑过 4060Ti 16G
    我这边 4070 也差不多
    <empty>

Own messages are 我's, notices 系统消息's. What the times leave out comes from --date, else from the file's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Skipped
from pipeline.readers._chatlog import read_content
from pipeline.readers._dates import day_of, no_day
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import is_pat, kind_of_notice
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import LONGEST_HEADER, Block, blocks, body_text
from pipeline.readers._times import Clock
from pipeline.readers.chatlog_json import NOBODY

_HEAD = re.compile(
    r"^(?P<name>[^>].*?)??(?:\((?P<id>[A-Za-z0-9][\w.@-]{2,})\))?(?: \[(?P<chat>.*)\((?P<chat_id>[^()]+)\)\])? "
    r"(?P<day>\d{4}-\d\d-\d\d |\d\d-\d\d )?(?P<time>\d\d:\d\d:\d\d)$"
)
_NEXT_DAY = timedelta(hours=3)


def sniff(probe: Probe) -> bool:
    lines = [line for line in probe.lines if line.strip() and len(line) <= LONGEST_HEADER]
    heads = [found for line in lines if (found := _HEAD.match(line)) and (found["name"] or found["id"])]
    known = [found for found in heads if found["id"] or found["chat_id"] or found["name"] in (NOBODY, "我")]
    with_id = [found for found in known if found["id"]]
    return bool(with_id) and len(known) * 2 > len(heads) and bool(_HEAD.match(lines[0]))


@dataclass(frozen=True, slots=True)
class _Head:
    name: str
    id: str
    chat: str
    chat_id: str


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield Chat(name="", platform="wechat")
    clock, headers = Clock(options.tz), _Headers(source, options)
    preface: list[tuple[int, str]] = []
    for block in blocks(source.lines(), headers, preface=preface):
        if block.header.chat_id:
            yield Chat(name=block.header.chat, id=block.header.chat_id, platform="wechat")
        yield _draft(block, clock, options)
    for line, __ in preface:
        yield Skipped(where=source.name, line=line, reason=_("text before the first message"))


class _Headers:
    """Reads header lines; adds the day or year that they leave out."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._source = source
        self._day = day_of(source, options)
        self._last: datetime | None = None

    def __call__(self, line: str) -> tuple[_Head, datetime] | None:
        found = _HEAD.match(line.rstrip("\r"))
        if found is None or not (found["name"] or found["id"]):
            return None
        try:
            when = self._time((found["day"] or "").strip(), found["time"])
        except ValueError:
            return None
        return _Head((found["name"] or "").strip(), found["id"] or "", found["chat"] or "", found["chat_id"] or ""), when

    def _time(self, day: str, time: str) -> datetime:
        if len(day) == 10:
            return datetime.fromisoformat(f"{day} {time}")
        if self._day is None:
            raise no_day(self._source)
        if day:
            return datetime.fromisoformat(f"{self._day.year:04d}-{day} {time}")
        when = datetime.fromisoformat(f"{self._day:%Y-%m-%d} {time}")
        if self._last is not None and self._last - when > _NEXT_DAY:
            self._day = date.fromordinal(self._day.toordinal() + 1)
            when += timedelta(days=1)
        self._last = when
        return when


def _draft(block: Block[_Head], clock: Clock, options: ReadOptions) -> Draft:
    sent_at, content = clock(block.sent_at), body_text(block.body)
    head = block.header
    if NOBODY in (head.name, head.id):
        return Draft(line=block.line, sent_at=sent_at, sender="", text=content, kind=kind_of_notice(content), mentions=())
    said = read_content(content, sent_at, options.tz)
    draft = said.draft(sent_at, head.name, sender_id=head.id, line=block.line)
    return replace(draft, kind=kind_of_notice(content)) if content.startswith('"') and is_pat(content) else draft


FORMAT = Format(
    name="chatlog-txt",
    title=_noop("chatlog text"),
    platform="wechat",
    obtain=_noop("chatlog: http://127.0.0.1:5030/api/v1/chatlog?time=…&talker=…, saved; --date where its times have no day"),
    sniff=sniff,
    read=read,
    many=True,
    quotes=True,
)
