"""Tyrrrz/DiscordChatExporter, JSON.

    {"guild": {"id": "117…", "name": "…"}, "channel": {"id": "118…", "type": "GuildTextChat", "category": "…", "name": "折腾"}, …,
     "messages": [{"id": "13…", "type": "Reply", "timestamp": "2026-11-19T21:59:42.123+08:00", "content": "…",
       "author": {"id": "22…", "name": "hao", "nickname": "老郝", "isBot": false}, "attachments": [{"fileName": "a.png", …}],
       "embeds": [], "stickers": [], "reactions": [{"emoji": {"name": "👍"}, "count": 2}], "mentions": [{"id": "…"}],
       "reference": {"type": "Default", "messageId": "13…"}}], "messageCount": 1}

Anything but Default, Reply and commands is a notice. Bots may speak in embeds only. Attachment addresses expire: not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.i18n import _noop
from pipeline.model import Chat, Kind
from pipeline.readers._files import kind_of_file
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._json import Record, drafts, listing, mapping, records, text_of
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_iso

_SAID = frozenset({"Default", "Reply", "ChatInputCommand", "ContextMenuCommand", "ThreadStarterMessage", "19", "20", "23", "0", "21"})
_NO_GUILD = ("0", "")
_RAW_MENTION = re.compile(r"<@!?(\d+)>")


def sniff(probe: Probe) -> bool:
    return probe.has("guild", "channel.id", "messages") and probe.has("channel.type")


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    paths = Probe(source).paths
    name, guild = text_of(paths.get("channel.name")), text_of(paths.get("guild.name"))
    own = name if text_of(paths.get("guild.id")) in _NO_GUILD else f"{guild} / {name}"
    yield Chat(name=own, id=text_of(paths.get("channel.id")) or None, platform="discord")
    found = records(source, "messages.item", lambda r: "timestamp" in r and "author" in r)
    yield from drafts(source, found, lambda line, record: _draft(line, record, options))


def _draft(line: int, record: Record, options: ReadOptions) -> Draft:
    author = mapping(record.get("author"))
    reference = mapping(record.get("reference"))
    name = text_of(author.get("nickname")) or text_of(author.get("name"))
    mentioned = [mapping(m) for m in listing(record.get("mentions"))]
    forwarded = mapping(record.get("forwardedMessage")) if reference.get("type") == "Forward" else {}
    body = forwarded or record
    kind, text, file_name = _content(body)
    embed = next((mapping(e) for e in listing(body.get("embeds")) if mapping(e).get("url")), {})
    notice = text_of(record.get("type")) not in _SAID
    return Draft(
        line=line,
        id=text_of(record.get("id")),
        sent_at=from_iso(text_of(record["timestamp"]), options.tz),
        sender_id=text_of(author.get("id")),
        sender=name,
        aliases=(text_of(author.get("name")),),
        text=_named(text, mentioned),
        kind=Kind.SYSTEM if notice else Kind.FORWARD if forwarded else kind,
        reply_to=(text_of(reference.get("messageId")) or None) if not forwarded and not notice else None,
        mentions=tuple(dict.fromkeys(text_of(m.get("id")) for m in mentioned if m.get("id"))),
        reactions=_reactions(record),
        title=text_of(embed.get("title")) or None,
        url=text_of(embed.get("url")) or None,
        file_name=file_name,
        role="bot" if author.get("isBot") is True else None,
    )


def _content(record: Mapping[str, Any]) -> tuple[Kind, str, str | None]:
    """(kind, text, file name)."""
    text = text_of(record.get("content"))
    attachments = [text_of(mapping(a).get("fileName")) for a in listing(record.get("attachments"))]
    if text:
        return Kind.TEXT, text, attachments[0] if attachments else None
    if attachments:
        return kind_of_file(attachments[0]), "", attachments[0]
    if listing(record.get("stickers")):
        return Kind.STICKER, "", None
    return Kind.TEXT, "\n".join(_embedded(mapping(e)) for e in listing(record.get("embeds"))), None


def _embedded(embed: Mapping[str, Any]) -> str:
    fields = [f"{text_of(mapping(f).get('name'))}: {text_of(mapping(f).get('value'))}" for f in listing(embed.get("fields"))]
    return "\n".join(filter(None, (text_of(embed.get("title")), text_of(embed.get("description")), *fields, text_of(embed.get("url")))))


def _named(text: str, mentioned: Sequence[Mapping[str, Any]]) -> str:
    """Mentions by name where the export was made with --markdown false."""
    if "<@" not in text:
        return text
    names = {text_of(m.get("id")): text_of(m.get("nickname")) or text_of(m.get("name")) for m in mentioned}
    return _RAW_MENTION.sub(lambda found: f"@{names[found[1]]}" if names.get(found[1]) else found[0], text)


def _reactions(record: Record) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for reaction in map(mapping, listing(record.get("reactions"))):
        name, count = text_of(mapping(reaction.get("emoji")).get("name")), reaction.get("count")
        if name and isinstance(count, int):
            counts[name] = counts.get(name, 0) + count
    return tuple(counts.items())


FORMAT = Format(
    name="discord-json",
    title=_noop("DiscordChatExporter JSON"),
    platform="discord",
    obtain=_noop("DiscordChatExporter: export the channel, format JSON"),
    sniff=sniff,
    read=read,
)
