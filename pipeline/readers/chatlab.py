"""ChatLab's open standard, as ChatLab, WeFlow and others write it: one JSON document, or JSON Lines.

    {"chatlab": {"version": "0.0.2", "exportedAt": 1763600000, "generator": "x"},
     "meta": {"name": "…", "platform": "wechat", "type": "group", "groupId": "…", "ownerId": "wxid_me"},
     "members": [{"platformId": "wxid_a", "accountName": "昵称", "groupNickname": "群名片", "aliases": ["备注"],
                  "roles": [{"id": "owner"}]}],
     "messages": [{"sender": "wxid_a", "accountName": "昵称", "groupNickname": "群名片", "timestamp": 1763560782, "type": 25,
                   "content": "我这边…", "platformMessageId": "7423…", "replyToMessageId": "7422…"}]}

    {"_type": "header", "chatlab": {…}, "meta": {…}}
    {"_type": "member", …}
    {"_type": "message", …}

Seconds since 1970; `content` may be null. WeFlow writes links as [title](url) and forwards with their parts in `chatRecords`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Message, Skipped
from pipeline.readers._finish import SYSTEM
from pipeline.readers._format import Draft, Format, Member, Part, ReadOptions
from pipeline.readers._json import Record, json_lines, listing, mapping, records, text_of
from pipeline.readers._kinds import is_pat, is_recall, strip_word
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_unix

_KINDS = {
    0: Kind.TEXT,
    1: Kind.IMAGE,
    2: Kind.VOICE,
    3: Kind.VIDEO,
    4: Kind.FILE,
    5: Kind.STICKER,
    7: Kind.LINK,
    8: Kind.LOCATION,
    20: Kind.REDPACKET,
    21: Kind.TRANSFER,
    22: Kind.PAT,
    23: Kind.CALL,
    24: Kind.CARD,
    25: Kind.TEXT,
    26: Kind.FORWARD,
    27: Kind.CARD,
    80: Kind.SYSTEM,
    81: Kind.RECALL,
    99: Kind.OTHER,
}
_CODES = {
    Kind.TEXT: 0,
    Kind.IMAGE: 1,
    Kind.VOICE: 2,
    Kind.VIDEO: 3,
    Kind.FILE: 4,
    Kind.STICKER: 5,
    Kind.LINK: 7,
    Kind.LOCATION: 8,
    Kind.REDPACKET: 20,
    Kind.TRANSFER: 21,
    Kind.PAT: 22,
    Kind.CALL: 23,
    Kind.CARD: 24,
    Kind.FORWARD: 26,
    Kind.SYSTEM: 80,
    Kind.RECALL: 81,
    Kind.POLL: 99,
    Kind.OTHER: 99,
}
_LINK = re.compile(r"^\[(.*)\]\((https?://\S+)\)$", re.DOTALL)
_URL_LINE = re.compile(r"^https?://\S+$")
_ANNOUNCEMENT = re.compile(r"^[\[【]群公告[\]】]\s*")


def sniff(probe: Probe) -> bool:
    if probe.records and probe.records[0].get("_type") == "header" and "chatlab" in probe.records[0]:
        return True
    return "chatlab" in probe.paths and not any(r.get("_type") for r in probe.records)


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    probe = Probe(source)
    if probe.records and "_type" in probe.records[0]:
        yield from _read_lines(source, options)
        return
    head = probe.paths
    yield _chat({key.partition(".")[2]: value for key, value in head.items() if key.startswith("meta.")})
    members: dict[str, Member] = {}
    for found in records(source, "members.item", lambda r: "platformId" in r):
        if not isinstance(found, Skipped):
            member = _member(found[1])
            members[member.id] = member
            yield member
    source.damage.clear()  # told by the second pass
    for found in records(source, "messages.item", lambda r: "timestamp" in r and "sender" in r):
        yield found if isinstance(found, Skipped) else _message(source, *found, options)


def _read_lines(source: Source, options: ReadOptions) -> Iterator[Part]:
    for found in json_lines(source):
        if isinstance(found, Skipped):
            yield found
            continue
        line, record = found
        if record.get("_type") == "header":
            yield _chat(mapping(record.get("meta")))
        elif record.get("_type") == "member":
            yield _member(record)
        else:
            yield _message(source, line, record, options)


def _chat(meta: Mapping[str, Any]) -> Chat:
    return Chat(name=text_of(meta.get("name")), id=text_of(meta.get("groupId")) or None, platform=text_of(meta.get("platform")))


def _member(record: Record) -> Member:
    names = (record.get("accountName"), record.get("groupNickname"), *listing(record.get("aliases")))
    roles = [text_of(mapping(role).get("id")) for role in listing(record.get("roles"))]
    return Member(
        id=text_of(record.get("platformId")),
        names=tuple(name for name in map(text_of, names) if name),
        role=next((role for role in ("owner", "admin") if role in roles), roles[0] if roles else None),
    )


def _message(source: Source, line: int, record: Record, options: ReadOptions) -> Draft | Skipped:
    try:
        sent_at = from_unix(float(record["timestamp"]), options.tz)
        kind = _KINDS.get(int(record.get("type", 0)), Kind.OTHER)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        return Skipped(where=source.name, line=line, reason=_("no message: {reason}").format(reason=str(error)[:80]))
    text = text_of(record.get("content"))
    if kind is Kind.SYSTEM:
        kind = Kind.RECALL if is_recall(text) else Kind.PAT if is_pat(text) else kind
        if _ANNOUNCEMENT.match(text):  # an announcement is a member's words, not a notice of the app
            kind = Kind.TEXT
    title, url = _link(text) if kind in (Kind.LINK, Kind.CARD) else (None, None)
    if kind is Kind.FORWARD:
        title = text.partition("\n")[0] or None
    account, group = text_of(record.get("accountName")), text_of(record.get("groupNickname"))
    parts = listing(record.get("chatRecords"))
    sender_id = text_of(record.get("sender"))
    nobody = sender_id == SYSTEM and kind in (Kind.RECALL, Kind.PAT)  # the notice itself names who it was
    return Draft(
        line=line,
        id=text_of(record.get("platformMessageId")),
        sent_at=sent_at,
        sender_id="" if nobody else sender_id,
        sender="" if nobody else group or account,
        aliases=(account,) if group else (),
        text="\n".join([text, *_forwarded(parts, 1)]) if parts else text,
        kind=kind,
        reply_to=text_of(record.get("replyToMessageId")) or None,
        title=title,
        url=url,
        file_name=text if kind is Kind.FILE and text and "\n" not in text else None,
    )


def _link(text: str) -> tuple[str | None, str | None]:
    """(title, URL) of a link card: [title](url), or the URL in the line below the title."""
    if found := _LINK.match(text.strip()):
        return found[1], found[2]
    first, __, last = text.strip().rpartition("\n")
    if _URL_LINE.match(last):
        return first.partition("\n")[0] or None, last
    return (strip_word(text).partition("\n")[0] or None), None


def _forwarded(parts: Sequence[Any], depth: int) -> list[str]:
    lines = []
    for part in parts:
        record = mapping(part)
        lines.append(f"{'  ' * depth}{text_of(record.get('accountName'))}: {text_of(record.get('content'))}")
        if depth < 8:
            lines += _forwarded(listing(record.get("chatRecords")), depth + 1)
    return lines


def document(chat: Chat, messages: Iterable[Message], exported_at: int) -> Iterator[Mapping[str, Any]]:
    """The chat as lines of ChatLab JSONL: header, members, messages; `messages` is gone through twice."""
    platform = chat.platform or "unknown"
    meta: dict[str, Any] = {"name": chat.name, "platform": platform, "type": "group"}
    if chat.id:
        meta["groupId"] = chat.id
    yield {"_type": "header", "chatlab": {"version": "0.0.2", "exportedAt": exported_at, "generator": "dianti"}, "meta": meta}
    members: dict[str, Message] = {}
    for message in messages:
        members[message.sender_id] = message  # the newest name
    for member, message in members.items():
        roles = {"roles": [{"id": message.role}]} if message.role else {}
        yield {"_type": "member", "platformId": member, "accountName": message.sender, **roles}
    for message in messages:
        yield _record(message)


def _record(message: Message) -> Mapping[str, Any]:
    text = message.text
    if message.kind is Kind.FILE and message.file_name:
        text = message.file_name
    if message.kind is Kind.LINK and message.url and message.url not in text:
        text = f"{message.title or text}\n{message.url}"
    reply = {"replyToMessageId": message.reply_to} if message.reply_to else {}
    return {
        "_type": "message",
        "sender": message.sender_id,
        "accountName": message.sender,
        "timestamp": int(message.sent_at.timestamp()),
        "type": 25 if reply and message.kind is Kind.TEXT else _CODES[message.kind],
        "content": text,
        "platformMessageId": message.id,
        **reply,
    }


FORMAT = Format(
    name="chatlab",
    title=_noop("ChatLab JSON, JSONL"),
    platform="",
    obtain=_noop("ChatLab, WeFlow and other exporters: choose the ChatLab format"),
    sniff=sniff,
    read=read,
)
