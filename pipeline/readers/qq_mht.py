"""QQ for PC, 消息管理器 → MHT file: HTML in a MIME wrapper. Best effort; the text export is better.

    Content-Type: multipart/related; …boundary="…"
    <tr><td>日期: 2016-07-19</td></tr>
    <tr><td><div style=color:#42B475;…><div style=float:left;…>昵称</div>10:02:40</div><div style=padding-left:20px;>正文</div></td></tr>

A row for each day; times without a day; pictures are <IMG src="{GUID}.dat">. No ids.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
from collections.abc import Iterator
from datetime import datetime

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Skipped
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import read_placeholder
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import HALF_DAY, Clock, clock_time

_BOUNDARY = re.compile(r'boundary="?([^"\r\n;]+)"?', re.IGNORECASE)
_ENCODED = re.compile(r"^Content-Transfer-Encoding:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_CHAT = re.compile(r"消息对象[:：](?:&nbsp;|\s)*([^<\r\n]+)")
_ROW = re.compile(r"<tr>(.*?)</tr>", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(r"日期[:：](?:&nbsp;|\s)*(\d{4}-\d\d?-\d\d?)")
_MESSAGE = re.compile(
    rf"<div[^>]*float:left[^>]*>(?P<name>.*?)</div>\s*(?P<h>\d{{1,2}}):(?P<m>\d\d):(?P<s>\d\d)(?:\s(?P<half>{HALF_DAY}))?\s*</div>(?P<body>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = re.compile(r"^(.*?)(?:\((\d{5,11})\)|<([^<>@\s]+@[^<>\s]+)>)$")


def sniff(probe: Probe) -> bool:
    return "multipart/related" in probe.text[:4000] and (
        "消息记录" in probe.text or "Tencent" in probe.text[:2000] or probe.source.ending == "mht"
    )


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    body = _html(source)
    chat = _CHAT.search(body)
    yield Chat(name=html.unescape(chat[1]).strip() if chat else "", platform="qq")
    clock = Clock(options.tz)
    day: datetime | None = None
    for at, row in enumerate(_ROW.finditer(body), 1):
        if dated := _DAY.search(row[1]):
            day = _day(dated[1]) or day
        elif found := _MESSAGE.search(row[1]):
            if day is None:
                yield Skipped(where=source.name, line=at, reason=_("no message: no time"))
                continue
            try:
                local = clock_time(day.date(), found["h"], found["m"], found["s"], found["half"])
            except ValueError:
                yield Skipped(where=source.name, line=at, reason=_("no message: no time"))
                continue
            yield _draft(at, found, clock(local))


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007  (the clock makes it aware)
    except ValueError:
        return None


def _html(source: Source) -> str:
    """The first part of the MIME file, decoded; the pictures behind it are not read."""
    lines: list[str] = []
    boundary = ""
    seen = 0
    for __, line in source.lines():
        line = line.rstrip("\r")
        if not boundary and (found := _BOUNDARY.search(line)):
            boundary = f"--{found[1]}"
        elif boundary and line.startswith(boundary):
            seen += 1
            if seen == 2:
                break
        elif seen == 1:
            lines.append(line)
    head, _blank, body = "\n".join(lines).partition("\n\n")
    encoding = _ENCODED.search(head)
    raw = body.encode("utf-8", "surrogatepass")
    try:
        if encoding and encoding[1].lower() == "base64":
            return base64.b64decode(raw, validate=False).decode("utf-8", "replace")
        if encoding and encoding[1].lower() == "quoted-printable":
            return quopri.decodestring(raw).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return body
    return body


def _draft(line: int, found: re.Match[str], sent_at: datetime) -> Draft:
    name = _plain(found["name"])
    numbered = _NUMBER.match(name)
    text = _plain(found["body"])
    kind, title, url, file_name = read_placeholder(text)
    return Draft(
        line=line,
        sent_at=sent_at,
        sender_id=(numbered[2] or numbered[3] or "") if numbered else "",
        sender=(numbered[1] or numbered[2] or "") if numbered else name,
        text=text,
        kind=kind,
        title=title,
        url=url,
        file_name=file_name,
    )


def _plain(markup: str) -> str:
    markup = re.sub(r"<img[^>]*>", "[图片]", markup, flags=re.IGNORECASE)
    markup = re.sub(r"<br\s*/?>", "\n", markup, flags=re.IGNORECASE)
    return html.unescape(re.sub(r"<[^>]+>", "", markup)).replace("\xa0", " ").strip()


FORMAT = Format(
    name="qq-mht",
    title=_noop("QQ 消息管理器 MHT (best effort)"),
    platform="qq",
    obtain=_noop("QQ for PC up to 9.7: 消息管理器 → 导出 → MHT (better: TXT)"),
    sniff=sniff,
    read=read,
)
