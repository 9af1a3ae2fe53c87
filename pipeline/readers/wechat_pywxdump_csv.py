"""PyWxDump's CSV, which WeClone reads and WeFlow writes ("weclone").

    id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime
    5,7423…,文本,0,wxid_hao…,…@chatroom,我这边…,,2024/10/4 11:42
    5,7423…,text,0,wxid_hao…,我这边…,,2026-11-19T13:59:42.000Z          WeFlow: no room_name, UTC

`talker` is the sender; MsgSvrID is the platform's id (rounded when a spreadsheet has saved the file); no names, no quotes' ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._json import mapping, text_of
from pipeline.readers._kinds import is_notice, kind_of_notice, kind_of_word, read_placeholder, strip_word
from pipeline.readers._source import Probe, Source
from pipeline.readers._table import Columns, header_of, rows_of, true_id
from pipeline.readers._times import Clock, from_iso
from pipeline.readers._wechat import split_suffix_quote

_WANTED = {"MsgSvrID", "type_name", "is_sender", "talker", "CreateTime"}
_SLASHED = re.compile(r"^(\d{4})/(\d\d?)/(\d\d?) (\d\d?):(\d\d)(?::(\d\d))?$")


def sniff(probe: Probe) -> bool:
    return {cell.strip().lstrip("\ufeff") for cell in header_of(probe)} >= _WANTED


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    columns: Columns | None = None
    clock = Clock(options.tz)
    for line, cells in rows_of(source):
        if columns is None:
            columns = Columns(cells)
            continue
        try:
            draft = _draft(line, cells, columns, clock, options)
        except ValueError:
            yield Skipped(where=source.name, line=line, reason=_("no message: no time"))
            continue
        room = columns(cells, "room_name")
        yield Chat(name="", id=room or None, platform="wechat")
        yield draft


def _draft(line: int, cells: list[str], columns: Columns, clock: Clock, options: ReadOptions) -> Draft:
    sent_at = _time(columns(cells, "CreateTime"), clock, options)
    content, sender = columns(cells, "msg"), columns(cells, "talker")
    kind = kind_of_word(columns(cells, "type_name"))
    message_id = true_id(columns(cells, "MsgSvrID"))
    if sender.endswith("@chatroom") or kind is Kind.SYSTEM or (content.startswith('"') and is_notice(content)):
        who = "" if sender.endswith("@chatroom") else sender
        return Draft(line=line, id=message_id, sent_at=sent_at, sender=who, text=content, kind=kind_of_notice(content), mentions=())
    text, quote = split_suffix_quote(content)
    said, title, url, file_name = read_placeholder(text)
    kind = said if kind in (Kind.OTHER, Kind.TEXT) and said is not Kind.STICKER else kind
    src = _src(columns(cells, "src"))
    return Draft(
        line=line,
        id=message_id,
        sent_at=sent_at,
        sender=sender,
        text=strip_word(text) if kind in (Kind.LINK, Kind.VOICE) else text,
        kind=kind,
        quote=quote,
        title=title or text_of(src.get("title")) or None,
        url=url or text_of(src.get("url")) or None,
        file_name=file_name if kind is Kind.FILE else None,
    )


def _time(text: str, clock: Clock, options: ReadOptions) -> datetime:
    if found := _SLASHED.match(text.strip()):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        return clock(datetime(year, month, day, hour, minute, second))  # noqa: DTZ001  (the clock makes it aware)
    when = from_iso(text, options.tz)
    return when.astimezone(options.tz) if when.utcoffset() == timedelta(0) else when


def _src(cell: str) -> dict[str, object]:
    """`src` is a path or a JSON object."""
    if not cell.lstrip().startswith("{"):
        return {}
    try:
        return dict(mapping(json.loads(cell)))
    except (ValueError, RecursionError):
        return {}


FORMAT = Format(
    name="wechat-pywxdump-csv",
    title=_noop("PyWxDump / WeClone CSV"),
    platform="wechat",
    obtain=_noop("PyWxDump: 导出聊天记录 → csv; WeFlow: 导出 → WeClone"),
    sniff=sniff,
    read=read,
    quotes=True,
    many=True,
)
