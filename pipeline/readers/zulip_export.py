"""Zulip's organization export: a folder.

    realm.json              {"zerver_stream": [{id, name}], "zerver_recipient": [{id, type, type_id}],
                             "zerver_userprofile": [{id, full_name}]}
    messages-000001.json    {"zerver_message": [{id, sender, recipient, subject (topic), content, date_sent (seconds)}]}

A stream is a chat; recipient type 2 is a stream, 1 and 3 are direct messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from pipeline.errors import InputError
from pipeline.i18n import _, _noop
from pipeline.model import Chat, Skipped
from pipeline.readers._format import Draft, Format, Member, Part, ReadOptions
from pipeline.readers._json import Record, drafts, listing, mapping, number, records, text_of
from pipeline.readers._source import Source
from pipeline.readers._times import from_unix

_MESSAGES = re.compile(r"^messages-\d+\.json$")
_STREAM = 2
_MENTION = re.compile(r"@_?\*\*([^*|]+)(?:\|(\d+))?\*\*")


def claims(names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The Zulip exports among the names: realm.json with messages-….json beside it."""
    found = []
    for name in names:
        root = name.removesuffix("realm.json")
        if name != root and (root == "" or root.endswith("/")):
            inside = [n for n in names if n.startswith(root) and "/" not in n[len(root) :]]
            if any(_MESSAGES.match(n[len(root) :]) for n in inside):
                found.append((root, [n for n in inside if n.endswith(".json")]))
    return found


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    realm_file = source.members["realm.json"]
    try:
        realm = mapping(json.loads("".join(realm_file.text_chunks())))
    except (ValueError, RecursionError) as error:
        raise InputError(_("{path}: broken JSON").format(path=realm_file.name)) from error
    streams = {text_of(s.get("id")): text_of(s.get("name")) for s in map(mapping, listing(realm.get("zerver_stream")))}
    rooms = {text_of(r.get("id")): r for r in map(mapping, listing(realm.get("zerver_recipient")))}
    people = {text_of(u.get("id")): text_of(u.get("full_name")) for u in map(mapping, listing(realm.get("zerver_userprofile")))}
    for name, member in sorted(source.members.items()):
        if not _MESSAGES.match(name):
            continue
        for found in records(member, "zerver_message.item", lambda r: "date_sent" in r):
            if not isinstance(found, Skipped):
                recipient = text_of(found[1].get("recipient"))
                room = rooms.get(recipient, {})
                stream = streams.get(text_of(room.get("type_id")), "") if room.get("type") == _STREAM else ""
                yield Chat(name=stream or _("direct messages {id}").format(id=recipient), id=recipient or None, platform="zulip")
                sender = text_of(found[1].get("sender"))
                yield Member(id=sender, names=(people.get(sender, ""),))
            yield from drafts(member, iter([found]), lambda line, record: _draft(line, record, people, options))
        yield from member.damage


def _draft(line: int, record: Record, people: dict[str, str], options: ReadOptions) -> Draft:
    sender, content = text_of(record.get("sender")), text_of(record.get("content"))
    mentioned = [found[2] for found in _MENTION.finditer(content) if found[2]]
    return Draft(
        line=line,
        id=text_of(record.get("id")),
        sent_at=from_unix(number(record["date_sent"]), options.tz),
        sender_id=sender,
        sender=people.get(sender, ""),
        text=_MENTION.sub(r"@\1", content),
        mentions=tuple(dict.fromkeys(mentioned)) or None,
    )


FORMAT = Format(
    name="zulip-export",
    title=_noop("Zulip organization export (folder)"),
    platform="zulip",
    obtain=_noop("Zulip: manage.py export, or Organization settings → Data exports; unpack it"),
    sniff=lambda probe: False,
    read=read,
    claims=claims,
    many=True,
)
