"""Chat history that WeChat on the phone sent by e-mail (多选 → 邮件), its text saved.

    各位，你好：
    <empty>
    微信用户“不吃香菜”通过微信发来的聊天记录如下：
    <empty>
    —————  2026-11-19  —————
    <empty>
    老郝  21:59
    <empty>
    「林晓：跑过 4060Ti 16G」
    - - - - - - - - - - - - - - -
    我这边 4070 也差不多
    <empty>
    "Kiki"邀请"小王"加入了群聊

Minutes only; pictures are [图片: x.jpg(请在附件中查看)]. No description of this form was found: it is read as well as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._copied import DAY_ROW, Headers, drafts
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._kinds import read_placeholder
from pipeline.readers._source import Probe, Source
from pipeline.readers._text import blocks
from pipeline.readers._times import Clock
from pipeline.readers._wechat import split_quote_above
from pipeline.readers.copied_text import MAIL_ROW

_GREETING = re.compile(r"你好[：:]$|聊天记录如下[：:]$|^(?:Dear|Hi|Hello)\b|chat history")
_ATTACHED = re.compile(r"\((?:请在附件中查看|see attachment)\)")
_LINK = re.compile(r"^\[(.+) : (https?://\S+)\]$", re.DOTALL)


def sniff(probe: Probe) -> bool:
    return any(MAIL_ROW.match(line) for line in probe.lines[:60])


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield Chat(name="", platform="wechat")
    headers, clock = Headers(source, options), Clock(options.tz)
    preface: list[tuple[int, str]] = []
    for block in blocks(source.lines(), headers, preface=preface):
        for draft in drafts(block, clock, notices=True):
            yield _refined(draft)
    for line, text in preface:
        if not DAY_ROW.match(text) and not _GREETING.search(text.strip()):
            yield Skipped(where=source.name, line=line, reason=_("text before the first message"))


def _refined(draft: Draft) -> Draft:
    if not draft.sender:
        return draft
    text, quote = split_quote_above(_ATTACHED.sub("", draft.text))
    if found := _LINK.match(text):
        return replace(draft, text=f"{found[1]}\n{found[2]}", kind=Kind.LINK, title=found[1], url=found[2], file_name=None)
    kind, title, url, file_name = read_placeholder(text)
    return replace(draft, text=text, quote=quote, kind=kind, title=title, url=url, file_name=file_name if kind is Kind.FILE else None)


FORMAT = Format(
    name="wechat-mail",
    title=_noop("WeChat chat history sent by e-mail"),
    platform="wechat",
    obtain=_noop("WeChat on the phone: long press → 多选 → share → 邮件; save the text of the mail"),
    sniff=sniff,
    read=read,
    quotes=True,
)
