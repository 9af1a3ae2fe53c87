"""The plain-text rendering of messages that MemoTrace's formats share."""

from __future__ import annotations

import json
import re

from pipeline.model import Kind
from pipeline.readers._format import Rendered
from pipeline.readers._json import mapping, text_of
from pipeline.readers._kinds import is_notice, is_pat, kind_of_notice, kind_of_word, read_placeholder, strip_word
from pipeline.readers._wechat import ANNOUNCEMENT, split_quote_below

_FIELD = re.compile(r"^\s*(标题|描述|链接|应用|名称|地址|title|description|url|name)\s*[:：]\s*(.*)$")
_FILE = re.compile(r"^【文件】(.+?) [\d.]+ [KMGT]?B(?: .*)?$", re.DOTALL)
_OLD_LINK = "[链接]:title:"


def read_content(content: str, word: str = "") -> Rendered:
    """What a rendered message says; `word` is the exporter's name of its kind where it gives one."""
    if word == "系统消息":
        return Rendered(text=content, kind=kind_of_notice(content))
    if content.startswith('"') and is_notice(content):
        return Rendered(text=content, kind=Kind.PAT if is_pat(content) else kind_of_notice(content))
    if content.startswith("公告\n{") or word == "公告":
        return Rendered(text=ANNOUNCEMENT + _announcement(content))
    if content.startswith(_OLD_LINK):
        return _link(content.replace(_OLD_LINK, "标题:", 1), Kind.LINK)
    own, quote = split_quote_below(content)
    kind, title, url, file_name = read_placeholder(own)
    if kind_of_word(word) not in (Kind.OTHER, Kind.TEXT):
        kind = kind_of_word(word)
    if kind in (Kind.LINK, Kind.CARD, Kind.LOCATION) and "\n" in own:
        return _link(own, kind)
    if kind is Kind.FORWARD:
        lines = [line.strip().removeprefix("- ") for line in own.split("\n")]
        return Rendered(text="\n".join(line for line in lines if line), kind=kind)
    if kind is Kind.FILE and (named := _FILE.match(own)):
        return Rendered(text=named[1], kind=kind, file_name=named[1])
    if kind is Kind.REDPACKET:
        words = strip_word(own).lstrip(": ：") if "】" in own else ""
        return Rendered(text=own.replace("【红包】:", "[红包]"), kind=kind, title=words or None)
    text = strip_word(own) if kind is Kind.VOICE else own
    return Rendered(text=text, kind=kind, quote=quote, title=title, url=url, file_name=file_name)


def _announcement(content: str) -> str:
    body = content.removeprefix("公告").strip()
    try:
        said = mapping(json.loads(body))
    except (ValueError, RecursionError):
        return body
    return text_of(said.get("textannouncement")) or text_of(said.get("title")) or body


def _link(content: str, kind: Kind) -> Rendered:
    """A card: one field a line."""
    fields: dict[str, str] = {}
    for line in content.split("\n"):
        if found := _FIELD.match(line):
            fields.setdefault(found[1], found[2].strip())
    title = fields.get("标题") or fields.get("名称") or fields.get("title") or None
    url = fields.get("链接") or fields.get("url") or None
    second = fields.get("地址") if kind is Kind.LOCATION else url
    text = "\n".join(filter(None, (title, second)))
    return Rendered(text=text or content, kind=kind, title=title, url=url)
