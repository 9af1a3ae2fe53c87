"""A line in each platform's own markup. Chat text is escaped or, where a platform knows no escape, made harmless.

WeCom, DingTalk and Slack have no escape character: there, a character that would open markup is replaced by its
full-width twin, and only where it would really open markup, so that quotations stay readable.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape as html_escape
from typing import Literal

from pipeline.deliver.document import Line, Span
from pipeline.text import urls

Markup = Literal["plain", "wecom", "dingtalk", "telegram", "discord", "slack"]

_DISCORD = re.compile(r"[\\*_~`|<>\[\]#]")
_PAIRED = re.compile(r"[*`~]")
_TWIN = str.maketrans({"*": "＊", "`": "｀", "~": "～", "[": "［", "]": "］", "<": "＜", ">": "＞", "#": "＃", "_": "＿"})
_TAG = re.compile(r"<(?=[A-Za-z/!@#])")
_EDGE_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")


@lru_cache(maxsize=8192)
def paint(line: Line, markup: Markup) -> str:
    """The line as the platform wants it; an empty line stays empty."""
    body = "".join(_span(span, markup) for span in line.spans)
    mark = _mark(line, markup)
    if not mark and markup in ("wecom", "dingtalk", "discord"):
        body = _line_start(body, markup)
    return mark + body


def _mark(line: Line, markup: Markup) -> str:
    mark = line.mark
    if mark == "> ":
        return "> " if markup in ("wecom", "dingtalk", "discord") else ""
    if markup == "wecom" and line.depth:
        return "> "  # no nested lists there: answers stand as a quotation under their question
    indent = "  " * line.depth + ("  " if not mark and line.depth else "")
    if mark == "- ":
        return indent + ("- " if markup in ("dingtalk", "discord") else "· ")
    return indent + mark


def _span(span: Span, markup: Markup) -> str:
    text = harmless(span.text, markup)
    if not text:
        return ""
    if span.url and markup != "plain":
        return _link(span, text, markup)
    if span.url and span.url.rstrip("/") != span.text.rstrip("/"):
        text = f"{text} {span.url} "
    if span.bold:
        left, right = {"telegram": ("<b>", "</b>"), "slack": ("*", "*"), "plain": ("", "")}.get(markup, ("**", "**"))
        return f"{left}{text}{right}"
    if span.code:
        left, right = {"telegram": ("<code>", "</code>"), "plain": ("", "")}.get(markup, ("`", "`"))
        return f"{left}{text}{right}"
    return text


def _link(span: Span, text: str, markup: Markup) -> str:
    url = (span.url or "").replace(" ", "%20").replace(")", "%29").replace("(", "%28").replace("<", "%3C").replace(">", "%3E")
    match markup:
        case "telegram":
            link = f'<a href="{html_escape(url)}">{text}</a>'
            return f"<b>{link}</b>" if span.bold else link
        case "slack":
            return f"<{html_escape(url, quote=False).replace('|', '%7C')}|{text.replace('|', '／')}>"
        case "discord" if span.url == span.text:
            return span.url  # as a masked link Discord would show the address twice
        case _:
            link = f"[{text}]({url})"
            return f"**{link}**" if span.bold else link


def harmless(text: str, markup: Markup) -> str:
    """Text that the platform shows as it is; web addresses are left whole, so that they stay clickable."""
    match markup:
        case "plain":
            return text
        case "telegram":
            return html_escape(text, quote=False)
        case "slack":
            return html_escape(_twins(text, underscores=True), quote=False)
    found: list[str] = []
    rest = text
    for url in urls(text):
        before, _, rest = rest.partition(url)
        found += [_escaped(before, markup), url]
    return "".join([*found, _escaped(rest, markup)])


def _escaped(text: str, markup: Markup) -> str:
    return _DISCORD.sub(r"\\\g<0>", text) if markup == "discord" else _twins(text)


def _twins(text: str, underscores: bool = False) -> str:
    """Full-width twins for characters that would open markup here."""
    if len(_PAIRED.findall(text)) > 1:
        text = _PAIRED.sub(lambda m: m.group().translate(_TWIN), text)
    if "](" in text:
        text = text.replace("[", "［").replace("](", "］(")
    if underscores:
        text = _EDGE_UNDERSCORE.sub("＿", text)
    return _TAG.sub("＜", text)


def _line_start(body: str, markup: Markup) -> str:
    """A line that begins like a heading or a quotation is not one."""
    if body[:1] not in ("#", ">", "-", "+"):
        return body
    return f"\\{body}" if markup == "discord" else body[0].translate(str.maketrans("#>-+", "＃＞－＋")) + body[1:]
