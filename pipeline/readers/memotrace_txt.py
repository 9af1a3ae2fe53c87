"""MemoTrace (留痕), TXT of all versions.

    2026-11-19 21:59:42 郝哥
    我这边 4070 也差不多
    引用：Lin🌿: 跑过…                    2.x/3.x; 1.x writes 引用:名:文
    <empty>
    2026-11-19 22:03:08                  a notice, 2.x/3.x
    "Kiki"邀请"小王"加入了群聊
    <empty>
    2026-11-19 22:03:08 "Kiki"邀请"小王"加入了群聊      a notice, 1.x

1.x drops red packets, locations, forwards and announcements without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from pipeline.i18n import _noop
from pipeline.model import Kind
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import is_notice, kind_of_notice
from pipeline.readers._memotrace import read_content
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import Block, body_text, each_draft
from pipeline.readers._times import Clock
from pipeline.readers.memotrace_csv import chat_of

_HEAD = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: (\S.*))?$")
_OTHERS = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?:(['\"]).*\1|.*\(\d{5,11}\)|.*<[^<>@\s]+@[^<>\s]+>|(?:AM|PM) .*)\s*$")


def sniff(probe: Probe) -> bool:
    lines = [line for line in probe.lines if line.strip()]
    heads = [line for line in lines if _HEAD.match(line)]
    others = [line for line in heads if _OTHERS.match(line) and not is_notice(line[20:])]
    return bool(heads) and heads[0] == lines[0] and len(others) * 2 < len(heads)


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield chat_of(source)
    clock = Clock(options.tz)
    yield from each_draft(source, _header, lambda block: _draft(block, clock))


def _header(line: str) -> tuple[str, datetime] | None:
    found = _HEAD.match(line.rstrip("\r"))
    if found is None:
        return None
    try:
        return found[2] or "", datetime.fromisoformat(found[1])
    except ValueError:
        return None


def _draft(block: Block[str], clock: Clock) -> Draft:
    sent_at, sender, content = clock(block.sent_at), block.header, body_text(block.body)
    if not content and is_notice(sender):  # 1.x puts the notice into the header line
        sender, content = "", sender
    if not sender:
        return Draft(line=block.line, sent_at=sent_at, sender="", text=content, kind=kind_of_notice(content), mentions=())
    said = read_content(content)
    return said.draft(sent_at, "" if said.kind is Kind.SYSTEM else sender, line=block.line)


FORMAT = Format(
    name="memotrace-txt",
    title=_noop("MemoTrace 留痕 TXT"),
    platform="wechat",
    obtain=_noop("MemoTrace: 导出聊天数据 → TXT"),
    sniff=sniff,
    read=read,
    quotes=True,
)
