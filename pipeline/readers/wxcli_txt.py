"""wx-cli, `wx export … --format txt`.

    === 本地大模型折腾群[群] (40 条) ===
    <empty>
    [2026-11-19 21:59] 老郝: [引用] 我这边 4070 也差不多
      ↳ 林晓: 跑过 4060Ti 16G
    [2026-11-19 22:03] [系统] "Kiki"邀请"小王"加入了群聊

Minutes only; lines that go on a message are not indented; notices have no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from pipeline.i18n import _noop
from pipeline.model import Chat
from pipeline.readers._format import Format, Part, ReadOptions
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import ANY_LENGTH, blocks
from pipeline.readers._times import Clock
from pipeline.readers._wxcli import read_content

_TITLE = re.compile(r"^=== (.*?)(?:\[[^\[\]]{1,4}\])? \(\d+ 条\) ===$")
_HEAD = re.compile(r"^\[(\d{4}-\d\d-\d\d \d\d:\d\d)\] (.*)$")
_NAMED = re.compile(r"^(.{1,64}?): (.*)\Z", re.DOTALL)


def sniff(probe: Probe) -> bool:
    return bool(probe.lines) and bool(_TITLE.match(probe.lines[0]))


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    title = _TITLE.match(Probe(source).lines[0] if Probe(source).lines else "")
    yield Chat(name=title[1] if title else "", platform="wechat")
    clock = Clock(options.tz)
    names = _known_names(source)
    for block in blocks(source.lines(), _header, blank_before=False, longest=ANY_LENGTH):
        content = "\n".join([block.header, *block.body]).rstrip("\n")
        sender, content = _split(content, names)
        yield read_content(content, line=block.line, sent_at=clock(block.sent_at), sender=sender)


def _header(line: str) -> tuple[str, datetime] | None:
    found = _HEAD.match(line.rstrip("\r"))
    if found is None:
        return None
    try:
        return found[2], datetime.fromisoformat(found[1])
    except ValueError:
        return None


def _known_names(source: Source) -> list[str]:
    """Names that hold a ": " themselves: seen as a start of many messages, longest first."""
    counts: dict[str, int] = {}
    for line in Probe(source).lines:
        found = _HEAD.match(line)
        pieces = found[2].split(": ") if found else []
        for n in range(1, min(len(pieces), 4)):
            name = ": ".join(pieces[:n])
            counts[name] = counts.get(name, 0) + 1
    return sorted((name for name, n in counts.items() if ": " in name and n >= 2), key=lambda name: (-len(name), name))


def _split(content: str, names: list[str]) -> tuple[str, str]:
    if content.startswith(("[系统]", "[撤回]")):
        return "", content
    for name in names:
        if content.startswith(f"{name}: "):
            return name, content[len(name) + 2 :]
    found = _NAMED.match(content)
    return (found[1], found[2]) if found else ("", content)


FORMAT = Format(
    name="wxcli-txt",
    title=_noop("wx-cli text"),
    platform="wechat",
    obtain=_noop("wx-cli: wx export CHAT --format txt"),
    sniff=sniff,
    read=read,
    quotes=True,
)
