"""BlueMatthew/WechatExporter (from an iTunes backup), text.

    本地大模型折腾群 - 微信聊天记录
    <empty>
    周明-后端 (2026-11-19 21:58:07):有人在 16G 显存上跑过 Qwen3 30B-A3B 吗？
    「林晓：跑过 4060Ti 16G」
    - - - - - - - - - - - - - - -
    我这边 4070 也差不多
    "Kiki"邀请"小王"加入了群聊

A reply with a quote has neither sender nor time: it stands at the time of the message before it, sender "?". A bare line goes on
the message before it, unless it reads like a notice. Names may hold " (": the last " (YYYY-…):" counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._finish import UNKNOWN
from pipeline.readers._format import Draft, Format, Part, Quote, ReadOptions
from pipeline.readers._kinds import is_notice, kind_of_notice, read_placeholder
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import Clock

_TITLE = re.compile(r"^(.*) - (?:微信聊天记录|微信聊天記錄|WeChat Chat History)\s*$")
_HEAD = re.compile(r"^(.*) \((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\):(.*)$")
_DASHES = re.compile(r"^(?:- ){5,}-?\s*$")
_QUOTE = re.compile(r"^「(.{1,64}?)[：:](.*)」\s*\Z", re.DOTALL)
_QUOTE_LINES = 60  # a 「 that is not closed within so many lines is the user's own
_SYSTEM = "System Message:"


def sniff(probe: Probe) -> bool:
    lines = [line for line in probe.lines if line.strip()]
    return bool(lines) and (bool(_TITLE.match(lines[0])) or bool(_HEAD.match(lines[0])))


@dataclass
class _Open:
    """The message whose lines are being read."""

    line: int
    sent_at: datetime
    sender: str
    text: list[str]
    quote: Quote | None = None
    quoted: list[str] = field(default_factory=list)


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    title = next((found for line in Probe(source).lines[:3] if (found := _TITLE.match(line))), None)
    yield Chat(name=title[1].strip() if title else "", platform="wechat")
    yield from _Reader(source, options).parts()


class _Reader:
    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._source = source
        self._clock = Clock(options.tz)
        self._open: _Open | None = None
        self._held: list[tuple[int, str]] = []  # lines of what may be a quote

    def parts(self) -> Iterator[Part]:
        for number, line in self._source.lines():
            line = line.rstrip("\r").lstrip("\ufeff")
            if _TITLE.match(line) and number < 4:
                continue
            yield from self._take(number, line)
        yield from self._plain_lines()
        yield from self._close()

    def _take(self, number: int, line: str) -> Iterator[Part]:
        header = self._header(line)
        if header is not None:
            yield from self._plain_lines()
            yield from self._close()
            sender, sent_at, text = header
            self._open = _Open(number, sent_at, sender, [text])
        elif self._held:
            self._held.append((number, line))
            quote = self._complete_quote()
            if quote is not None:
                yield from self._close()
                if self._clock.last is not None:
                    self._open = _Open(self._held[0][0], self._clock.last, UNKNOWN, [], quote)
                self._held = []
            elif len(self._held) > _QUOTE_LINES:
                yield from self._plain_lines()
        elif line.startswith("「"):
            self._held = [(number, line)]
        else:
            yield from self._line(number, line)

    def _header(self, line: str) -> tuple[str, datetime, str] | None:
        found = _HEAD.match(line)
        if found is None:
            return None
        try:
            return found[1], self._clock(datetime.fromisoformat(found[2])), found[3]
        except ValueError:
            return None

    def _complete_quote(self) -> Quote | None:
        if not _DASHES.match(self._held[-1][1]):
            return None
        found = _QUOTE.match("\n".join(line for __, line in self._held[:-1]))
        return Quote(sender=found[1], text=found[2]) if found else None

    def _line(self, number: int, line: str) -> Iterator[Part]:
        now = self._clock.last
        notice = line.removeprefix(_SYSTEM).strip() if line.startswith(_SYSTEM) else line if is_notice(line) else ""
        if notice and now is not None:
            yield from self._close()
            yield Draft(line=number, sent_at=now, sender="", text=notice, kind=kind_of_notice(notice), mentions=())
        elif self._open is not None:
            self._open.text.append(line)
        elif line.strip():
            yield Skipped(where=self._source.name, line=number, reason=_("a line that belongs to no message"))

    def _plain_lines(self) -> Iterator[Part]:
        """The held lines were no quote after all."""
        held, self._held = self._held, []
        for number, line in held:
            yield from self._line(number, line)

    def _close(self) -> Iterator[Part]:
        opened, self._open = self._open, None
        if opened is None:
            return
        text = "\n".join(opened.text).strip("\n")
        kind, title, url, file_name = read_placeholder(text)
        yield Draft(
            line=opened.line,
            sent_at=opened.sent_at,
            sender=opened.sender,
            text=text,
            kind=kind if opened.sender else Kind.SYSTEM,
            quote=opened.quote,
            title=title,
            url=url,
            file_name=file_name,
        )


FORMAT = Format(
    name="wechatexporter-txt",
    title=_noop("WechatExporter text"),
    platform="wechat",
    obtain=_noop("WechatExporter: an iTunes backup of the phone → text"),
    sniff=sniff,
    read=read,
    quotes=True,
)
