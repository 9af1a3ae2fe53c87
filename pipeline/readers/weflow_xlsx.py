"""WeFlow, format "Excel".

    会话信息
    微信ID | 38112233445@chatroom | 昵称 | 本地大模型折腾群 | 备注 |
    导出工具 | WeFlow | 导出版本 | 1.0.3 | 平台 | wechat | 导出时间 | 2026-11-20 09:24:47
    序号 | 时间 | 发送者昵称 | 发送者微信ID | 发送者备注 | 群昵称 | 发送者身份 | 消息类型 | 内容
    5 | 2026-11-19 21:59:42 | 老郝 | wxid_hao… | 郝哥 | | 郝哥 | 引用消息 | 我这边 4070 也差不多[引用 林晓：跑过…]

群昵称 for groups only; the compact form has 序号, 时间, 发送者身份, 消息类型, 内容. 序号 is a row number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import is_notice, kind_of_notice, kind_of_word, read_placeholder, strip_word
from pipeline.readers._source import Probe, Source
from pipeline.readers._table import Columns, rows_of
from pipeline.readers._times import from_iso
from pipeline.readers._wechat import split_suffix_quote


def sniff(probe: Probe) -> bool:
    return probe.source.ending in ("xlsx", "xlsm") and _columns(list(islice(rows_of(probe.source.again()), 8))) is not None


def _columns(rows: Sequence[tuple[int, list[str]]]) -> Columns | None:
    for __, cells in rows:
        if cells[0] == "序号" and "内容" in cells and "消息类型" in cells:
            return Columns(cells)
    return None


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    rows = rows_of(source)
    columns: Columns | None = None
    chat: dict[str, str] = {}
    for line, cells in rows:
        if columns is None:
            chat.update(zip(cells[::2], cells[1::2], strict=False))
            columns = _columns([(line, cells)])
            if columns is not None:
                yield Chat(name=chat.get("昵称", ""), id=chat.get("微信ID") or None, platform="wechat")
            continue
        try:
            yield _draft(line, cells, columns, options)
        except ValueError:
            yield Skipped(where=source.name, line=line, reason=_("no message: no time"))


def _draft(line: int, cells: list[str], columns: Columns, options: ReadOptions) -> Draft:
    sent_at = from_iso(columns(cells, "时间"), options.tz)
    content, sender_id = columns(cells, "内容"), columns(cells, "发送者微信ID")
    kind = kind_of_word(columns(cells, "消息类型"))
    names = [columns(cells, name) for name in ("群昵称", "发送者备注", "发送者昵称", "发送者身份")]
    if sender_id.endswith("@chatroom") or kind is Kind.SYSTEM:
        own = sender_id if sender_id and not sender_id.endswith("@chatroom") else ""
        sender = next(filter(None, names), "") if own else ""
        return Draft(line=line, sent_at=sent_at, sender_id=own, sender=sender, text=content, kind=kind_of_notice(content), mentions=())
    text, quote = split_suffix_quote(content)
    said, title, url, file_name = read_placeholder(text)
    kind = said if kind in (Kind.OTHER, Kind.TEXT) and said is not Kind.STICKER else kind
    if kind is Kind.TEXT and text.startswith('"') and is_notice(text):
        kind = kind_of_notice(text)
    return Draft(
        line=line,
        sent_at=sent_at,
        sender_id=sender_id,
        sender=next(filter(None, names), ""),
        aliases=tuple(filter(None, names)),
        text=strip_word(text) if kind in (Kind.LINK, Kind.VOICE) else text,
        kind=kind,
        quote=quote,
        title=title,
        url=url,
        file_name=file_name if kind is Kind.FILE else None,
    )


FORMAT = Format(
    name="weflow-xlsx",
    title=_noop("WeFlow Excel"),
    platform="wechat",
    obtain=_noop("WeFlow: 导出 → choose the chat → Excel"),
    sniff=sniff,
    read=read,
    quotes=True,
)
