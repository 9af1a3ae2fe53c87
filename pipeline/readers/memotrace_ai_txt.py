"""MemoTrace (留痕) 2.x/3.x, "AI 对话 TXT": 名_chat.txt.

    ********************2026-11-19********************
    <empty>
    周明:有人在 16G 显存上跑过 Qwen3 30B-A3B 吗？
    q4 量化的                                  the same sender goes on: a new message or a new line, the file does not tell
    <empty>
    :"Kiki"邀请"小王"加入了群聊                 a notice

No times but the day: messages stand at midnight. What one sender says in a row stays one message, but for placeholders.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime

from pipeline.i18n import _noop
from pipeline.model import Kind
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import kind_of_notice, placeholder
from pipeline.readers._memotrace import read_content
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import Clock
from pipeline.readers.memotrace_csv import chat_of

_DAY = re.compile(r"^\*{10,}(\d{4}-\d\d-\d\d)\*{10,}\s*$")
_REMEMBERED = 2_000  # messages among which a quoted one is looked for
_NAMED = re.compile(r"^([^:：\n]{0,64}):(.*)$")


def sniff(probe: Probe) -> bool:
    return any(_DAY.match(line) for line in probe.lines[:6])


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield chat_of(source)
    clock = Clock(options.tz)
    day: datetime | None = None
    paragraph: list[str] = []
    sender, start = "", 1
    said: deque[str] = deque(maxlen=_REMEMBERED)
    for number, line in source.lines():
        line = line.rstrip("\r")
        if found := _DAY.match(line):
            yield from _drafts(sender, paragraph, start, day, clock, said)
            day, paragraph = _day(found[1]) or day, []
        elif not paragraph or not paragraph[-1].strip():
            if (named := _NAMED.match(line)) and not line.startswith(" "):
                yield from _drafts(sender, paragraph, start, day, clock, said)
                sender, start, paragraph = named[1], number, [named[2]]
            elif paragraph:
                paragraph.append(line)
        else:
            paragraph.append(line)
    yield from _drafts(sender, paragraph, start, day, clock, said)


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _drafts(sender: str, lines: list[str], start: int, day: datetime | None, clock: Clock, said: deque[str]) -> Iterator[Draft]:
    if day is None or not any(line.strip() for line in lines):
        return
    sent_at = clock(day)
    for offset, text in _quotes_apart(_messages(lines), said):
        said.append(text)
        if not sender:
            yield Draft(line=start + offset, sent_at=sent_at, sender="", text=text, kind=kind_of_notice(text), mentions=())
            continue
        content = read_content(text)
        yield content.draft(sent_at, "" if content.kind is Kind.SYSTEM else sender, line=start + offset)


def _quotes_apart(messages: Iterator[tuple[int, str]], said: deque[str]) -> Iterator[tuple[int, str]]:
    """A quote ends where the quoted message did; what stands below it is said by the sender again."""
    for offset, text in messages:
        lines = text.split("\n")
        at = next((i for i, line in enumerate(lines) if i and line.startswith("引用：")), None)
        if at is None:
            yield offset, text
            continue
        quoted = [lines[at].partition(": ")[2]]
        end = at + 1
        while end < len(lines) and any("\n".join([*quoted, lines[end]]) in earlier for earlier in said):
            quoted.append(lines[end])
            end += 1
        yield offset, "\n".join(lines[:end])
        if any(line.strip() for line in lines[end:]):
            yield offset + end, "\n".join(lines[end:]).strip()


_CARD_LINE = re.compile(r"^(?:标题|描述|链接|应用|名称|地址)\s*[:：]|^    - |^\s*$|^\{")


def _messages(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The parts of what one sender said in a row: a placeholder or card is a message of its own, with its lines."""
    held: list[str] = []
    start, card = 0, False
    for at, line in enumerate(lines):
        stand_in = placeholder(line) is not None and line.startswith("【")
        if held and (stand_in or (card and not _CARD_LINE.match(line))):
            yield start, "\n".join(held).strip()
            held, start, card = [], at, False
        held.append(line)
        card = card or stand_in
    if any(line.strip() for line in held):
        yield start, "\n".join(held).strip()


FORMAT = Format(
    name="memotrace-ai-txt",
    title=_noop("MemoTrace 留痕 AI TXT (days only)"),
    platform="wechat",
    obtain=_noop("MemoTrace: 导出聊天数据 → AI 对话 (better: CSV, which has the times)"),
    sniff=sniff,
    read=read,
    quotes=True,
)
