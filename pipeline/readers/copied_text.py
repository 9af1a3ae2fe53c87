"""Text copied from a chat window of WeChat or QQ, on PC or phone.

    昵称 2026/11/19 9:58 PM            WeChat, 12- or 24-hour by the system: also 2026/11/19 21:58, 2026年11月19日 21:58, 下午9:58
    正文
    <empty>
    【活跃】昵称  11/19/2026 9:58:07 PM    QQ for PC; of today: 昵称  21:58:07
    正文
    <empty>
    — —  2026-11-19  — —                QQ on the phone: a row for each day, notices as bare lines
    <empty>
    昵称  21:58:07
    正文

No ids: the name is all there is. Times without a day need `--date`, the day of the first message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Skipped
from pipeline.readers._copied import DAY_ROW, HEAD, Headers, drafts
from pipeline.readers._format import Format, Part, ReadOptions
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import LONGEST_HEADER, blocks
from pipeline.readers._times import Clock

_WITH_ID = re.compile(r"\([A-Za-z0-9][\w.@-]{4,}\)(?: \[.*\])?$")  # "名(wxid_x) 21:58:07" is another exporter's


def sniff(probe: Probe) -> bool:
    lines = [line for line in probe.lines if line.strip() and len(line) <= LONGEST_HEADER]
    heads = [found for line in lines if (found := HEAD.match(line))]
    named = [found for found in heads if "/" in found[0] or not _WITH_ID.search(found["name"])]
    if not named or len(named) * 2 < len(heads):
        return False
    if any(MAIL_ROW.match(line) for line in lines[:40]):
        return False
    first = next(i for i, line in enumerate(lines) if HEAD.match(line))
    dated = any(found["y"] or found["y2"] or found["m3"] for found in named) or any(map(DAY_ROW.match, lines))
    # without a day the header is so weak that it takes several, each behind an empty line
    return first <= 3 and (dated or len(named) >= 2 or len(lines) <= 6) and not any(line.startswith("消息对象:") for line in lines[:8])


MAIL_ROW = re.compile(r"^\s*[—–-]{4,}\s+\d{4}-\d\d-\d\d\s+[—–-]{4,}\s*$")


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield Chat(name="")
    headers = Headers(source, options)
    clock = Clock(options.tz)
    preface: list[tuple[int, str]] = []
    for block in blocks(source.lines(), headers, preface=preface, blank_before=headers.spaced):
        yield from drafts(block, clock, notices=headers.day_rows)
    for line, text in preface:
        if not DAY_ROW.match(text):
            yield Skipped(where=source.name, line=line, reason=_("text before the first message"))


FORMAT = Format(
    name="copied-text",
    title=_noop("text copied from a WeChat or QQ window"),
    platform="",
    obtain=_noop("select the messages in the chat window, copy, paste into a text file"),
    sniff=sniff,
    read=read,
)
