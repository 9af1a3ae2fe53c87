"""Slack's workspace export: a zip, or its folder.

    channels.json  users.json  (groups.json dms.json mpims.json)
    local-llm/2026-11-19.json
    [{"type": "message", "user": "U0LIN2", "ts": "1763560750.100003",
      "text": "&lt;16GB&gt; see <https://x.y|title> <@U0ZHOU1> <#C09|general> <!here>",
      "thread_ts": "1763560687.100001", "reactions": [{"name": "+1", "count": 1}], "files": [{"name": "a.png", "mimetype": "image/png"}]}]

The key of a message is its channel and ts. A reply stands in the file of its own day. Day files go by the export's zone; times
are absolute. Addresses of files hold tokens: not kept.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._files import kind_of_file
from pipeline.readers._format import Draft, Format, Member, Part, ReadOptions
from pipeline.readers._json import Record, drafts, listing, mapping, records, text_of
from pipeline.readers._source import Source
from pipeline.readers._times import from_unix

_LISTS = ("channels.json", "groups.json", "dms.json", "mpims.json")
_OTHERS = ("users.json", "integration_logs.json", "canvases.json", "org_users.json", "huddle_transcripts.json", "file_conversations.json")
_DAY = re.compile(r"^[^/]+/\d{4}-\d\d-\d\d\.json$")
_MARK = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
_ONLY_LINK = re.compile(r"^\s*<https?://[^<>]+>\s*$")
_SAID = frozenset({"", "bot_message", "file_share", "thread_broadcast", "me_message", "reply_broadcast", "slackbot_response"})


def claims(names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The Slack exports among the names: users.json beside a list of channels, with day files below."""
    known = set(names)
    found = []
    for name in names:
        root = name.removesuffix("users.json")
        if name != root and (root == "" or root.endswith("/")) and any(root + other in known for other in _LISTS):
            inside = [n for n in names if n.startswith(root)]
            own = [n for n in inside if _DAY.match(n[len(root) :]) or n[len(root) :] in (*_LISTS, *_OTHERS)]
            if any(_DAY.match(n[len(root) :]) for n in own):
                found.append((root, own))
    return found


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    users = {text_of(u.get("id")): _user(u) for u in _list(source, "users.json")}
    channels = {}
    for name in _LISTS:
        for channel in _list(source, name):
            channels[text_of(channel.get("name")) or text_of(channel.get("id"))] = text_of(channel.get("id"))
    days: dict[str, list[str]] = {}
    for name in sorted(source.members):
        if _DAY.match(name):
            days.setdefault(name.partition("/")[0], []).append(name)
    for folder, names in days.items():
        yield Chat(name=folder, id=channels.get(folder) or folder, platform="slack")
        yield from users.values()
        for name in names:
            member = source.members[name]
            found = records(member, "item", lambda r: "ts" in r)
            yield from drafts(member, found, lambda line, record: _draft(line, record, users, options))
            yield from member.damage


def _list(source: Source, name: str) -> list[Mapping[str, Any]]:
    """The objects of one of the lists; what is broken in it is told."""
    member = source.members.get(name)
    if member is None:
        return []
    try:
        return [mapping(entry) for entry in listing(json.loads("".join(member.text_chunks())))]
    except (ValueError, RecursionError):
        source.damage.append(Skipped(where=member.name, line=0, reason=_("broken JSON")))
        return []


def _user(user: Mapping[str, Any]) -> Member:
    profile = mapping(user.get("profile"))
    names = (profile.get("display_name"), user.get("real_name"), profile.get("real_name"), user.get("name"))
    role = "owner" if user.get("is_owner") is True else "admin" if user.get("is_admin") is True else None
    return Member(id=text_of(user.get("id")), names=tuple(dict.fromkeys(filter(None, map(text_of, names)))), role=role)


def _draft(line: int, record: Record, users: Mapping[str, Member], options: ReadOptions) -> Draft | None:
    if record.get("type", "message") != "message":
        return None
    ts, subtype = text_of(record["ts"]), text_of(record.get("subtype"))
    sender_id = text_of(record.get("user")) or text_of(record.get("bot_id"))
    thread = text_of(record.get("thread_ts"))
    raw = _words(record)
    text, mentions, title, url = _plain(raw, users)
    kind, file_name = _kind(record, text)
    if subtype == "tombstone":
        kind = Kind.RECALL
    elif subtype not in _SAID:
        kind = Kind.SYSTEM
    elif kind is Kind.TEXT and _ONLY_LINK.match(raw):
        kind = Kind.LINK
    return Draft(
        line=line,
        id=ts,
        sent_at=from_unix(float(ts), options.tz),
        sender_id=sender_id,
        sender=_name(record, users.get(sender_id)),
        text=text,
        kind=kind,
        reply_to=thread if thread and thread != ts else None,
        mentions=mentions,
        reactions=_reactions(record),
        title=title,
        url=url,
        file_name=file_name,
    )


def _name(record: Record, member: Member | None) -> str:
    if member is not None and member.names:
        return member.names[0]
    profile = mapping(record.get("user_profile"))
    names = (record.get("username"), profile.get("display_name"), profile.get("real_name"), profile.get("name"))
    return next(filter(None, map(text_of, names)), "")


def _words(record: Record) -> str:
    if said := text_of(record.get("text")):
        return said
    lines = []
    for attachment in map(mapping, listing(record.get("attachments"))):
        words = text_of(attachment.get("text")) or text_of(attachment.get("fallback"))
        author = text_of(attachment.get("author_name"))
        lines.append(f"{author}: {words}" if author else words)
    return "\n".join(filter(None, lines))


def _plain(text: str, users: Mapping[str, Member]) -> tuple[str, tuple[str, ...], str | None, str | None]:
    """(text, mentions, title, URL) of Slack's own markup."""
    mentions: list[str] = []
    links: list[tuple[str, str]] = []

    def replaced(found: re.Match[str]) -> str:
        sign, target, label = found[1], found[2], found[3] or ""
        if sign == "@":
            member = users.get(target)
            mentions.append(target)
            return "@" + (member.names[0] if member is not None and member.names else label or target)
        if sign == "#":
            return "#" + (label or target)
        if sign == "!":
            return "@" + (label.lstrip("@") or target.partition("^")[0])
        links.append((html.unescape(target), html.unescape(label)))
        return f"{label} {target}" if label and label != target else target

    plain = html.unescape(_MARK.sub(replaced, text))
    url, label = links[0] if links else (None, "")
    return plain, tuple(dict.fromkeys(mentions)), label or None, url


def _kind(record: Record, text: str) -> tuple[Kind, str | None]:
    files = [mapping(f) for f in listing(record.get("files"))]
    if files:
        name, mime = text_of(files[0].get("name")), text_of(files[0].get("mimetype"))
        kind = {"image": Kind.IMAGE, "video": Kind.VIDEO, "audio": Kind.VOICE}.get(mime.partition("/")[0], kind_of_file(name))
        return (kind if not text or kind is Kind.VOICE else Kind.TEXT), name or None
    shared = [mapping(a) for a in listing(record.get("attachments"))]
    if shared and not text_of(record.get("text")) and any(a.get("is_share") for a in shared):
        return Kind.FORWARD, None
    return Kind.TEXT, None


def _reactions(record: Record) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for reaction in map(mapping, listing(record.get("reactions"))):
        name, count = text_of(reaction.get("name")).partition("::")[0], reaction.get("count")
        name = _ALIASES.get(name, name)
        if name and isinstance(count, int):
            counts[name] = counts.get(name, 0) + count
    return tuple((f":{name}:", count) for name, count in counts.items())


_ALIASES = {"thumbsup": "+1", "thumbsdown": "-1"}

FORMAT = Format(
    name="slack-export",
    title=_noop("Slack workspace export (zip or folder)"),
    platform="slack",
    obtain=_noop("Slack: Workspace settings → Import/Export Data → Export"),
    sniff=lambda probe: False,
    read=read,
    claims=claims,
    many=True,
)
