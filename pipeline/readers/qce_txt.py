"""qq-chat-exporter (QCE), TXT.

    [QQChatExporter V5 / https://github.com/shuakami/qq-chat-exporter]
    聊天名称: 本地大模型折腾群
    …
    <empty>
    [爬山队长] Kiki: 产品:
    时间: 2026-11-19 21:59:17
    内容: 我这边 4070 也差不多
    回复: 11-19 21:59 林晓 - 跑过…
    提及: 林晓
    资源: 1 个文件
      - image: ab3f.jpg
    <empty>
    <empty>

Two empty lines between messages; body lines are not indented, so a message starts at a line ending in ":" with "时间: " below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.i18n import _noop
from pipeline.model import Chat, Kind
from pipeline.readers._format import Draft, Format, Part, Quote, ReadOptions
from pipeline.readers._kinds import is_pat, kind_of_notice, read_placeholder, strip_word
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import Block, blocks
from pipeline.readers._times import Clock, fixed

_NAME = re.compile(r"^聊天名称: (.*)$")
_TIME = re.compile(r"^时间: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s*$")
_TITLED = re.compile(r"^\[([^\[\]]{1,20})\] (.+)$")
_REPLY = re.compile(r"^回复: (\d\d-\d\d \d\d:\d\d) (.{1,64}?) - (.*)\Z", re.DOTALL)
_FIELDS = ("回复: ", "提及: ", "资源: ", "类型: ")
_JOIN = "\x00"


def sniff(probe: Probe) -> bool:
    return any(line.startswith("[QQChatExporter V") for line in probe.lines[:3])


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    name = next((found[1] for line in Probe(source).lines[:30] if (found := _NAME.match(line))), "")
    yield Chat(name=name.strip(), platform="qq")
    clock = Clock(options.tz)
    for block in blocks(_with_times(source.lines()), _header):
        yield _draft(block, clock, options.tz)


def _with_times(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines; a name and the time below it become one."""
    held: tuple[int, str] | None = None
    for number, line in lines:
        line = line.rstrip("\r")
        if held is not None and held[1].endswith(":") and _TIME.match(line):
            held = held[0], f"{held[1]}{_JOIN}{line}"
        else:
            if held is not None:
                yield held
            held = number, line
    if held is not None:
        yield held


def _header(line: str) -> tuple[str, datetime] | None:
    name, joined, time = line.partition(_JOIN)
    found = _TIME.match(time) if joined else None
    if found is None:
        return None
    try:
        return name.removesuffix(":"), datetime.fromisoformat(found[1])
    except ValueError:
        return None


def _draft(block: Block[str], clock: Clock, tz: ZoneInfo) -> Draft:
    sent_at = clock(block.sent_at)
    content, fields = _fields(block.body)
    titled = _TITLED.match(block.header)
    sender = titled[2] if titled else block.header
    if sender == "系统消息" or (content.startswith('"') and is_pat(content)):
        return Draft(line=block.line, sent_at=sent_at, sender="", text=content, kind=kind_of_notice(content), mentions=())
    kind, title, url, file_name = read_placeholder(content)
    text = strip_word(content) if kind is Kind.CARD else content
    reply = _REPLY.match(fields.get("回复: ", ""))
    return Draft(
        line=block.line,
        sent_at=sent_at,
        sender=sender,
        text=text,
        kind=kind,
        quote=Quote(text=reply[3], sender=reply[2], sent_at=_reply_time(reply[1], sent_at, tz)) if reply else None,
        title=title,
        url=url,
        file_name=file_name,
    )


def _fields(body: list[str]) -> tuple[str, dict[str, str]]:
    """(content, the fields below it). The content's own lines may look like fields: only the last of each kind is one."""
    lines = "\n".join(body).split("\n===============================================\n              导出完成")[0].rstrip().split("\n")
    starts = {field: max((i for i, line in enumerate(lines) if line.startswith(field)), default=-1) for field in _FIELDS}
    order = sorted((i, field) for field, i in starts.items() if i > 0)
    cut = order[0][0] if order else len(lines)
    fields = {}
    for (i, field), end in zip(order, [*(i for i, __ in order[1:]), len(lines)], strict=False):
        fields[field] = "\n".join(lines[i:end]).rstrip()
    return "\n".join(lines[:cut]).removeprefix("内容:").removeprefix(" ").rstrip(), fields


def _reply_time(text: str, sent_at: datetime, tz: ZoneInfo) -> datetime | None:
    year = sent_at.astimezone(tz).year
    try:
        when = fixed(datetime.fromisoformat(f"{year}-{text}").replace(tzinfo=tz))
    except ValueError:
        return None
    return when if when <= sent_at else fixed(when.replace(year=year - 1, tzinfo=tz))


FORMAT = Format(
    name="qce-txt",
    title=_noop("qq-chat-exporter TXT"),
    platform="qq",
    obtain=_noop("qq-chat-exporter: 导出 → TXT"),
    sniff=sniff,
    read=read,
    quotes=True,
)
