"""DingTalk, the official CLI: dws chat message list.

    {"success": true, "result": {"hasMore": false, "messages": [
      {"openMessageId": "msg…", "openConversationId": "cid…", "senderOpenDingTalkId": "$:LWCP…", "sender": "老郝", "msgType": "text",
       "createTime": "2026-11-19 21:59:42", "content": "…", "quotedMessage": {"openMessageId": "msg…", "content": "…"},
       "emotionReplyList": [{"emoji": "👍", "replyUsers": […]}], "forwardMessages": [{"sender", "createTime", "content"}]}]}}

The shortcut's output says messageId, senderId, text, reactions, forwarded. Encrypted bodies look like …||2||1||1: unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Part, Quote, ReadOptions
from pipeline.readers._json import Record, drafts, listing, mapping, records, text_of
from pipeline.readers._kinds import is_pat, kind_of_notice, read_placeholder
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_iso, from_unix

_KINDS = {
    "picture": Kind.IMAGE,
    "image": Kind.IMAGE,
    "audio": Kind.VOICE,
    "voice": Kind.VOICE,
    "video": Kind.VIDEO,
    "file": Kind.FILE,
    "chatRecord": Kind.FORWARD,
    "link": Kind.LINK,
    "location": Kind.LOCATION,
    "redpacket": Kind.REDPACKET,
    "emotion": Kind.STICKER,
}
_MEDIA = re.compile(r"^\[(图片消息|视频消息|语音消息)\]\(.*\)$")
_LINK = re.compile(r"^\[([^\]\n]*)\]\((https?://\S+)\)$")
_FILE = re.compile(r"^\[文件\] (.+?)(?: fileId: \S+)?$")
_ENCRYPTED = re.compile(r"^\S+(?:\|\|\d+){2,}$")


def sniff(probe: Probe) -> bool:
    return _prefix(probe) is not None


def _prefix(probe: Probe) -> str | None:
    for prefix in ("result.messages.item", "messages.item", "result.item"):
        for key in ("openMessageId", "openConversationId"):
            if f"{prefix}.{key}" in probe.paths:
                return prefix
    return None


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    prefix = _prefix(Probe(source)) or "result.messages.item"
    chat: Chat | None = None
    for found in records(source, prefix, lambda r: "createTime" in r):
        if not isinstance(found, Skipped):
            wanted = Chat(name="", id=text_of(found[1].get("openConversationId")) or None, platform="dingtalk")
            if wanted != chat:
                chat = wanted
                yield chat
        yield from drafts(source, iter([found]), lambda line, record: _draft(source, line, record, options))


def _draft(source: Source, line: int, record: Record, options: ReadOptions) -> Draft | Skipped:
    message_id = text_of(record.get("openMessageId")) or text_of(record.get("messageId"))
    body = record.get("content", record.get("text"))
    text = text_of(mapping(body).get("text") or mapping(body).get("content")) if isinstance(body, dict) else text_of(body)
    if _ENCRYPTED.match(text):
        return Skipped(where=source.name, line=line, reason=_("an encrypted message"))
    said, title, url, file_name = read_placeholder(text)
    kind = _KINDS.get(text_of(record.get("msgType")), said)
    notice = record.get("msgType") == "system" or (text.startswith('"') and is_pat(text))
    if notice:
        kind = kind_of_notice(text)
    if found := _MEDIA.match(text):
        text = f"[{found[1]}]"
    if found := _LINK.match(text):
        kind, text, title, url = Kind.LINK, f"{found[1]}\n{found[2]}", found[1], found[2]
    if kind is Kind.FILE and (found := _FILE.match(text)):
        file_name = found[1]
    parts = [mapping(part) for part in listing(record.get("forwardMessages") or record.get("forwarded"))]
    if parts:
        words = [f"{text_of(p.get('sender'))} {text_of(p.get('createTime'))}: {text_of(p.get('content'))}" for p in parts]
        kind, text = Kind.FORWARD, "\n".join([text, *words])
    quoted = mapping(record.get("quotedMessage"))
    nobody = notice and kind is not Kind.PAT
    return Draft(
        line=line,
        id=message_id,
        sent_at=_time(record["createTime"], options),
        sender_id="" if nobody else text_of(record.get("senderOpenDingTalkId")) or text_of(record.get("senderId")),
        sender="" if nobody else text_of(record.get("sender")),
        text=text,
        kind=kind,
        reply_to=text_of(quoted.get("openMessageId")) or None,
        quote=Quote(text=text_of(quoted.get("content")), sender=text_of(quoted.get("senderOpenDingTalkId"))) if quoted else None,
        reactions=_reactions(record),
        title=title,
        url=url,
        file_name=file_name if kind is Kind.FILE else None,
    )


def _time(value: Any, options: ReadOptions) -> datetime:
    stamp = text_of(value)
    return from_unix(int(stamp) / 1000, options.tz) if stamp.isdigit() else from_iso(stamp, options.tz)


def _reactions(record: Record) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for reply in map(mapping, listing(record.get("emotionReplyList") or record.get("reactions"))):
        emoji = text_of(reply.get("emoji"))
        counts[emoji] = counts.get(emoji, 0) + max(1, len(listing(reply.get("replyUsers"))))
    return tuple(counts.items())


FORMAT = Format(
    name="dingtalk-json",
    title=_noop("DingTalk messages (dws CLI)"),
    platform="dingtalk",
    obtain=_noop("dws chat message list --group <openConversationId>, saved as JSON"),
    sniff=sniff,
    read=read,
    many=True,
    quotes=True,
)
