"""MemoTrace (留痕) 2.x/3.x, Markdown.

    #### 2026-11-19
    <empty>
    **21:59:42 郝哥**: 我这边 4070 也差不多，40 出头
    > 跑过 4060Ti 16G                       the quoted text, without its sender
    <empty>
    > 2026-11-19 22:03:08 "Kiki"邀请"小王"加入了群聊

Text is escaped (q8\\_0), quoted text is not; red packets, pats, announcements and music are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from pipeline.i18n import _noop
from pipeline.model import Kind
from pipeline.readers._format import Draft, Format, Part, Quote, ReadOptions
from pipeline.readers._kinds import kind_of_notice
from pipeline.readers._memotrace import read_content
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import ANY_LENGTH, Block, blocks, body_text
from pipeline.readers._times import Clock
from pipeline.readers.memotrace_csv import chat_of

_DAY = re.compile(r"^#### (\d{4}-\d\d-\d\d)\s*$")
_HEAD = re.compile(r"^\*\*(\d\d:\d\d:\d\d) (.*?)\*\*:\s?(.*)$")
_NOTICE = re.compile(r"^> (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (.*)$")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~])")
_LINK = re.compile(r"^(?:【小程序】: [^：]*：)?\[([^\]\n]*)\]\((\S*)\)$")
_PICTURE = re.compile(r"^!\[([^\]]*)\]\([^)]*\)$")


def sniff(probe: Probe) -> bool:
    return any(map(_DAY.match, probe.lines)) and any(_HEAD.match(line) or _NOTICE.match(line) for line in probe.lines)


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield chat_of(source)
    clock = Clock(options.tz)
    for block in blocks(source.lines(), _Headers(), longest=ANY_LENGTH):
        yield _draft(block, clock)


class _Headers:
    """Reads header lines; remembers the day of the heading above."""

    def __init__(self) -> None:
        self._day: date | None = None

    def __call__(self, line: str) -> tuple[tuple[str, str], datetime] | None:
        line = line.rstrip("\r")
        try:
            if found := _DAY.match(line):
                self._day = date.fromisoformat(found[1])
            elif found := _NOTICE.match(line):
                return ("", found[2]), datetime.fromisoformat(found[1])
            elif (found := _HEAD.match(line)) and self._day is not None:
                return (_plain(found[2]), found[3]), datetime.fromisoformat(f"{self._day} {found[1]}")
        except ValueError:
            return None
        return None


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _draft(block: Block[tuple[str, str]], clock: Clock) -> Draft:
    sender, first = block.header
    sent_at = clock(block.sent_at)
    body = [line for line in block.body if not line.startswith("#")]
    if not sender:
        return Draft(line=block.line, sent_at=sent_at, sender="", text=first, kind=kind_of_notice(first), mentions=())
    lines = body_text([first, *body]).split("\n")
    at = next((i for i, line in enumerate(lines) if i and line.startswith("> ")), len(lines))
    own, quoted = "\n".join(lines[:at]).rstrip(), "\n".join(lines[at:]).removeprefix("> ")
    if found := _LINK.match(own):
        kind = Kind.CARD if own.startswith("【小程序】") else Kind.LINK
        title, url = _plain(found[1]) or None, found[2] or None
        return Draft(
            line=block.line, sent_at=sent_at, sender=sender, text="\n".join(filter(None, (title, url))), kind=kind, title=title, url=url
        )
    said = read_content(_PICTURE.sub(r"[\1]", _plain(own)))
    return replace(said, quote=Quote(text=_plain(quoted)) if quoted else None).draft(sent_at, sender, line=block.line)


FORMAT = Format(
    name="memotrace-md",
    title=_noop("MemoTrace 留痕 Markdown"),
    platform="wechat",
    obtain=_noop("MemoTrace: 导出聊天数据 → Markdown"),
    sniff=sniff,
    read=read,
    quotes=True,
)
