"""MemoTrace (留痕, WeChatMsg) 1.x, CSV.

    localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender
    8105,3,49,57,0,1763560782,,"<?xml …><type>57</type>…",2026-11-19 21:59:42,郝哥,老郝,wxid_hao…

StrContent of anything but text is the message's XML, or empty. In the oldest version the last three columns are missing in the
header, sometimes not in the rows: so cells go by position. localId is a row number. Notices have no Sender.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Member, Part, ReadOptions
from pipeline.readers._kinds import kind_of_notice, wechat_kind
from pipeline.readers._source import Probe, Source
from pipeline.readers._table import header_of, rows_of
from pipeline.readers._times import from_unix
from pipeline.readers._wechat import AppMessage, read_xml

_HEADER = ["localId", "TalkerId", "Type", "SubType", "IsSender", "CreateTime", "Status", "StrContent", "StrTime"]


def sniff(probe: Probe) -> bool:
    return [cell.strip().lstrip("\ufeff") for cell in header_of(probe)][:9] == _HEADER


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield Chat(name=source.stem.removesuffix("_utf8"), platform="wechat")
    for line, cells in rows_of(source):
        if [cell.lstrip("\ufeff") for cell in cells[:2]] == _HEADER[:2]:
            continue
        cells = [*cells, *[""] * (12 - len(cells))]
        try:
            sent_at, code, subtype = from_unix(float(cells[5]), options.tz), int(cells[2]), int(cells[3] or 0)
        except ValueError:
            yield Skipped(where=source.name, line=line, reason=_("no message: no time"))
            continue
        kind, content = wechat_kind(code, subtype), cells[7]
        if kind is Kind.SYSTEM:
            yield Draft(line=line, sent_at=sent_at, sender="", text=content, kind=kind_of_notice(content), mentions=())
            continue
        said = read_xml(content, kind, subtype) if code != 1 and content.lstrip().startswith("<") else None
        if said is not None and said.quoted_sender and said.quote is not None:  # a group nickname that no column has
            yield Member(id=said.quoted_sender, names=(said.quote.sender,))
        yield _draft(line, cells, sent_at, kind, said)


def _draft(line: int, cells: Sequence[str], sent_at: datetime, kind: Kind, said: AppMessage | None) -> Draft:
    return Draft(
        line=line,
        sent_at=sent_at,
        sender_id=cells[11].strip(),
        sender=cells[9].strip() or cells[10].strip() or ("我" if cells[4] == "1" else ""),
        aliases=tuple(filter(None, (cells[9].strip(), cells[10].strip()))),
        text=said.text if said else cells[7],
        kind=kind,
        quote=said.quote if said else None,
        title=said.title if said else None,
        url=said.url if said else None,
        file_name=said.file_name if said else None,
    )


FORMAT = Format(
    name="memotrace-csv-v1",
    title=_noop("MemoTrace 留痕 1.x CSV"),
    platform="wechat",
    obtain=_noop("MemoTrace 1.x: 数据 → 导出聊天数据(CSV)"),
    sniff=sniff,
    read=read,
    quotes=True,
)
