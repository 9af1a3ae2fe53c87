"""QQ for PC (up to 9.7), 消息管理器 → 导出消息记录 → 文本文件; also "全部消息记录", several chats in one file.

    <BOM>消息记录（此消息记录为文本格式，不支持重新导入）
    <empty>
    ================================================================
    消息分组:我的QQ群
    ================================================================
    消息对象:某某群
    ================================================================
    <empty>
    2016-07-19 8:48:16 老郝(100200321)
    正文第一行
    <empty>
    2016-07-19 10:02:40 【管理员】Kiki<kiki@example.com>
    [图片]
    <empty>
    2019-09-23 8:43:38 PM 系统消息(10000)
    小王加入本群。

The hour is not padded; private chats have the name alone. Records end in CRLF, line ends inside a message are bare LF or CR.
Replies survive only as "@名 "; bodies may be empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Skipped
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import kind_of_notice, read_placeholder
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import Block, blocks, body_text
from pipeline.readers._times import HALF_DAY, Clock, clock_time

_TITLE = "消息记录（此消息记录为文本格式"
_HEAD = re.compile(
    rf"^(\d{{4}})-(\d\d?)-(\d\d?) (\d{{1,2}}):(\d\d):(\d\d)(?: ({HALF_DAY}))? (?:【([^】]*)】)?(.*?)"
    r"(?:\((\d{5,11})\)|<([^<>@\s]+@[^<>\s]+)>)?\s*$"
)
_RULE = re.compile(r"^={20,}\s*$")
_FIELD = re.compile(r"^消息(分组|对象):(.*)$")
_ROLES = {"管理员": "admin", "群主": "owner"}
_SYSTEM = frozenset({"10000", "1000000"})


def sniff(probe: Probe) -> bool:
    return any(line.startswith(_TITLE) for line in probe.lines[:3]) or any(_FIELD.match(line) for line in probe.lines[:12])


@dataclass(frozen=True, slots=True)
class _Head:
    name: str
    number: str
    title: str


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    crlf = b"\r\n" in source.head(1 << 14)
    cursor = _Cursor(source.lines("\r\n" if crlf else "\n"))
    while not cursor.ended:
        yield Chat(name=cursor.skip_to_chat(), platform="qq")
        clock = Clock(options.tz)
        preface: list[tuple[int, str]] = []
        for block in blocks(cursor.body(), _header, preface=preface):
            yield _draft(block, clock)
        for line, __ in preface:
            yield Skipped(where=source.name, line=line, reason=_("text before the first message"))


class _Cursor:
    """Walks through the file; a rule followed by 消息分组 or 消息对象 ends the body of a chat."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self._ahead: list[tuple[int, str]] = []
        self.ended = False

    def _next(self) -> tuple[int, str] | None:
        if self._ahead:
            return self._ahead.pop(0)
        line = next(self._lines, None)
        self.ended = line is None
        return line

    def skip_to_chat(self) -> str:
        name = ""
        while (line := self._next()) is not None:
            text = line[1].strip("\r\ufeff")
            if found := _FIELD.match(text):
                name = found[2].strip() if found[1] == "对象" else name
            elif text.strip() and not _RULE.match(text) and not text.startswith(_TITLE):
                self._ahead.insert(0, line)
                break
        return name

    def body(self) -> Iterator[tuple[int, str]]:
        while (line := self._next()) is not None:
            if _RULE.match(line[1]):
                after = self._next()
                if after is not None and _FIELD.match(after[1]):
                    self._ahead.insert(0, after)
                    return
                yield line
                if after is not None:
                    self._ahead.insert(0, after)
                continue
            yield line


def _header(line: str) -> tuple[_Head, datetime] | None:
    found = _HEAD.match(line)
    if found is None:
        return None
    year, month, day, hour, minute, second, half, title, name, number, mail = found.groups()
    if not (name or number or mail):
        return None
    try:
        when = clock_time(date(int(year), int(month), int(day)), hour, minute, second, half)
    except ValueError:
        return None
    return _Head(name.strip(), number or mail or "", title or ""), when


def _draft(block: Block[_Head], clock: Clock) -> Draft:
    head, text = block.header, body_text(block.body).replace("\r\n", "\n").replace("\r", "\n")
    kind, title, url, file_name = read_placeholder(text)
    if head.number in _SYSTEM:
        return Draft(line=block.line, sent_at=clock(block.sent_at), sender="", text=text, kind=kind_of_notice(text), mentions=())
    return Draft(
        line=block.line,
        sent_at=clock(block.sent_at),
        sender_id=head.number,
        sender=head.name or head.number,
        text=text,
        kind=kind,
        title=title,
        url=url,
        file_name=file_name,
        role=_ROLES.get(head.title),
    )


FORMAT = Format(
    name="qq-txt",
    title=_noop("QQ 消息管理器 TXT"),
    platform="qq",
    obtain=_noop("QQ for PC up to 9.7: 消息管理器 → right click on the chat → 导出消息记录 → 文本文件(*.txt)"),
    sniff=sniff,
    read=read,
    many=True,
)
