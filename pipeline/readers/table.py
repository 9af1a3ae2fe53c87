"""Any table of messages, CSV, TSV or Excel: columns told by --map, else guessed from the header.

    time,sender,text
    2026-11-19 21:59:42,老郝,我这边 4070 也差不多

--map time=…,sender=…,text=… names columns by header or by number (from 1); also sender_id, id, type, reply_to, chat, url, title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pipeline.errors import InputError
from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import kind_of_notice, kind_of_word, read_placeholder
from pipeline.readers._source import Probe, Source
from pipeline.readers._table import header_of, rows_of, true_id
from pipeline.readers._times import HALF_DAY, Clock, from_iso, from_unix, hour_of_day

_NAMES = {
    "time": "time date datetime timestamp sent_at created_at create_time createtime strtime 时间 日期 发送时间 消息时间 日期时间 時間",
    "sender": "sender name nickname user username author from sender_name sendername speaker "
    "发送人 发送者 昵称 发言人 用户 作者 姓名 发件人 寄件人 發送者",
    "text": "text content message body msg strcontent 内容 消息 正文 消息内容 文本 聊天内容 內容 訊息",
    "sender_id": "sender_id senderid user_id userid uid wxid author_id from_id 发送者id 用户id 微信号 qq号",
    "id": "id message_id messageid msgid msg_id 消息id 编号id",
    "type": "type kind msgtype message_type 类型 消息类型",
    "reply_to": "reply_to replyto reply_to_id in_reply_to 回复 引用",
    "chat": "chat channel group room 群 群名 会话 频道 群聊",
    "url": "url link 链接 网址",
    "title": "title 标题",
}
_FIELDS = {word: name for name, words in _NAMES.items() for word in words.split()}
_NEEDED = ("time", "text")
_OURS = {"localid", "talkername", "消息id", "msgsvrid", "序号"}  # headers of exporters that have a reader of their own
_TIME = re.compile(
    rf"^(\d{{4}})[-/.年](\d\d?)[-/.月](\d\d?)日?[ T]+(?:({HALF_DAY}) ?)?(\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?: ?({HALF_DAY}))?$"
)


def sniff(probe: Probe) -> bool:
    header = [_fold(cell) for cell in header_of(probe)]
    if len(header) < 3 or _OURS & set(header):
        return False
    guessed = {_FIELDS[cell] for cell in header if cell in _FIELDS}
    return all(name in guessed for name in _NEEDED) and ("sender" in guessed or "sender_id" in guessed)


def _fold(cell: str) -> str:
    return cell.strip().lstrip("\ufeff").lower().replace(" ", "_")


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield Chat(name="")
    at: dict[str, int] | None = None
    clock = Clock(options.tz)
    for line, cells in rows_of(source):
        if at is None:
            at = _columns(source, cells, options.columns)
            if not _is_first_message(cells, at, options):
                continue
        try:
            draft = _draft(line, cells, at, clock, options)
        except ValueError:
            yield Skipped(where=source.name, line=line, reason=_("no message: no time"))
            continue
        yield Chat(name=_cell(cells, at, "chat"))
        yield draft


def _columns(source: Source, header: Sequence[str], told: Mapping[str, str] | None) -> dict[str, int]:
    """Field → column, as the user says, else as the header says."""
    folded = [_fold(cell) for cell in header]
    at: dict[str, int] = {}
    for i, cell in enumerate(folded):
        if cell in _FIELDS:
            at.setdefault(_FIELDS[cell], i)
    for name, column in (told or {}).items():
        if name not in _NAMES:
            raise InputError(_("--map: unknown field {name}; there are {names}").format(name=name, names=", ".join(_NAMES)))
        if column.isdecimal() and 1 <= int(column) <= len(header):
            at[name] = int(column) - 1
        elif _fold(column) in folded:
            at[name] = folded.index(_fold(column))
        else:
            raise InputError(
                _("{path}: no column {name}; there are {names}").format(path=source.name, name=column, names=", ".join(header)[:200])
            )
    missing = [name for name in _NEEDED if name not in at]
    if missing:
        columns = ", ".join(header)[:200]
        message = _("{path}: which column is {names}? Say it with --map time=…,sender=…,text=…; the columns are {columns}")
        raise InputError(message.format(path=source.name, names=", ".join(missing), columns=columns))
    return at


def _is_first_message(cells: Sequence[str], at: Mapping[str, int], options: ReadOptions) -> bool:
    """A table without a header (columns by number) starts with a message."""
    try:
        _time(_cell(cells, at, "time"), Clock(options.tz), options)
    except ValueError:
        return False
    return True


def _cell(cells: Sequence[str], at: Mapping[str, int], name: str) -> str:
    i = at.get(name)
    return cells[i].strip() if i is not None and i < len(cells) else ""


def _draft(line: int, cells: Sequence[str], at: Mapping[str, int], clock: Clock, options: ReadOptions) -> Draft:
    i = at["text"]
    text = cells[i] if i < len(cells) else ""
    word = _cell(cells, at, "type")
    kind, title, url, file_name = read_placeholder(text)
    if word:
        kind = _kind(word, kind)
    if kind is Kind.SYSTEM:
        kind = kind_of_notice(text)
    return Draft(
        line=line,
        id=true_id(_cell(cells, at, "id")),
        sent_at=_time(_cell(cells, at, "time"), clock, options),
        sender=_cell(cells, at, "sender"),
        sender_id=true_id(_cell(cells, at, "sender_id")),
        text=text,
        kind=kind,
        reply_to=_cell(cells, at, "reply_to") or None,
        title=_cell(cells, at, "title") or title,
        url=_cell(cells, at, "url") or url,
        file_name=file_name if kind is Kind.FILE else None,
    )


def _kind(word: str, seen: Kind) -> Kind:
    try:
        return Kind(word.strip().lower())
    except ValueError:
        found = kind_of_word(word)
        return seen if found is Kind.OTHER else found


def _time(text: str, clock: Clock, options: ReadOptions) -> datetime:
    if text.replace(".", "", 1).isdigit():
        value = float(text)
        return from_unix(value / 1000 if value > 1e11 else value, options.tz)
    if found := _TIME.match(text):
        year, month, day, half, hour, minute, second, half2 = found.groups()
        local = datetime(int(year), int(month), int(day), hour_of_day(int(hour), half or half2), int(minute), int(second or 0))  # noqa: DTZ001
        return clock(local)
    return from_iso(text, options.tz)


FORMAT = Format(
    name="table",
    title=_noop("any table: CSV, TSV, Excel (--map)"),
    platform="",
    obtain=_noop("a table with a row for each message; say which column is which with --map time=…,sender=…,text=…"),
    sniff=sniff,
    read=read,
    many=True,
)
