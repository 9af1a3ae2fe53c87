"""wx-cli, `wx export … --format markdown`.

    # 本地大模型折腾群（群聊）
    <empty>
    > 导出 40 条消息
    <empty>
    ### 2026-11-19 21:59
    <empty>
    **老郝**: [引用] 我这边 4070 也差不多
    >   ↳ 林晓: 跑过 4060Ti 16G
    <empty>
    ### 2026-11-19 22:03
    <empty>
    [系统] "Kiki"邀请"小王"加入了群聊

Minutes only; line ends inside a message become "\\n> ".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from pipeline.i18n import _noop
from pipeline.model import Chat
from pipeline.readers._format import Format, Part, ReadOptions
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import blocks, body_text
from pipeline.readers._times import Clock
from pipeline.readers._wxcli import read_content

_TITLE = re.compile(r"^# (.*?)(?:（[^（）]*）)?$")
_HEAD = re.compile(r"^### (\d{4}-\d\d-\d\d \d\d:\d\d)$")
_NAMED = re.compile(r"^\*\*(.+?)\*\*: ?(.*)\Z", re.DOTALL)


def sniff(probe: Probe) -> bool:
    return bool(probe.lines) and bool(_TITLE.match(probe.lines[0])) and any(_HEAD.match(line) for line in probe.lines[:12])


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    lines = Probe(source).lines
    title = _TITLE.match(lines[0]) if lines else None
    yield Chat(name=title[1] if title else "", platform="wechat")
    clock = Clock(options.tz)
    for block in blocks(source.lines(), _header):
        first, *more = body_text(block.body).split("\n")
        content = "\n".join([first, *(line.removeprefix(">").removeprefix(" ") if line.startswith(">") else line for line in more)])
        named = _NAMED.match(content)
        sender, content = (named[1], named[2]) if named else ("", content)
        yield read_content(content, line=block.line, sent_at=clock(block.sent_at), sender=sender)


def _header(line: str) -> tuple[None, datetime] | None:
    found = _HEAD.match(line.rstrip("\r"))
    if found is None:
        return None
    try:
        return None, datetime.fromisoformat(found[1])
    except ValueError:
        return None


FORMAT = Format(
    name="wxcli-md",
    title=_noop("wx-cli Markdown"),
    platform="wechat",
    obtain=_noop("wx-cli: wx export CHAT --format markdown"),
    sniff=sniff,
    read=read,
    quotes=True,
)
