"""WeCom's 会话内容存档, decrypted by the finance SDK: one JSON object a line.

    {"msgid": "…_external", "action": "send", "from": "ZhouMing", "tolist": […], "roomid": "wr…", "msgtime": 1763560687321,
     "msgtype": "text", "text": {"content": "这是一条引用/回复消息：\\n\\"名：\\n原文\\"\\n------\\n回复"}}

User ids only, no names. Quotes are plain text. A recall is a message of type revoke.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.i18n import _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Part, Quote, ReadOptions
from pipeline.readers._json import Record, drafts, json_lines, listing, mapping, number, text_of
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_unix

_KINDS = {
    "text": Kind.TEXT,
    "markdown": Kind.TEXT,
    "mixed": Kind.TEXT,
    "image": Kind.IMAGE,
    "emotion": Kind.STICKER,
    "voice": Kind.VOICE,
    "video": Kind.VIDEO,
    "file": Kind.FILE,
    "link": Kind.LINK,
    "news": Kind.LINK,
    "weapp": Kind.CARD,
    "card": Kind.CARD,
    "docmsg": Kind.LINK,
    "location": Kind.LOCATION,
    "chatrecord": Kind.FORWARD,
    "redpacket": Kind.REDPACKET,
    "external_redpacket": Kind.REDPACKET,
    "vote": Kind.POLL,
    "collect": Kind.CARD,
    "todo": Kind.CARD,
    "calendar": Kind.CARD,
    "meeting": Kind.CALL,
    "voiptext": Kind.CALL,
    "meeting_voice_call": Kind.CALL,
    "revoke": Kind.RECALL,
}
_QUOTED = re.compile(r"^这是一条引用/回复消息：\s*\n[\"“](.{1,64}?)[：:]\s*\n?(.*?)[\"”]\n-{3,}\n(.*)\Z", re.DOTALL)
_PARTS = {"ChatRecordImage": "[图片]", "ChatRecordVideo": "[视频]", "ChatRecordFile": "[文件]", "ChatRecordVoice": "[语音]"}


def sniff(probe: Probe) -> bool:
    return any("msgid" in r and ("msgtime" in r or "time" in r) and "action" in r for r in probe.records[:10])


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    for found in json_lines(source):
        if not isinstance(found, Skipped):
            yield _chat(found[1])
        yield from drafts(source, iter([found]), lambda line, record: _draft(line, record, options))


def _chat(record: Record) -> Chat:
    """The room; for a conversation of two, the two."""
    room = text_of(record.get("roomid"))
    pair = "&".join(sorted(filter(None, (text_of(record.get("from")), *map(text_of, listing(record.get("tolist")))))))
    return Chat(name="", id=room or pair or None, platform="wecom")


def _draft(line: int, record: Record, options: ReadOptions) -> Draft | None:
    if record.get("action") == "switch":
        return None
    kind_name = text_of(record.get("msgtype"))
    body = mapping(record.get(kind_name)) or mapping(record.get("info")) or mapping(record.get("doc"))
    kind = _KINDS.get(kind_name, Kind.OTHER)
    if record.get("action") == "recall":
        kind = Kind.RECALL
    text, quote = _quoted(_text(kind_name, body))
    title = text_of(body.get("title")) or text_of(body.get("wish")) or None
    url = text_of(body.get("link_url")) or None
    return Draft(
        line=line,
        id=text_of(record.get("msgid")),
        sent_at=from_unix(number(record["msgtime"]) / 1000, options.tz),
        sender_id=text_of(record.get("from")),
        sender="",
        text=text,
        kind=kind,
        quote=quote,
        title=title if kind in (Kind.LINK, Kind.CARD, Kind.LOCATION, Kind.FORWARD, Kind.REDPACKET, Kind.POLL) else None,
        url=url,
        file_name=text_of(body.get("filename")) or None,
    )


def _text(kind: str, body: Mapping[str, Any]) -> str:
    if kind == "mixed":
        return "".join(_mixed(mapping(item)) for item in listing(body.get("item")))
    if kind == "chatrecord":
        return "\n".join([text_of(body.get("title")), *(_part(mapping(item)) for item in listing(body.get("item")))])
    if kind == "location":
        return text_of(body.get("address")) or text_of(body.get("title"))
    if kind == "redpacket":
        return f"[红包] {text_of(body.get('wish'))}".strip()
    if kind == "file":
        return text_of(body.get("filename"))
    if kind in ("link", "news", "weapp", "docmsg", "card", "vote", "collect", "todo", "calendar"):
        words = (text_of(body.get("title")) or text_of(body.get("votetitle")), text_of(body.get("link_url")))
        return "\n".join(filter(None, words))
    return text_of(body.get("content"))


def _mixed(item: Mapping[str, Any]) -> str:
    content = _object(item.get("content"))
    return text_of(content.get("content")) if item.get("type") == "text" else f"[{_KINDS.get(text_of(item.get('type')), Kind.OTHER).value}]"


def _part(item: Mapping[str, Any]) -> str:
    return text_of(_object(item.get("content")).get("content")) or _PARTS.get(text_of(item.get("type")), "")


def _object(value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    try:
        return mapping(json.loads(text_of(value)))
    except (ValueError, RecursionError):
        return {}


def _quoted(text: str) -> tuple[str, Quote | None]:
    found = _QUOTED.match(text)
    return (found[3], Quote(text=found[2], sender=found[1])) if found else (text, None)


FORMAT = Format(
    name="wecom-archive",
    title=_noop("WeCom 会话内容存档 (decrypted JSON lines)"),
    platform="wecom",
    obtain=_noop("WeCom's message archive, pulled and decrypted with the finance SDK, one JSON object a line"),
    sniff=sniff,
    read=read,
    many=True,
    quotes=True,
)
