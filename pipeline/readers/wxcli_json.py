"""wx-cli, `wx history/export … --format json`.

    {"chat": "…", "username": "…@chatroom", "is_group": true, "count": 2,
     "messages": [{"timestamp": 1763560782, "time": "2026-11-19 21:59", "sender": "老郝",
       "content": "[引用] 我这边 4070 也差不多\\n  ↳ 林晓: 跑过…", "type": "链接/文件", "local_id": 5, "url": "…",
       "sender_username": "wxid_hao…", "sender_contact_display": "郝哥", "sender_group_nickname": ""}],
     "meta": {"status": "ok"}}

`sender` is empty for notices and for oneself in private chats. Quoted texts are cut at 80 characters, notices at 50.
A status other than ok says that the answer is incomplete. local_id is a row number.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Skipped
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._json import Record, drafts, number, records, text_of
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import from_unix
from pipeline.readers._wxcli import read_content


def sniff(probe: Probe) -> bool:
    return probe.has("messages.item.local_id", "messages.item.timestamp", "messages.item.content") and probe.has("username")


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    paths = Probe(source).paths
    yield Chat(name=text_of(paths.get("chat")), id=text_of(paths.get("username")) or None, platform="wechat")
    found = records(source, "messages.item", lambda r: "timestamp" in r and "content" in r)
    yield from drafts(source, found, lambda line, record: _draft(line, record, options))
    status = text_of(paths.get("meta.status"))
    if status not in ("", "ok"):
        yield Skipped(where=source.name, line=0, reason=_("wx-cli says the export is incomplete: {status}").format(status=status))


def _draft(line: int, record: Record, options: ReadOptions) -> Draft:
    sent_at = from_unix(number(record["timestamp"]), options.tz)
    names = [text_of(record.get(key)) for key in ("sender_group_nickname", "sender", "sender_contact_display")]
    return read_content(
        text_of(record.get("content")),
        line=line,
        sent_at=sent_at,
        sender=next(filter(None, names), ""),
        sender_id=text_of(record.get("sender_username")),
        aliases=tuple(filter(None, names)),
        word=text_of(record.get("type")),
        url=text_of(record.get("url")) or None,
    )


FORMAT = Format(
    name="wxcli-json",
    title=_noop("wx-cli JSON"),
    platform="wechat",
    obtain=_noop("wx-cli: wx export CHAT --format json"),
    sniff=sniff,
    read=read,
    quotes=True,
)
