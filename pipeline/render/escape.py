"""Chat text made harmless for each format: what can never be seen is dropped, what would be markup is escaped."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from pipeline.text import urls

# Control characters, direction overrides (they can make a line read as another), and zero-width marks. The joiners
# U+200C and U+200D stay: emoji families and some scripts are made with them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_SPACES = re.compile(r"[ \t\u00a0\u2028\u2029\x85]+")
_MD_SPECIAL = re.compile(r"[\\`*_\[\]<>|~$&#]")
_MD_LINE_START = re.compile(r"^(\s*)([-+=])")
_MD_NUMBER = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)")
LONGEST_URL = 1500


def visible(text: str) -> str:
    """The text without what cannot be seen; line ends as \\n, blanks folded, no empty lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    lines = (_SPACES.sub(" ", _UNSEEN.sub("", line)).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def one_line(text: str) -> str:
    """The visible text on one line."""
    return " ".join(visible(text).split("\n"))


def linked(text: str) -> list[tuple[str, str | None]]:
    """The text in pieces, each with the address it leads to; an address that was cut with "…" leads nowhere."""
    found: list[tuple[str, str | None]] = []
    rest = text
    for url in urls(text):
        before, _, rest = rest.partition(url)
        whole = "…" not in url and not rest.startswith("…")
        found += [(before, None), (url, safe_url(url) if whole else None)]
    return [*found, (rest, None)]


def safe_url(url: str | None) -> str | None:
    """An http(s) address that may be made a link, percent-encoded where markup would break; else None."""
    if not url or len(url) > LONGEST_URL:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return None
    return quote(_UNSEEN.sub("", url.strip()), safe="%:/?#@!$&'*+,;=~-._[]")


def md(text: str) -> str:
    """Text for Markdown: no character of it can become markup; its web addresses become links to themselves."""
    pieces = linked(visible(text))
    return "".join(f"[{_plain_md(said)}]({md_target(url)})" if url else _plain_md(said) for said, url in pieces)


def md_target(url: str) -> str:
    """A checked address inside the parentheses of a Markdown link."""
    return url.replace("(", "%28").replace(")", "%29").replace("*", "%2A").replace("[", "%5B").replace("]", "%5D")


def _plain_md(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        line = _MD_SPECIAL.sub(r"\\\g<0>", line)
        line = _MD_LINE_START.sub(r"\1\\\2", line)
        lines.append(_MD_NUMBER.sub(r"\1\\\2", line))
    return "\n".join(lines)


def md_lines(text: str, indent: int) -> str:
    """Markdown-escaped text of several lines inside a list item: hard breaks, continued under the item."""
    return md(text).replace("\n", "  \n" + " " * indent)


def html_links(text: str) -> Markup:
    """Text for HTML, escaped; its http(s) addresses become links to themselves."""
    link = Markup('<a href="{0}" rel="noopener noreferrer nofollow">{1}</a>')
    return Markup("").join(link.format(url, said) if url else Markup.escape(said) for said, url in linked(visible(text)))


def txt(text: str) -> str:
    """Text for chat apps: as it is, without what cannot be seen."""
    return visible(text)


def txt_lines(text: str, indent: str) -> str:
    """Plain text of several lines, continued under its mark."""
    return visible(text).replace("\n", "\n" + indent)


def json_safe(text: str) -> str:
    """Text that every UTF-8 encoder takes: lone surrogates are dropped."""
    return re.sub("[\ud800-\udfff]", "", text)
