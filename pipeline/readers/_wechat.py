"""What WeChat's exporters share: message XML, quotes written into the text, the app's own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from pipeline.model import Kind
from pipeline.readers._format import Quote

ANNOUNCEMENT = "[群公告] "
_SUFFIX = re.compile(r"\[引用 ([^：\n]{1,64})：(.*)\]\s*\Z", re.DOTALL)
_BELOW = re.compile(r"\n引用[：:]([^\n]{1,64}?)[:：] ?(.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppMessage:
    """The parts of a message's XML that a reader needs."""

    text: str = ""
    title: str | None = None
    url: str | None = None
    file_name: str | None = None
    quote: Quote | None = None
    quoted_id: str | None = None
    quoted_sender: str = ""  # the platform's id of whom the quote names


def split_suffix_quote(text: str) -> tuple[str, Quote | None]:
    """(own words, quote) of "…[引用 名：文]", as WeFlow writes it."""
    found = _SUFFIX.search(text) if text.rstrip().endswith("]") else None
    if found is None:
        return text, None
    return text[: found.start()], Quote(sender=found[1], text=found[2])


def split_quote_below(text: str) -> tuple[str, Quote | None]:
    """(own words, quote) of "…\\n引用：名: 文", as MemoTrace writes it."""
    found = _BELOW.search(text)
    if found is None:
        return text, None
    return text[: found.start()], Quote(sender=found[1], text=found[2])


def read_xml(xml: str, kind: Kind, subtype: int) -> AppMessage:
    """What the XML of a message says; nothing where it is none (some versions leave it out)."""
    root = _parsed(xml)
    if root is None:
        return AppMessage()
    if (location := root.find(".//location")) is not None:
        label = location.get("label") or ""
        return AppMessage(text=label, title=location.get("poiname") or label or None)
    app = root.find(".//appmsg")
    if app is None:
        return AppMessage()
    title, url = _text(app, "title"), _text(app, "url") or None
    if subtype == 57:
        quote, quoted_id = _quote(app)
        return AppMessage(text=title, quote=quote, quoted_id=quoted_id, quoted_sender=_text(app, "refermsg/chatusr"))
    if subtype == 87:
        return AppMessage(text=ANNOUNCEMENT + (_text(app, "textannouncement") or _text(app, "des") or title))
    if subtype == 19:
        return AppMessage(text="\n".join([title, *_forwarded(_text(app, "recorditem"), _text(app, "des"))]), title=title or None)
    if kind is Kind.FILE:
        return AppMessage(text=title, file_name=title or None)
    if kind is Kind.REDPACKET:
        words = _text(app, "wcpayinfo/sendertitle") or _text(app, "wcpayinfo/receivertitle")
        return AppMessage(text=f"[红包] {words}".strip(), title=words or None)
    if kind is Kind.TRANSFER:
        return AppMessage(text=f"[转账] {_text(app, 'wcpayinfo/feedesc')} {_text(app, 'wcpayinfo/pay_memo')}".strip())
    if kind in (Kind.TEXT, Kind.PAT):
        return AppMessage(text=title)
    return AppMessage(text="\n".join(filter(None, (title, url))), title=title or None, url=url)


def _parsed(xml: str) -> ElementTree.Element | None:
    start = xml.find("<")
    if start < 0 or "<!DOCTYPE" in xml or "<!ENTITY" in xml:  # hostile XML can expand without end
        return None
    try:
        return ElementTree.fromstring(xml[start:])
    except ElementTree.ParseError:
        return None


def _text(node: ElementTree.Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _quote(app: ElementTree.Element) -> tuple[Quote | None, str | None]:
    refer = app.find("refermsg")
    if refer is None:
        return None, None
    content = _text(refer, "content")
    if content.startswith("<"):  # the quoted message is no text itself
        inner = _parsed(content)
        content = _text(inner, ".//title") if inner is not None else ""
    words = content or _MEDIA_WORDS.get(_text(refer, "type"), "")
    return Quote(sender=_text(refer, "displayname"), text=words), _text(refer, "svrid") or None


_MEDIA_WORDS = {"3": "[图片]", "34": "[语音]", "43": "[视频]", "47": "[动画表情]", "48": "[位置]"}


def _forwarded(recorditem: str, summary: str) -> list[str]:
    record = _parsed(recorditem)
    lines = []
    for item in record.iterfind(".//dataitem") if record is not None else ():
        words = _text(item, "datadesc") or _text(item, "datatitle") or _DATA_WORDS.get(item.get("datatype", ""), "")
        lines.append(f"{_text(item, 'sourcename')} {_text(item, 'sourcetime')}: {words}")
    return lines or summary.split("\n")


_DATA_WORDS = {
    "2": "[图片]",
    "4": "[视频]",
    "5": "[链接]",
    "6": "[位置]",
    "8": "[文件]",
    "17": "[聊天记录]",
    "22": "[视频号]",
    "37": "[动画表情]",
}


def data_word(code: str) -> str:
    """What stands for a part of a forwarded record that is no text, by its DataType."""
    return _DATA_WORDS.get(code, "")


_ABOVE = re.compile(r"^「(.{1,64}?)[：:](.*?)」\s*\n(?:- ){5,}-?\s*\n(.*)\Z", re.DOTALL)


def split_quote_above(text: str) -> tuple[str, Quote | None]:
    """(own words, quote) of "「名：文」\\n- - - - -\\n…", as WeChat itself writes a quote into text."""
    found = _ABOVE.match(text)
    return (found[3], Quote(sender=found[1], text=found[2])) if found else (text, None)
