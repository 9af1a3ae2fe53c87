"""WhatsApp, "Export chat": a text file, usually in a zip with the media.

    12/5/24, 10:04 PM - 张三: hi                 Android en_US      05/12/2024, 22:04 - …   en_GB     05.12.24, 22:04 - …   de
    2024/12/5 22:04 - 张三: hi                   Android zh-CN      2024/12/5 下午10:04 - …  zh-TW
    [12/5/24, 10:04:05 PM] 张三: hi              iOS en             [2024/12/5 下午10:04:05] …  iOS zh

Order of day and month: from the whole file. iOS marks what the app itself says by U+200E and writes notices as the group's own
messages; Android writes notices without a name. No ids, no quotes. The wording of stand-ins changes by version and language: words
that mean "left out" tell them, whatever else stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._files import kind_of_file
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import ANY_LENGTH, Block, blocks
from pipeline.readers._times import HALF_DAY, Clock, hour_of_day
from pipeline.text import urls

_DATE = r"(?P<a>\d{1,4})[./-](?P<b>\d{1,2})[./-](?P<c>\d{1,4})\.?"
_CLOCK = (
    rf"(?:(?P<half>{HALF_DAY})\s?)?(?:kl\.?o?\s)?(?P<h>\d{{1,2}})[:.](?P<m>\d\d)(?:[:.](?P<s>\d\d))?"
    rf"(?:[\s\u202f\u00a0](?P<half2>{HALF_DAY}))?"
)
_IOS = re.compile(rf"^[\u200e\u200f\ufeff]*\[{_DATE},?\s{_CLOCK}\] (?P<rest>.*)$")
_ANDROID = re.compile(rf"^[\u200e\u200f\ufeff]*{_DATE},?\s{_CLOCK} [-–] (?P<rest>.*)$")
_NAMED = re.compile(r"^(?P<name>[^:]{1,80}|[^\n]{1,80}?): (?P<text>.*)\Z", re.DOTALL)
_MARKS = re.compile("[\u200e\u200f\u2066-\u2069]")
_FILE_NAMES = re.compile(
    r"(?:WhatsApp[ -]Chat (?:with|mit|avec|con|com|-) ?|WhatsApp Chat - |与|與)(.+?)(?:的 ?WhatsApp ?(?:聊天|對話|对话)(?:记录|記錄)?)?"
    r"(?:_(?:[a-z]{2}(?:[-_][A-Za-z]{2,4})?))?(?:\.txt|\.zip|/|$)"
)
_LEFT_OUT = re.compile(
    r"omitted|weggelassen|ausgeschlossen|omitid[oa]|omis|omess[oa]|ocult[oa]|忽略|略去|省略|已略|生략|생략|пропущен", re.IGNORECASE
)
_WHAT = (
    (re.compile(r"sticker|贴图|貼圖|表情", re.IGNORECASE), Kind.STICKER),
    (re.compile(r"gif", re.IGNORECASE), Kind.STICKER),
    (re.compile(r"image|photo|bild|imagen|图像|圖片|图片|照片|相片", re.IGNORECASE), Kind.IMAGE),
    (re.compile(r"audio|voice|ptt|sprach|音频|音訊|语音|語音", re.IGNORECASE), Kind.VOICE),
    (re.compile(r"video|视频|影片|視訊", re.IGNORECASE), Kind.VIDEO),
    (re.compile(r"document|dokument|documento|文档|文件|檔案$", re.IGNORECASE), Kind.FILE),
    (re.compile(r"contact|kontakt|名片|联系人|聯絡人", re.IGNORECASE), Kind.CARD),
)
_DELETED = re.compile(
    r"^(?:This message was deleted|You deleted this message|此消息已删除|您删除了此消息|你删除了这条消息|"
    r"此訊息已刪除|你已刪除此訊息|您已刪除此訊息|Diese Nachricht wurde gelöscht|Du hast diese Nachricht gelöscht|"
    r"Se eliminó este mensaje|Ce message a été supprimé)[.。]?$",
    re.IGNORECASE,
)
_EDITED = re.compile(r"\s?<[^<>]{2,40}(?:edited|编辑|編輯|bearbeitet|editado|modifié)[^<>]{0,10}>\s*$", re.IGNORECASE)
_ATTACHED = re.compile(
    r"^(?:<(?:attached|附件|已附加|Anhang|adjunto)[:：] ?(?P<in>[^<>]+)>|(?P<out>.+\.\w{2,5}) \([^()]{3,40}\))(?P<rest>\n.*)?\Z", re.DOTALL
)
_DOCUMENT = re.compile(r"^(.+?) • ")
_LOCATION = re.compile(r"^(?:location|位置|Standort|ubicación)[:：] ?(?=https?://)", re.IGNORECASE)
_POLL = re.compile(r"^(?:POLL|投票|UMFRAGE)[:：]", re.IGNORECASE)
_CALL = re.compile(r"^(?:Missed (?:voice|video) call|(?:Voice|Video) call\b|未接(?:语音|视频|語音|視訊)(?:通话|來電|通話))", re.IGNORECASE)


def sniff(probe: Probe) -> bool:
    first = next((line for line in probe.lines if line.strip()), "")
    return bool(_IOS.match(first) or _ANDROID.match(first))


@dataclass(frozen=True, slots=True)
class _Head:
    rest: str
    ios: bool


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    name = _FILE_NAMES.search(source.name.replace("\\", "/").rpartition("/")[2]) or _FILE_NAMES.search(source.name)
    group = name[1].strip() if name else ""
    yield Chat(name=group, platform="whatsapp")
    clock, order = Clock(options.tz), _order(source)
    preface: list[tuple[int, str]] = []
    heads = blocks(source.lines(), lambda line: _header(line, order), preface=preface, blank_before=False, longest=ANY_LENGTH)
    for number, block in enumerate(heads):
        named = _NAMED.match(block.header.rest)
        if number == 0 and named and block.header.ios and named["text"].startswith("\u200e"):
            group = _MARKS.sub("", named["name"])  # the banner about encryption is the group's
        yield _draft(block, clock(block.sent_at), group)
    for line, __ in preface:
        yield Skipped(where=source.name, line=line, reason=_("text before the first message"))


def _order(source: Source) -> str:
    """How the file writes its dates: ymd, dmy or mdy, from numbers that can be no month, else from how the dates run."""
    last = {"dmy": (0, 0, 0), "mdy": (0, 0, 0)}
    backward = {"dmy": 0, "mdy": 0}
    half = dots = False
    for __, line in source.again().lines():
        found = _IOS.match(line) or _ANDROID.match(line)
        if found is None:
            continue
        a, b, c = int(found["a"]), int(found["b"]), int(found["c"])
        if len(found["a"]) == 4:
            return "ymd"
        if a > 12 or b > 12:
            return "dmy" if a > 12 else "mdy"
        half, dots = half or bool(found["half"] or found["half2"]), dots or "." in line[: found.end("c")]
        for name, date in (("dmy", (c, b, a)), ("mdy", (c, a, b))):
            backward[name] += date < last[name]
            last[name] = date
    if backward["dmy"] != backward["mdy"]:
        return min(backward, key=lambda name: backward[name])
    return "mdy" if half and not dots else "dmy"


def _header(line: str, order: str) -> tuple[_Head, datetime] | None:
    line = line.rstrip("\r")
    found = _IOS.match(line)
    ios = found is not None
    found = found or _ANDROID.match(line)
    if found is None:
        return None
    a, b, c = int(found["a"]), int(found["b"]), int(found["c"])
    year, month, day = {"ymd": (a, b, c), "dmy": (c, b, a), "mdy": (c, a, b)}[order]
    hour = hour_of_day(int(found["h"]), found["half"] or found["half2"])
    try:
        when = datetime(year + 2000 if year < 100 else year, month, day, hour, int(found["m"]), int(found["s"] or 0))  # noqa: DTZ001
    except ValueError:
        return None
    return _Head(found["rest"], ios), when


def _draft(block: Block[_Head], sent_at: datetime, group: str) -> Draft:
    whole = "\n".join([block.header.rest, *(line.rstrip("\r") for line in block.body)]).rstrip("\n")
    named = _NAMED.match(whole)
    name = _MARKS.sub("", named["name"]).strip() if named else ""
    if named is None or (block.header.ios and name == group and named["text"].startswith("\u200e")):
        text = _MARKS.sub("", named["text"] if named else whole)
        return Draft(line=block.line, sent_at=sent_at, sender="", text=text, kind=Kind.SYSTEM, mentions=())
    marked = "\u200e" in named["text"]
    text = _EDITED.sub("", _MARKS.sub("", named["text"]))
    kind, said, url, file_name = _content(text, marked)
    return Draft(
        line=block.line, sent_at=sent_at, sender=name.removeprefix("~").strip(), text=said, kind=kind, url=url, file_name=file_name
    )


def _content(text: str, marked: bool) -> tuple[Kind, str, str | None, str | None]:
    """(kind, text, URL, file name)."""
    if _DELETED.match(text):
        return Kind.RECALL, text, None, None
    if found := _ATTACHED.match(text):
        name = (found["in"] or found["out"]).strip()
        return kind_of_file(name), (found["rest"] or "").strip() or text, None, name
    if (marked or text.startswith("<")) and len(text) < 200 and _LEFT_OUT.search(text):
        document = _DOCUMENT.match(text)
        tail = text.rpartition("•")[2]
        kind = next((kind for words, kind in _WHAT if words.search(tail)), Kind.OTHER)
        if document:
            kind = Kind.FILE
        return (Kind.OTHER if text.startswith("<") else kind), text, None, document[1] if document else None
    if _LOCATION.match(text):
        return Kind.LOCATION, text, next(iter(urls(text)), None), None
    if _POLL.match(text):
        return Kind.POLL, text, None, None
    if _CALL.match(text):
        return Kind.CALL, text, None, None
    return Kind.TEXT, text, None, None


FORMAT = Format(
    name="whatsapp-txt",
    title=_noop("WhatsApp text (txt or zip)"),
    platform="whatsapp",
    obtain=_noop("WhatsApp: chat → ⋮ → More → Export chat (without media)"),
    sniff=sniff,
    read=read,
)
