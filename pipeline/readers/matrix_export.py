"""Matrix, Element's "Export chat" as JSON.

    {"room_name": "…", "export_date": "November 21, 2026", "exported_by": "…", "messages": [
      {"type": "m.room.message", "sender": "@a:hs", "event_id": "$…", "origin_server_ts": 1763560782000,
       "content": {"msgtype": "m.text", "body": "> <@x:hs> …\\n\\n…", "m.relates_to": {"m.in_reply_to": {"event_id": "$…"}}}}]}

Edits (m.replace), reactions and names come as events of their own: a first pass gathers them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Member, Part, ReadOptions
from pipeline.readers._json import Record, drafts, listing, mapping, number, records, text_of
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_unix

_KINDS = {"m.image": Kind.IMAGE, "m.audio": Kind.VOICE, "m.video": Kind.VIDEO, "m.file": Kind.FILE, "m.location": Kind.LOCATION}
_FALLBACK = re.compile(r"^> <@[^>]+>.*?\n\n", re.DOTALL)
_STATE = {"m.room.member", "m.room.name", "m.room.topic", "m.room.create", "m.room.avatar", "m.room.pinned_events"}


def sniff(probe: Probe) -> bool:
    return probe.has("messages.item.event_id", "messages.item.origin_server_ts")


@dataclass
class _Relations:
    """What later events say about earlier ones."""

    edits: dict[str, str] = field(default_factory=dict)
    reactions: dict[str, dict[str, int]] = field(default_factory=dict)


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield Chat(name=text_of(Probe(source).paths.get("room_name")), platform="matrix")
    relations = _Relations()
    for found in records(source.again(), "messages.item", _is_event):
        if isinstance(found, Skipped):
            continue
        event = found[1]
        _relate(event, relations)
        name = text_of(mapping(event.get("content")).get("displayname"))
        if event.get("type") == "m.room.member" and name:
            yield Member(id=text_of(event.get("state_key")), names=(name,))
    yield from drafts(source, records(source, "messages.item", _is_event), lambda line, event: _draft(line, event, relations, options))


def _is_event(record: Record) -> bool:
    return "type" in record and "origin_server_ts" in record


def _relate(event: Record, relations: _Relations) -> None:
    content = mapping(event.get("content"))
    relates = mapping(content.get("m.relates_to"))
    target = text_of(relates.get("event_id"))
    if relates.get("rel_type") == "m.replace":
        relations.edits[target] = text_of(mapping(content.get("m.new_content")).get("body")) or text_of(content.get("body")).removeprefix(
            "* "
        )
    elif relates.get("rel_type") == "m.annotation":
        counts = relations.reactions.setdefault(target, {})
        key = text_of(relates.get("key"))
        counts[key] = counts.get(key, 0) + 1


def _draft(line: int, event: Record, relations: _Relations, options: ReadOptions) -> Draft | Skipped | None:
    kind, content = text_of(event.get("type")), mapping(event.get("content"))
    event_id, sender = text_of(event.get("event_id")), text_of(event.get("sender"))
    sent_at = from_unix(number(event["origin_server_ts"]) / 1000, options.tz)
    relates = mapping(content.get("m.relates_to"))
    if kind == "m.room.encrypted":
        return Skipped(where=event_id, line=line, reason=_("an encrypted message whose key the export does not have"))
    if kind == "m.room.redaction":
        return Draft(line=line, id=event_id, sent_at=sent_at, sender_id=sender, sender="", text="", kind=Kind.RECALL, mentions=())
    if kind in _STATE:
        words = " ".join(filter(None, (text_of(content.get(k)) for k in ("displayname", "membership", "name", "topic"))))
        return Draft(line=line, id=event_id, sent_at=sent_at, sender="", text=words or kind, kind=Kind.SYSTEM, mentions=())
    if kind not in ("m.room.message", "m.sticker") or relates.get("rel_type") == "m.replace":
        return None
    body = relations.edits.get(event_id, text_of(content.get("body")))
    reply = text_of(mapping(relates.get("m.in_reply_to")).get("event_id"))
    thread = text_of(relates.get("event_id")) if relates.get("rel_type") == "m.thread" else ""
    what = Kind.STICKER if kind == "m.sticker" else _KINDS.get(text_of(content.get("msgtype")), Kind.TEXT)
    mentioned = [text_of(m) for m in listing(mapping(content.get("m.mentions")).get("user_ids"))]
    named = what in (Kind.IMAGE, Kind.VIDEO, Kind.FILE)
    return Draft(
        line=line,
        id=event_id,
        sent_at=sent_at,
        sender_id=sender,
        sender="",
        text="" if named and what is not Kind.FILE else _FALLBACK.sub("", body) if reply else body,
        kind=what,
        reply_to=reply or thread or None,
        mentions=tuple(mentioned) or None,
        reactions=tuple(relations.reactions.get(event_id, {}).items()),
        file_name=(text_of(content.get("filename")) or body) if named else None,
    )


FORMAT = Format(
    name="matrix-json",
    title=_noop("Matrix / Element JSON"),
    platform="matrix",
    obtain=_noop("Element: room info → Export chat → JSON"),
    sniff=sniff,
    read=read,
)
