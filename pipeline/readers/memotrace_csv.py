"""MemoTrace (留痕) 2.x and 3.x, CSV and Excel.

    消息ID,类型,发送人,时间,内容,备注,昵称,更多信息
    7423…,引用消息,郝哥,2026-11-19 21:59:42,"我这边 4070 也差不多
    引用：Lin🌿: 跑过…",郝哥,老郝,more

No wxid; 发送人 is the remark or the nickname, empty for notices. The folder is named after the chat: 名(…@chatroom)/名.csv.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._memotrace import read_content
from pipeline.readers._source import Probe, Source
from pipeline.readers._table import Columns, header_of, rows_of, true_id
from pipeline.readers._times import Clock

_WANTED = {"消息ID", "类型", "发送人", "时间", "内容"}
_FOLDER = re.compile(r"([^/\\]*)\(([^()/\\]+)\)[/\\][^/\\]*$")


def sniff(probe: Probe) -> bool:
    return {cell.strip().lstrip("\ufeff") for cell in header_of(probe)} >= _WANTED


def chat_of(source: Source) -> Chat:
    """The chat by the folder's name "名(…@chatroom)"; otherwise unnamed."""
    folder = _FOLDER.search(source.name)
    if folder and ("@" in folder[2] or folder[2].startswith("wxid_")):
        return Chat(name=folder[1], id=folder[2], platform="wechat")
    return Chat(name="", platform="wechat")


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield chat_of(source)
    columns: Columns | None = None
    clock = Clock(options.tz)
    for line, cells in rows_of(source):
        if columns is None or cells[0].lstrip("\ufeff") == "消息ID":
            columns = Columns(cells)
            continue
        try:
            yield _draft(line, cells, columns, clock)
        except ValueError:
            yield Skipped(where=source.name, line=line, reason=_("no message: no time"))


def _draft(line: int, cells: list[str], columns: Columns, clock: Clock) -> Draft:
    sent_at = clock(datetime.fromisoformat(columns(cells, "时间").strip()))
    sender, word = columns(cells, "发送人"), columns(cells, "类型")
    said = read_content(columns(cells, "内容"), word)
    notice = not sender or said.kind is Kind.SYSTEM
    draft = said.draft(sent_at, "" if notice else sender, line=line, id=true_id(columns(cells, "消息ID")))
    if notice:
        return replace(draft, mentions=())
    return replace(draft, aliases=tuple(filter(None, (columns(cells, "备注"), columns(cells, "昵称")))))


FORMAT = Format(
    name="memotrace-csv",
    title=_noop("MemoTrace 留痕 2.x/3.x CSV, Excel"),
    platform="wechat",
    obtain=_noop("MemoTrace 2.x/3.x: 导出聊天数据 → CSV (or Excel)"),
    sniff=sniff,
    read=read,
    quotes=True,
)
