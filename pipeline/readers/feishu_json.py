"""Feishu / Lark: the official CLI's list of messages, and the raw OpenAPI answer.

    {"messages": [{"message_id": "om_…", "msg_type": "text", "content": "…", "sender": {"id": "ou_…", "name": "…"},
       "create_time": "2026-11-19 21:59", "deleted": false, "reply_to": "om_…",
       "mentions": [{"key": "@_user_1", "id": "ou_…", "name": "…"}]}], "total": 40}
    {"code": 0, "data": {"items": [{"message_id": "om_…", "parent_id": "om_…", "msg_type": "text",
       "create_time": "1763560782123", "chat_id": "oc_…", "sender": {"id": "ou_…"}, "mentions": […],
       "body": {"content": "{\\"text\\": \\"@_user_1 …\\"}"}, "upper_message_id": "om_…"}]}}

The raw answer has no names but in mentions. Parts of a forward come as further items with upper_message_id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pipeline.i18n import _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Member, Part, ReadOptions
from pipeline.readers._json import Record, drafts, listing, mapping, records, text_of
from pipeline.readers._kinds import kind_of_notice
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_iso, from_unix

_KINDS = {
    "text": Kind.TEXT,
    "post": Kind.TEXT,
    "image": Kind.IMAGE,
    "file": Kind.FILE,
    "folder": Kind.FILE,
    "audio": Kind.VOICE,
    "media": Kind.VIDEO,
    "sticker": Kind.STICKER,
    "interactive": Kind.CARD,
    "share_chat": Kind.CARD,
    "share_user": Kind.CARD,
    "location": Kind.LOCATION,
    "merge_forward": Kind.FORWARD,
    "calendar": Kind.CARD,
    "share_calendar_event": Kind.CARD,
    "video_chat": Kind.CALL,
    "system": Kind.SYSTEM,
    "todo": Kind.CARD,
    "vote": Kind.POLL,
    "hongbao": Kind.REDPACKET,
}
_LINK = re.compile(r"^\[([^\]\n]*)\]\((https?://\S+)\)$")
_TAG = re.compile(r'^<(\w+)[^<>]*?(?:name|text)="([^"]*)"[^<>]*/>$')
_PLACE = re.compile(r"^\[\w+: (.*)\]$")


def sniff(probe: Probe) -> bool:
    return probe.has("messages.item.message_id", "messages.item.msg_type") or probe.has(
        "data.items.item.message_id", "data.items.item.msg_type"
    )


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    paths = Probe(source).paths
    prefix = "data.items.item" if "data.items.item.message_id" in paths else "messages.item"
    yield Chat(name="", id=text_of(paths.get(f"{prefix}.chat_id")) or None, platform="feishu")
    forwarded: dict[str, list[str]] = {}
    for found in records(source.again(), prefix, _is_message):
        if isinstance(found, Skipped):
            continue
        for mention in map(mapping, listing(found[1].get("mentions"))):
            yield Member(id=text_of(mention.get("id")), names=(text_of(mention.get("name")),))
        if upper := text_of(found[1].get("upper_message_id")):
            forwarded.setdefault(upper, []).append(_said(found[1])[0])
    yield from drafts(source, records(source, prefix, _is_message), lambda line, record: _draft(line, record, forwarded, options))


def _is_message(record: Record) -> bool:
    return "message_id" in record and "create_time" in record


def _draft(line: int, record: Record, forwarded: Mapping[str, list[str]], options: ReadOptions) -> Draft | None:
    if record.get("upper_message_id"):
        return None  # a part of a forward
    message_id, sender = text_of(record.get("message_id")), mapping(record.get("sender"))
    kind = _KINDS.get(text_of(record.get("msg_type")), Kind.OTHER)
    text, title, url, file_name = _said(record)
    if record.get("deleted") is True:
        kind, text = Kind.RECALL, text
    if kind is Kind.SYSTEM:
        kind = kind_of_notice(text)
    if kind is Kind.CARD and url:
        kind = Kind.LINK
    if parts := forwarded.get(message_id):
        text = "\n".join([text, *parts])
    mentions = [text_of(mapping(m).get("id")) for m in listing(record.get("mentions"))]
    notice = kind is Kind.SYSTEM
    return Draft(
        line=line,
        id=message_id,
        sent_at=_time(record, options),
        sender_id="" if notice else text_of(sender.get("id")),
        sender="" if notice else text_of(sender.get("name")),
        text=text,
        kind=kind,
        reply_to=text_of(record.get("reply_to")) or text_of(record.get("parent_id")) or None,
        mentions=tuple(dict.fromkeys(mentions)),
        title=title,
        url=url,
        file_name=file_name,
    )


def _time(record: Record, options: ReadOptions) -> datetime:
    stamp = text_of(record["create_time"])
    return from_unix(int(stamp) / 1000, options.tz) if stamp.isdigit() else from_iso(stamp, options.tz)


def _said(record: Record) -> tuple[str, str | None, str | None, str | None]:
    """(text, title, URL, file name)."""
    body, rendered = mapping(record.get("body")), record.get("content")
    text = _flat(text_of(body.get("content"))) if body else text_of(rendered)
    for mention in map(mapping, listing(record.get("mentions"))):
        text = text.replace(text_of(mention.get("key")) or "\x00", f"@{text_of(mention.get('name'))}")
    kind = text_of(record.get("msg_type"))
    raw = _object(text_of(body.get("content"))) if body else {}
    if found := _LINK.match(text):
        return f"{found[1]}\n{found[2]}", found[1], found[2], None
    tag = _TAG.match(text)
    if kind in ("file", "media"):
        name = text_of(raw.get("file_name")) or (tag[2] if tag else "")
        return name or text, None, None, name or None
    if kind == "location":
        place = text_of(raw.get("name")) or ((found := _PLACE.match(text)) and found[1]) or ""
        return place or text, place or None, None, None
    if kind == "hongbao":
        words = tag[2] if tag else ""
        return f"[红包] {words}".strip() if words else text, words or None, None, None
    if kind == "interactive":
        return text, text.partition("\n")[0] or None, None, None
    return text, None, None, None


def _object(content: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(content))
    except (ValueError, RecursionError):
        return {}


def _flat(content: str) -> str:
    """The words in a message's JSON body: text, or the paragraphs of a post."""
    raw = _object(content)
    if not raw:
        return content
    if "text" in raw:
        return text_of(raw["text"])
    if template := text_of(raw.get("template")):
        return re.sub(r"\{(\w+)\}", lambda found: ", ".join(map(text_of, listing(raw.get(found[1])))), template)
    paragraphs = listing(raw.get("content"))
    lines = ["".join(text_of(mapping(piece).get("text")) for piece in listing(paragraph)) for paragraph in paragraphs]
    return "\n".join(filter(None, (text_of(raw.get("title")), *lines)))


FORMAT = Format(
    name="feishu-json",
    title=_noop("Feishu / Lark messages (CLI or OpenAPI)"),
    platform="feishu",
    obtain=_noop("lark-cli im +chat-messages-list --chat-id oc_… --format json; or GET /open-apis/im/v1/messages"),
    sniff=sniff,
    read=read,
)
