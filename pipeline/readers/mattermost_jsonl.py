"""Mattermost's bulk export.

    {"type": "version", "version": 1}
    {"type": "channel", "channel": {"team": "t", "name": "local-llm", "display_name": "本地大模型折腾群", …}}
    {"type": "user", "user": {"username": "zhou", "nickname": "…", …}}
    {"type": "post", "post": {"team": "t", "channel": "local-llm", "user": "zhou", "message": "…", "create_at": 1763560782000,
      "reactions": [{"user": "lin", "emoji_name": "+1"}], "replies": [{"user": "hao", "message": "…", "create_at": …}],
      "attachments": [{"path": "…"}]}}
    {"type": "direct_post", "direct_post": {"channel_members": ["zhou", "lin"], …}}

No ids of messages; threads nest one level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._files import kind_of_file
from pipeline.readers._format import Draft, Format, Part, Quote, ReadOptions
from pipeline.readers._json import json_lines, listing, mapping, number, text_of
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_unix


def sniff(probe: Probe) -> bool:
    kinds = {text_of(record.get("type")) for record in probe.records}
    return bool(kinds & {"post", "direct_post", "channel"}) and any(isinstance(r.get(text_of(r.get("type"))), dict) for r in probe.records)


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    names: dict[str, str] = {}
    people: dict[str, str] = {}
    for found in json_lines(source):
        if isinstance(found, Skipped):
            yield found
            continue
        line, record = found
        kind = text_of(record.get("type"))
        value = mapping(record.get(kind))
        if kind == "channel":
            names[text_of(value.get("name"))] = text_of(value.get("display_name")) or text_of(value.get("name"))
        elif kind == "user":
            name = " ".join(filter(None, (text_of(value.get("first_name")), text_of(value.get("last_name")))))
            people[text_of(value.get("username"))] = text_of(value.get("nickname")) or name
        elif kind in ("post", "direct_post"):
            channel = text_of(value.get("channel")) or ", ".join(text_of(m) for m in listing(value.get("channel_members")))
            yield Chat(name=names.get(channel, channel), id=channel or None, platform="mattermost")
            yield from _posts(source, line, value, people, options)


def _posts(source: Source, line: int, post: Mapping[str, Any], people: Mapping[str, str], options: ReadOptions) -> Iterator[Part]:
    parent: Draft | None = None
    for one in (post, *map(mapping, listing(post.get("replies")))):
        try:
            draft = _draft(line, one, people, parent, options)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            yield Skipped(where=source.name, line=line, reason=_("no message: {reason}").format(reason=str(error)[:80]))
            continue
        parent = parent or draft
        yield draft


def _draft(line: int, post: Mapping[str, Any], people: Mapping[str, str], parent: Draft | None, options: ReadOptions) -> Draft:
    user, text = text_of(post.get("user")), text_of(post.get("message"))
    counts: dict[str, int] = {}
    for reaction in map(mapping, listing(post.get("reactions"))):
        name = f":{text_of(reaction.get('emoji_name'))}:"
        counts[name] = counts.get(name, 0) + 1
    files = [text_of(mapping(a).get("path")).rpartition("/")[2] for a in listing(post.get("attachments"))]
    system = text_of(mapping(post.get("props")).get("type")).startswith("system_") or text_of(post.get("type")).startswith("system_")
    return Draft(
        line=line,
        sent_at=from_unix(number(post["create_at"]) / 1000, options.tz),
        sender_id=user,
        sender=people.get(user, "") or user,
        aliases=(user,),
        text=text,
        kind=Kind.SYSTEM if system else kind_of_file(files[0]) if files and not text else Kind.TEXT,
        quote=Quote(text=parent.text, sender=parent.sender_id, sent_at=parent.sent_at) if parent else None,
        reactions=tuple(counts.items()),
        file_name=files[0] if files else None,
    )


FORMAT = Format(
    name="mattermost-jsonl",
    title=_noop("Mattermost bulk export"),
    platform="mattermost",
    obtain=_noop("mmctl export create; or mattermost export bulk"),
    sniff=sniff,
    read=read,
    many=True,
    quotes=True,
)
