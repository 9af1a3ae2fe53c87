"""The plain-text rendering of messages that wx-cli's formats share."""

from __future__ import annotations

import re
from datetime import datetime

from pipeline.model import Kind
from pipeline.readers._format import Draft, Quote
from pipeline.readers._kinds import is_notice, is_pat, kind_of_notice, kind_of_word, placeholder, read_placeholder, strip_word

_QUOTED = re.compile(r"^\[引用\] (.*?)\n\s*↳ ([^\n]{1,64}?): (.*)\Z", re.DOTALL)
_COUNT = re.compile(r" \(\d+条\)$")
_FILE = re.compile(r"^\[文件\] (.+?) \([\d.]+ ?[KMGT]?B[^)]*\)$")


def read_content(
    content: str,
    *,
    line: int,
    sent_at: datetime,
    sender: str,
    sender_id: str = "",
    aliases: tuple[str, ...] = (),
    word: str = "",
    url: str | None = None,
) -> Draft:
    """A message from its rendered content, and the exporter's word for its kind where it gives one."""
    notice = content.startswith(("[系统]", "[撤回]")) or word in ("系统", "撤回")
    if notice:
        text = strip_word(content) if content.startswith(("[系统]", "[撤回]")) else content
        return Draft(line=line, sent_at=sent_at, sender="", text=text, kind=kind_of_notice(text), mentions=())
    if found := _QUOTED.match(content):
        quote = Quote(sender=found[2], text=found[3])
        return Draft(line=line, sent_at=sent_at, sender=sender, sender_id=sender_id, aliases=aliases, text=found[1], quote=quote)
    kind, title, said_url, file_name = read_placeholder(content)
    kind = kind_of_word(word) if kind_of_word(word) is not Kind.OTHER else kind
    text = strip_word(content) if kind is Kind.LINK else content
    if kind is Kind.LINK and text.startswith('"') and is_pat(text) and is_notice(text):
        kind, title = Kind.PAT, None
    if kind is Kind.FORWARD and title:
        title = _COUNT.sub("", title)
    if kind is Kind.FILE and (sized := _FILE.match(content)):
        file_name = sized[1]
    if kind in (Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.STICKER) and (stands := placeholder(content)) and stands[1].startswith("local_id"):
        text = content.partition(" local_id")[0]
    return Draft(
        line=line,
        sent_at=sent_at,
        sender=sender,
        sender_id=sender_id,
        aliases=aliases,
        text=text,
        kind=kind,
        title=title,
        url=url or said_url,
        file_name=file_name,
    )
