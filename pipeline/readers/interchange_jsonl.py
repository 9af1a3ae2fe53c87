"""Our own interchange log, as `dianti export` writes it: JSON Lines, one message a line.

    {"id": "m001", "time": "2026-03-10T20:01:05+08:00", "sender_id": "u07", "sender": "昵称-城市",
     "text": "…", "type": "text", "reply_to": null}

Lines in any order. Optional: mentions (sender ids), reactions ({emoji: count}), url, title, file_name, chat, role.
Without an offset the time is local. `chat` may be a name or {"name", "id", "platform"}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Message, Skipped
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._json import Record, json_lines, listing, text_of
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_iso, from_unix

_KINDS = {kind.value: kind for kind in Kind}


def sniff(probe: Probe) -> bool:
    return any("time" in r and "text" in r and ("sender" in r or "sender_id" in r) and "_type" not in r for r in probe.records[:20])


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield Chat(name="")
    for found in json_lines(source):
        if isinstance(found, Skipped):
            yield found
            continue
        line, record = found
        try:
            draft = _draft(record, line, options)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            yield Skipped(where=source.name, line=line, reason=_("no message: {reason}").format(reason=str(error)[:80]))
            continue
        yield _chat(record)
        yield draft


def _chat(record: Record) -> Chat:
    chat = record.get("chat")
    if isinstance(chat, dict):
        return Chat(name=text_of(chat.get("name")), id=text_of(chat.get("id")) or None, platform=text_of(chat.get("platform")))
    return Chat(name=text_of(chat))


def _draft(record: Record, line: int, options: ReadOptions) -> Draft:
    time = record["time"]
    sent_at = from_unix(time, options.tz) if isinstance(time, int | float) else from_iso(text_of(time), options.tz)
    text, sender = record.get("text"), text_of(record.get("sender"))
    if text is None and "type" not in record:
        raise ValueError("text")
    if "sender" not in record and "sender_id" not in record:  # an empty one is nobody's: a notice of the platform
        raise ValueError("sender")
    reactions = record.get("reactions")
    counted = reactions.items() if isinstance(reactions, dict) else ()
    return Draft(
        line=line,
        id=text_of(record.get("id")),
        sent_at=sent_at,
        sender_id=text_of(record.get("sender_id")),
        sender=sender,
        text=text_of(text),
        kind=_KINDS.get(text_of(record.get("type")) or "text", Kind.OTHER),
        reply_to=text_of(record.get("reply_to")) or None,
        mentions=tuple(text_of(m) for m in listing(record["mentions"])) if "mentions" in record else None,
        reactions=tuple((emoji, n) for emoji, n in counted if isinstance(n, int)),
        url=text_of(record.get("url")) or None,
        title=text_of(record.get("title")) or None,
        file_name=text_of(record.get("file_name")) or None,
        role=text_of(record.get("role")) or None,
    )


def message_record(message: Message, chat: Chat | None = None) -> Mapping[str, Any]:
    """A message as a line of the interchange log; what is absent is left out, but `reply_to`."""
    record: dict[str, Any] = {
        "id": message.id,
        "time": message.sent_at.isoformat(),
        "sender_id": message.sender_id,
        "sender": message.sender,
        "text": message.text,
        "type": message.kind.value,
        "reply_to": message.reply_to,
    }
    if message.mentions:
        record["mentions"] = list(message.mentions)
    if message.reactions:
        record["reactions"] = dict(message.reactions)
    for key in ("url", "title", "file_name", "role"):
        if value := getattr(message, key):
            record[key] = value
    if chat is not None:
        if chat.id or chat.platform:
            record["chat"] = {"name": chat.name, "id": chat.id, "platform": chat.platform}
        elif chat.name:
            record["chat"] = chat.name
    return record


FORMAT = Format(
    name="interchange-jsonl",
    title=_noop("dianti interchange log (JSON Lines)"),
    platform="",
    obtain=_noop("dianti export > chat.jsonl"),
    sniff=sniff,
    read=read,
    many=True,
)
