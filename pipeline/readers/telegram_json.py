"""Telegram Desktop, "Export chat history" (one chat) and "Export Telegram data" (the whole account): result.json.

    {"name": "…", "type": "private_supergroup", "id": 1987654321, "messages": [
      {"id": 1006, "type": "message", "date": "2026-11-19T21:59:59", "date_unixtime": "1763560799", "from": "周末爬山",
       "from_id": "user5", "reply_to_message_id": 1003, "text": ["看 ", {"type": "link", "text": "https://…"}], "text_entities": […],
       "reactions": [{"emoji": "👍", "count": 3}]},
      {"id": 1015, "type": "service", "actor": "Kiki", "actor_id": "user4", "action": "invite_members", "members": ["小王"], …}]}
    {"chats": {"list": [ {"name", "type", "id", "messages"}, … ]}, "left_chats": …}

`date` is the exporter's local time, `date_unixtime` (a string) the real one; `from` is null for deleted accounts; deleted
messages are absent; control characters are written as \\xNN, which is no JSON (the source puts that right).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._json import Record, listing, mapping, nested_records, records, text_of
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_iso, from_unix

_MEDIA = {
    "sticker": Kind.STICKER,
    "animation": Kind.STICKER,
    "voice_message": Kind.VOICE,
    "audio_file": Kind.FILE,
    "video_message": Kind.VIDEO,
    "video_file": Kind.VIDEO,
}
_FULL = "chats.list.item"


def sniff(probe: Probe) -> bool:
    if probe.has("chats.list") or probe.has("left_chats.list"):
        return True
    named = probe.has("name", "type", "id") or probe.has("messages.item.date_unixtime") or probe.has("messages.item.from_id")
    return named and probe.has("messages", "messages.item.date") and not probe.has("messages.item.sender")


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    paths = Probe(source).paths
    if "chats.list" in paths or "left_chats.list" in paths:
        for found in nested_records(source, ("chats.list.item", "left_chats.list.item"), "messages", _is_message):
            if isinstance(found, Skipped):
                yield found
            elif found[0] == 0:
                yield _chat(found[1])
            elif draft := _message(source, *found, options):
                yield draft
        return
    yield _chat(dict(paths))
    for one in records(source, "messages.item", _is_message):
        if isinstance(one, Skipped):
            yield one
        elif draft := _message(source, *one, options):
            yield draft


def _is_message(record: Record) -> bool:
    return "id" in record and "type" in record and ("date" in record or record["type"] == "unsupported")


def _chat(record: Record) -> Chat:
    return Chat(name=text_of(record.get("name")), id=text_of(record.get("id")) or None, platform="telegram")


def _message(source: Source, number: int, record: Record, options: ReadOptions) -> Draft | Skipped | None:
    if record.get("type") == "unsupported":
        return Skipped(where=source.name, line=number, reason=_("a message that Telegram itself could not export"))
    try:
        unix = record.get("date_unixtime")
        sent_at = from_unix(float(unix), options.tz) if unix else from_iso(text_of(record["date"]), options.tz)
    except (ValueError, TypeError, KeyError):
        return Skipped(where=source.name, line=number, reason=_("no message: no time"))
    if record.get("type") == "service":
        return _service(record, number, sent_at)
    return _said(record, number, sent_at)


def _said(record: Record, line: int, sent_at: Any) -> Draft:
    entities = listing(record.get("text_entities")) or listing(record.get("text"))
    text = _plain(record.get("text")) or _plain(record.get("text_entities"))
    kind, file_name = _kind(record)
    sender_id = text_of(record.get("from_id"))
    card = _attached(record, kind)
    if forwarded := record.get("forwarded_from"):
        kind = Kind.FORWARD
        card = card or text_of(forwarded)
    return Draft(
        line=line,
        id=text_of(record.get("id")),
        sent_at=sent_at,
        sender_id=sender_id if not sender_id.isdigit() else f"user{sender_id}",
        sender=text_of(record.get("from")),
        text=text or (_poll(record) if kind is Kind.POLL else ""),
        kind=kind,
        reply_to=text_of(record.get("reply_to_message_id")) or None if "reply_to_peer_id" not in record else None,
        mentions=_mentions(entities) or None,
        reactions=_reactions(record),
        url=_url(entities),
        title=card,
        file_name=file_name,
    )


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "".join(piece if isinstance(piece, str) else text_of(mapping(piece).get("text")) for piece in listing(value))


def _kind(record: Record) -> tuple[Kind, str | None]:
    name = text_of(record.get("file_name")) or None
    if "photo" in record:
        return Kind.IMAGE, name
    if "poll" in record:
        return Kind.POLL, None
    if "location_information" in record:
        return Kind.LOCATION, None
    if "contact_information" in record:
        return Kind.CARD, None
    if "file" in record:
        mime = text_of(record.get("mime_type"))
        kind = _MEDIA.get(text_of(record.get("media_type")), Kind.IMAGE if mime.startswith("image/") else Kind.FILE)
        path = text_of(record.get("file"))
        return kind, name or (None if path.startswith("(") else path.rpartition("/")[2] or None)
    return Kind.TEXT, None


def _attached(record: Record, kind: Kind) -> str | None:
    if kind is Kind.LOCATION:
        return text_of(record.get("place_name")) or text_of(record.get("address")) or None
    if kind is Kind.CARD:
        contact = mapping(record.get("contact_information"))
        return " ".join(filter(None, (text_of(contact.get("first_name")), text_of(contact.get("last_name"))))) or None
    if kind is Kind.POLL:
        return text_of(mapping(record.get("poll")).get("question")) or None
    if kind is Kind.STICKER:
        return text_of(record.get("sticker_emoji")) or None
    return None


def _poll(record: Record) -> str:
    poll = mapping(record.get("poll"))
    answers = [f"- {text_of(mapping(a).get('text'))} ({text_of(mapping(a).get('voters')) or 0})" for a in listing(poll.get("answers"))]
    return "\n".join([text_of(poll.get("question")), *answers])


def _mentions(entities: list[Any]) -> tuple[str, ...]:
    found = [mapping(e) for e in entities]
    return tuple(dict.fromkeys(f"user{text_of(e['user_id'])}" for e in found if e.get("type") == "mention_name" and e.get("user_id")))


def _url(entities: list[Any]) -> str | None:
    for entity in map(mapping, entities):
        if entity.get("type") == "text_link":
            return text_of(entity.get("href")) or None
        if entity.get("type") == "link":
            return text_of(entity.get("text")) or None
    return None


def _reactions(record: Record) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for reaction in map(mapping, listing(record.get("reactions"))):
        emoji, count = text_of(reaction.get("emoji")) or text_of(reaction.get("type")), reaction.get("count")
        if isinstance(count, int):
            found[emoji] = found.get(emoji, 0) + count
    return tuple(found.items())


def _service(record: Record, line: int, sent_at: Any) -> Draft:
    """A notice: its action in Telegram's own words, with whom and what it concerns."""
    members = ", ".join(text_of(m) for m in listing(record.get("members")) if m)
    what = members or text_of(record.get("title")) or text_of(record.get("text")) or text_of(record.get("message_id"))
    text = " ".join(filter(None, (text_of(record.get("actor")), text_of(record.get("action")).replace("_", " "), what)))
    return Draft(
        line=line,
        id=text_of(record.get("id")),
        sent_at=sent_at,
        sender_id=text_of(record.get("actor_id")),
        sender=text_of(record.get("actor")),
        text=text,
        kind=Kind.SYSTEM,
        mentions=(),
    )


FORMAT = Format(
    name="telegram-json",
    title=_noop("Telegram Desktop JSON (result.json)"),
    platform="telegram",
    obtain=_noop("Telegram Desktop: ⋮ → Export chat history → JSON; or Settings → Advanced → Export Telegram data"),
    sniff=sniff,
    read=read,
    many=True,
)
