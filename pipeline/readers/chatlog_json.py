"""sjzar/chatlog's HTTP API, format=json: a bare array.

    [{"seq": 1763560782005, "time": "2026-11-19T21:59:42+08:00", "talker": "…@chatroom", "talkerName": "…", "isChatRoom": true,
      "sender": "wxid_hao…", "senderName": "老郝", "isSelf": false, "type": 49, "subType": 57, "content": "我这边…",
      "contents": {"refer": {"time": "2026-11-19T21:59:10+08:00", "sender": "wxid_lin…", "senderName": "林晓", "type": 1,
                             "content": "跑过…"}}}]

`seq` is seconds × 1000 + a running number of the answer, no lasting id. A quote has no id: it is found by sender, time and text
(its time is 1970 when unknown). Own messages may have no name. `contents` of a forward has Go's field names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.i18n import _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Member, Part, Quote, ReadOptions
from pipeline.readers._json import Record, drafts, listing, mapping, records, text_of
from pipeline.readers._kinds import kind_of_notice, wechat_kind
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_iso
from pipeline.readers._wechat import ANNOUNCEMENT, data_word

NOBODY = "系统消息"
_UNKNOWN_YEAR = 1990


def sniff(probe: Probe) -> bool:
    return probe.has("item.talker", "item.isChatRoom", "item.time") and ("item.seq" in probe.paths or "item.senderName" in probe.paths)


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    chat: Chat | None = None

    def make(line: int, record: Record) -> Draft:
        return _draft(line, record, options)

    for found in records(source, "item", lambda r: "talker" in r and "time" in r):
        if not isinstance(found, Skipped):
            talker, name = text_of(found[1].get("talker")), text_of(found[1].get("talkerName"))
            if chat is None or chat.id != (talker or None):
                chat = Chat(name=name, id=talker or None, platform="wechat")
                yield chat
            refer = mapping(mapping(found[1].get("contents")).get("refer"))
            if refer.get("sender") and refer.get("senderName"):  # who has no name in own messages has one in others' quotes
                yield Member(id=text_of(refer["sender"]), names=(text_of(refer["senderName"]),))
        yield from drafts(source, iter([found]), make)


def _draft(line: int, record: Record, options: ReadOptions) -> Draft:
    sent_at = from_iso(text_of(record["time"]), options.tz)
    code, subtype = int(record.get("type", 1)), int(record.get("subType", 0))
    kind, content, contents = wechat_kind(code, subtype), text_of(record.get("content")), mapping(record.get("contents"))
    sender_id = text_of(record.get("sender"))
    if kind is Kind.SYSTEM or sender_id == NOBODY:
        return Draft(line=line, sent_at=sent_at, sender="", text=content, kind=kind_of_notice(content), mentions=())
    text, title, url, file_name = _card(kind, subtype, content, contents)
    refer = mapping(contents.get("refer"))
    return Draft(
        line=line,
        sent_at=sent_at,
        sender_id=sender_id,
        sender=text_of(record.get("senderName")),
        text=text,
        kind=kind,
        quote=_quote(refer, options) if refer else None,
        title=title,
        url=url,
        file_name=file_name,
    )


def _card(kind: Kind, subtype: int, content: str, contents: Mapping[str, Any]) -> tuple[str, str | None, str | None, str | None]:
    """(text, title, URL, file name)."""
    title, url, desc = (text_of(contents.get(key)) for key in ("title", "url", "desc"))
    if subtype == 87:
        return ANNOUNCEMENT + (desc or content or title), None, None, None
    if kind is Kind.FORWARD:
        return content or "\n".join([title, *_parts(mapping(contents.get("recordInfo")), desc)]), title or None, None, None
    if kind is Kind.FILE:
        return content or title, None, None, title or None
    if kind is Kind.LOCATION:
        label = text_of(contents.get("label"))
        return content or label, label or None, None, None
    if kind is Kind.REDPACKET:
        return content or "[红包]", None, None, None
    if kind in (Kind.LINK, Kind.CARD):
        return content or "\n".join(filter(None, (title, url))), title or None, url or None, None
    return content, None, None, None


def _parts(info: Mapping[str, Any], desc: str) -> list[str]:
    items = [mapping(item) for item in listing(mapping(info.get("DataList")).get("DataItems"))]
    lines = []
    for item in items:
        words = text_of(item.get("DataDesc")) or text_of(item.get("DataTitle")) or data_word(text_of(item.get("DataType")))
        lines.append(f"{text_of(item.get('SourceName'))} {text_of(item.get('SourceTime'))}: {words}")
    return lines or desc.split("\n")


def _quote(refer: Mapping[str, Any], options: ReadOptions) -> Quote:
    try:
        sent_at = from_iso(text_of(refer.get("time")), options.tz)
    except ValueError:
        sent_at = None
    kind = wechat_kind(int(refer.get("type") or 1), int(refer.get("subType") or 0))
    contents = mapping(refer.get("contents"))
    words = text_of(refer.get("content")) or text_of(contents.get("title"))
    return Quote(
        text=words or f"[{kind.value}]",
        sender=text_of(refer.get("sender")) or text_of(refer.get("senderName")),
        sent_at=sent_at if sent_at is not None and sent_at.year > _UNKNOWN_YEAR else None,
    )


FORMAT = Format(
    name="chatlog-json",
    title=_noop("chatlog JSON"),
    platform="wechat",
    obtain=_noop("chatlog: http://127.0.0.1:5030/api/v1/chatlog?time=…&talker=…&format=json, saved"),
    sniff=sniff,
    read=read,
    many=True,
    quotes=True,
)
