"""sjzar/chatlog's HTTP API, format=csv.

    Time,SenderName,Sender,TalkerName,Talker,Content
    2026-11-19 21:59:42,郝哥,wxid_hao…,本地大模型折腾群,…@chatroom,"> 林晓(wxid_lin…) 11-19 21:59:10
    > 跑过 4060Ti 16G
    我这边 4070 也差不多"

Local times; notices have the sender 系统消息; own messages may have no name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Skipped
from pipeline.readers._chatlog import read_content
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import is_notice, is_pat, kind_of_notice
from pipeline.readers._source import Probe, Source
from pipeline.readers._table import Columns, header_of, rows_of
from pipeline.readers._times import Clock
from pipeline.readers.chatlog_json import NOBODY

_WANTED = ["Time", "SenderName", "Sender", "TalkerName", "Talker", "Content"]


def sniff(probe: Probe) -> bool:
    return [cell.strip().lstrip("\ufeff") for cell in header_of(probe)][:6] == _WANTED


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    columns: Columns | None = None
    clock = Clock(options.tz)
    for line, cells in rows_of(source):
        if columns is None:
            columns = Columns(cells)
            continue
        try:
            sent_at = clock(datetime.fromisoformat(columns(cells, "Time").strip()))
        except ValueError:
            yield Skipped(where=source.name, line=line, reason=_("no message: no time"))
            continue
        yield Chat(name=columns(cells, "TalkerName"), id=columns(cells, "Talker") or None, platform="wechat")
        yield _draft(line, cells, columns, sent_at, options)


def _draft(line: int, cells: list[str], columns: Columns, sent_at: datetime, options: ReadOptions) -> Draft:
    content, sender_id = columns(cells, "Content"), columns(cells, "Sender")
    if sender_id == NOBODY:
        return Draft(line=line, sent_at=sent_at, sender="", text=content, kind=kind_of_notice(content), mentions=())
    said = read_content(content, sent_at, options.tz)
    draft = said.draft(sent_at, columns(cells, "SenderName"), sender_id=sender_id, line=line)
    pat = content.startswith('"') and is_pat(content) and is_notice(content)
    return replace(draft, kind=kind_of_notice(content)) if pat else draft


FORMAT = Format(
    name="chatlog-csv",
    title=_noop("chatlog CSV"),
    platform="wechat",
    obtain=_noop("chatlog: http://127.0.0.1:5030/api/v1/chatlog?time=…&talker=…&format=csv, saved"),
    sniff=sniff,
    read=read,
    many=True,
    quotes=True,
)
