"""The plain-text rendering of messages that chatlog's CSV and text share."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.model import Kind
from pipeline.readers._format import Quote, Rendered
from pipeline.readers._kinds import kind_of_word
from pipeline.readers._times import fixed
from pipeline.readers._wechat import ANNOUNCEMENT

_QUOTE_HEAD = re.compile(r"^> (.*?)(?:\(([^()]+)\))? ((?:\d{4}-)?(?:\d\d-\d\d )?\d\d:\d\d:\d\d)$")
_LONGEST_CARD = 4_000  # characters of a card's line; addresses are shorter, and the pattern takes long on what is not
_CARD = re.compile(r"^!?\[(?P<word>[^\]|\n]{1,12})(?:\|(?P<title>[^\n]*?))?\](?:\((?P<url>[^\n]*)\))?(?P<rest>\n.*)?\Z", re.DOTALL)


def read_content(content: str, sent_at: datetime, tz: ZoneInfo) -> Rendered:
    """What a rendered message says."""
    if content.startswith("> ") and (quoted := _quoted(content, sent_at, tz)):
        quote, own = quoted
        return Rendered(text=own, quote=quote)
    found = _CARD.match(content) if content.startswith(("[", "![")) and len(content.partition("\n")[0]) <= _LONGEST_CARD else None
    kind = kind_of_word(found["word"]) if found else Kind.OTHER
    if found is None or (kind is Kind.OTHER and found["word"] != "群公告"):
        return Rendered(text=content)
    title, url = (found["title"] or "").strip() or None, (found["url"] or "").strip() or None
    if found["word"] == "群公告":
        return Rendered(text=ANNOUNCEMENT + ((found["rest"] or "").strip() or title or ""))
    if kind is Kind.LOCATION:
        label = (title or "").partition("|")[0] or None
        return Rendered(text=label or content, kind=kind, title=label)
    if kind is Kind.FORWARD:
        return Rendered(text="\n".join(filter(None, (title, _parts(found["rest"] or "")))), kind=kind, title=title)
    if kind is Kind.FILE:
        return Rendered(text=title or content, kind=kind, file_name=title)
    if kind in (Kind.LINK, Kind.CARD):
        return Rendered(text="\n".join(filter(None, (title, url))) or content, kind=kind, title=title, url=url)
    if kind is Kind.TEXT:
        return Rendered(text=content)
    return Rendered(text=f"[{found['word']}]", kind=kind)  # the address of a picture on the exporting computer is of no use


def _parts(rest: str) -> str:
    """The forwarded messages, one a line: "  name time" with the text below it."""
    lines: list[str] = []
    for part in re.split(r"\n\s*\n", rest.strip("\n")):
        head, *body = [line.strip() for line in part.strip("\n").split("\n")]
        words = " ".join(re.sub(r"^!?\[([^\]|]+)\]\([^)]*\)$", r"[\1]", line) for line in body)
        if head:
            lines.append(f"{head}: {words}" if words else head)
    return "\n".join(lines)


def _quoted(content: str, sent_at: datetime, tz: ZoneInfo) -> tuple[Quote, str] | None:
    lines = content.split("\n")
    head = _QUOTE_HEAD.match(lines[0])
    if head is None:
        return None
    count = 1
    while count < len(lines) and lines[count].startswith("> "):
        count += 1
    words = "\n".join(line[2:] for line in lines[1:count])
    words = re.sub(r"^!?\[([^\]|]+)(?:\|[^\]]*)?\]\([^)]*\)$", r"[\1]", words)
    return Quote(text=words, sender=head[2] or head[1], sent_at=_time(head[3], sent_at, tz)), "\n".join(lines[count:])


def _time(text: str, sent_at: datetime, tz: ZoneInfo) -> datetime | None:
    """The quoted message's time; what it leaves out (year, day) is the quoting message's."""
    local = sent_at.astimezone(tz)
    full = {8: f"{local:%Y-%m-%d} {text}", 14: f"{local:%Y}-{text}"}.get(len(text), text)
    try:
        return fixed(datetime.fromisoformat(full).replace(tzinfo=tz))
    except ValueError:
        return None
