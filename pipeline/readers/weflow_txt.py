"""WeFlow, format "TXT".

    2026-11-19 21:59:42 '郝哥'
    我这边 4070 也差不多[引用 林晓：跑过…]
    <empty>

Single quotes round the name, double ones in some versions; UTF-8. Notices carry the chat's name as their sender.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from pipeline.i18n import _noop
from pipeline.model import Chat, Kind
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import is_notice, kind_of_notice, read_placeholder, strip_word
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import Block, body_text, each_draft
from pipeline.readers._times import Clock
from pipeline.readers._wechat import split_suffix_quote

_HEAD = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (['\"])(.*)\2\s*$")


def sniff(probe: Probe) -> bool:
    return any(_HEAD.match(line) for line in probe.lines[:3])


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield Chat(name="", platform="wechat")
    clock = Clock(options.tz)
    yield from each_draft(source, _header, lambda block: _draft(block, clock))


def _header(line: str) -> tuple[str, datetime] | None:
    found = _HEAD.match(line)
    if found is None:
        return None
    try:
        return found[3], datetime.fromisoformat(found[1])
    except ValueError:
        return None


def _draft(block: Block[str], clock: Clock) -> Draft:
    sent_at, content = clock(block.sent_at), body_text(block.body)
    if content.startswith(('"', "“", "你")) and is_notice(content) and kind_of_notice(content) is not Kind.PAT:
        return Draft(line=block.line, sent_at=sent_at, sender="", text=content, kind=kind_of_notice(content), mentions=())
    text, quote = split_suffix_quote(content)
    kind, title, url, file_name = read_placeholder(text)
    if kind is Kind.TEXT and kind_of_notice(text) is Kind.PAT and text.startswith('"'):
        kind = Kind.PAT
    if kind in (Kind.LINK, Kind.VOICE):
        text = strip_word(text)
    return Draft(
        line=block.line,
        sent_at=sent_at,
        sender=block.header,
        text=text,
        kind=kind,
        quote=quote,
        title=title,
        url=url,
        file_name=file_name,
    )


FORMAT = Format(
    name="weflow-txt",
    title=_noop("WeFlow TXT"),
    platform="wechat",
    obtain=_noop("WeFlow: 导出 → choose the chat → TXT"),
    sniff=sniff,
    read=read,
    quotes=True,
)
