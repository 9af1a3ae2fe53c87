"""qq-chat-exporter (QCE, for NTQQ), JSON of versions 3 to 5, and its chunked export.

    {"metadata": {"name": "QQChatExporter", "version": "5.5.20"}, "chatInfo": {"name": "…", "type": "group", "peerUin": "718293645"}, …
     "messages": [{"id": "7423…", "seq": "240005", "timestamp": 1763560782000, "time": "2026-11-19T21:59:42+08:00",
       "sender": {"uid": "u_…", "uin": "100200321", "name": "老郝", "nickname": "老郝", "groupCard": "", "remark": ""},
       "type": "reply", "content": {"text": "我这边…", "elements": [{"type": "reply", "data": {"referencedMessageId": "7423…"}}, …],
       "mentions": [{"uid": "u_…", "name": "…"}]}, "recalled": false, "system": false}]}

Versions 3 and 4: messageId, timestamp as ISO text, messageType a number, isSystemMessage, content.reply, rawMessage.sendNickName.
Chunked: manifest.json with the chat, chunks/c000001.jsonl … with one message a line. Notices come from uid "未知".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.errors import InputError
from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind
from pipeline.readers._format import Draft, Format, Part, Quote, ReadOptions
from pipeline.readers._json import Record, drafts, json_lines, listing, mapping, records, text_of
from pipeline.readers._kinds import is_pat, kind_of_notice, read_placeholder, strip_word
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_iso, from_unix

_ELEMENTS = {
    "image": Kind.IMAGE,
    "market_face": Kind.STICKER,
    "file": Kind.FILE,
    "video": Kind.VIDEO,
    "audio": Kind.VOICE,
    "forward": Kind.FORWARD,
    "wallet": Kind.REDPACKET,
    "location": Kind.LOCATION,
    "av_record": Kind.CALL,
    "json": Kind.LINK,
}


def sniff(probe: Probe) -> bool:
    return text_of(probe.paths.get("metadata.name")).startswith("QQChatExporter") and "chunked.format" not in probe.paths


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield _chat({key: value for key, value in Probe(source).paths.items() if key.startswith("chatInfo.")})
    found = records(source, "messages.item", lambda r: "timestamp" in r and "content" in r)
    yield from drafts(source, found, lambda line, record: _draft(line, record, options))


def claims(names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The chunked exports among the names: a manifest.json with chunks/*.jsonl beside it."""
    found = []
    for name in names:
        root, __, base = name.rpartition("manifest.json")
        if __ and not base and (root == "" or root.endswith("/")):
            chunks = [n for n in names if n.startswith(f"{root}chunks/") and n.endswith(".jsonl")]
            extra = [n for n in names if n == f"{root}avatars.json"]
            if chunks:
                found.append((root, [name, *chunks, *extra]))
    return found


def read_chunked(source: Source, options: ReadOptions) -> Iterator[Part]:
    manifest = source.members["manifest.json"]
    try:
        info = mapping(json.loads("".join(manifest.text_chunks())))
    except (ValueError, RecursionError) as error:
        raise InputError(_("{path}: broken JSON").format(path=manifest.name)) from error
    yield _chat({f"chatInfo.{key}": value for key, value in mapping(info.get("chatInfo")).items()})
    for name, member in sorted(source.members.items()):
        if name.endswith(".jsonl"):
            yield from drafts(member, json_lines(member), lambda line, record: _draft(line, record, options))
            yield from member.damage


def _chat(info: Mapping[str, Any]) -> Chat:
    chat_id = text_of(info.get("chatInfo.peerUin")) or text_of(info.get("chatInfo.peerUid"))
    return Chat(name=text_of(info.get("chatInfo.name")), id=chat_id or None, platform="qq")


def _draft(line: int, record: Record, options: ReadOptions) -> Draft:
    sent_at = _time(record, options)
    sender, content = mapping(record.get("sender")), mapping(record.get("content"))
    elements = [mapping(element) for element in listing(content.get("elements"))]
    message_id = text_of(record.get("id")) or text_of(record.get("messageId"))
    text = text_of(content.get("text")).removeprefix("[回复消息]")
    notice = record.get("system") is True or record.get("isSystemMessage") is True or record.get("type") == "system"
    if notice or (text.startswith('"') and is_pat(text)):
        actor = _sender_id(sender) if is_pat(text) else ""
        name = text_of(sender.get("name")) if actor else ""
        return Draft(
            line=line, id=message_id, sent_at=sent_at, sender_id=actor, sender=name, text=text, kind=kind_of_notice(text), mentions=()
        )
    kind, text, title, url, file_name = _content(text, elements)
    reply = next((mapping(e.get("data")) for e in elements if e.get("type") == "reply"), None) or mapping(content.get("reply"))
    raw = mapping(record.get("rawMessage"))
    names = [text_of(sender.get(k)) for k in ("groupCard", "name", "nickname", "remark")] + [text_of(raw.get("sendNickName"))]
    return Draft(
        line=line,
        id=message_id,
        sent_at=sent_at,
        sender_id=_sender_id(sender),
        sender=next(filter(None, names), ""),
        aliases=tuple(filter(None, names)),
        text=text,
        kind=kind,
        reply_to=text_of(reply.get("referencedMessageId")) or text_of(reply.get("messageId")) or None,
        quote=Quote(text=text_of(reply.get("content")), sender=text_of(reply.get("senderName"))) if reply else None,
        mentions=_mentions(elements),
        title=title,
        url=url,
        file_name=file_name,
    )


def _time(record: Record, options: ReadOptions) -> datetime:
    stamp = record["timestamp"]
    if isinstance(stamp, str) and not stamp.isdigit():
        when = from_iso(stamp, options.tz)
        return when.astimezone(options.tz) if when.utcoffset() == timedelta(0) else when
    return from_unix(float(stamp) / 1000, options.tz)


def _sender_id(sender: Mapping[str, Any]) -> str:
    """The QQ number where it is there: other exporters know it too."""
    uin = text_of(sender.get("uin"))
    return uin if uin not in ("", "0") else text_of(sender.get("uid"))


def _mentions(elements: Sequence[Mapping[str, Any]]) -> tuple[str, ...] | None:
    found = [_sender_id(mapping(e.get("data"))) for e in elements if e.get("type") == "at"]
    return tuple(dict.fromkeys(m for m in found if m not in ("", "all"))) if found else None


def _content(text: str, elements: Sequence[Mapping[str, Any]]) -> tuple[Kind, str, str | None, str | None, str | None]:
    """(kind, text, title, URL, file name): text beside a picture makes it a text."""
    special = [e for e in elements if e.get("type") in _ELEMENTS]
    spoken = any(e.get("type") in ("text", "at") and text_of(mapping(e.get("data")).get("text")).strip() for e in elements)
    if not special or (spoken and special[0].get("type") in ("image", "market_face")):
        kind, title, url, file_name = read_placeholder(text) if not elements else (Kind.TEXT, None, None, None)
        if kind is Kind.CARD:
            text = strip_word(text)
        return kind, text, title, url, file_name
    data, kind = mapping(special[0].get("data")), _ELEMENTS[str(special[0]["type"])]
    if kind is Kind.LINK:
        title, url = text_of(data.get("title")) or None, text_of(data.get("url")) or None
        words = "\n".join(filter(None, (title, url)))
        return Kind.LINK if url else Kind.CARD, words or text, title, url, None
    if kind is Kind.IMAGE and data.get("subType") == "sticker":
        return Kind.STICKER, text, None, None, None
    if kind is Kind.FORWARD:
        title = text_of(data.get("title")) or None
        return kind, "\n".join([title or text, *_forwarded(data)]), title, None, None
    if kind is Kind.LOCATION:
        name = text_of(data.get("name")) or text_of(data.get("address")) or None
        return kind, text_of(data.get("address")) or text, name, None, None
    return kind, text, None, None, text_of(data.get("filename")) or None if kind in (Kind.FILE, Kind.VIDEO) else None


def _forwarded(data: Mapping[str, Any]) -> list[str]:
    lines = []
    for part in map(mapping, listing(data.get("messages"))):
        content, sender = part.get("content"), part.get("sender")
        words = text_of(mapping(content).get("text")) if isinstance(content, dict) else text_of(content)
        name = text_of(mapping(sender).get("name")) if isinstance(sender, dict) else text_of(sender)
        lines.append(f"{name} {text_of(part.get('time'))}: {words}")
    return lines or [text_of(line) for line in listing(data.get("preview"))]


FORMAT = Format(
    name="qce-json",
    title=_noop("qq-chat-exporter JSON"),
    platform="qq",
    obtain=_noop("qq-chat-exporter: 导出 → JSON"),
    sniff=sniff,
    read=read,
    quotes=True,
)
CHUNKED = Format(
    name="qce-chunked",
    title=_noop("qq-chat-exporter chunked JSONL (folder)"),
    platform="qq",
    obtain=_noop("qq-chat-exporter: 导出 → JSON, in chunks; give the folder"),
    sniff=lambda probe: False,
    read=read_chunked,
    claims=claims,
    quotes=True,
)
