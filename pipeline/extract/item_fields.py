# ruff: noqa: E501  (a pattern is easier to read on one line)
"""The computed fields of an item: address, title, moment, place, who."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.model import ItemKind, Message
from pipeline.moments import deadline, main_moment, main_time, sentence_around
from pipeline.text import urls

_UNKNOWN = r"(?!不变|照旧|待定|另行|另定|tba|tbd|unchanged|the same)"
_PLACE_MARK = re.compile(
    rf"(?:(?:地点|地址|集合点)(?:\s*[:：]|在|是)?|(?:场地|位置)\s*(?:[:：]|在|是))\s*{_UNKNOWN}(?P<place>[^\s,，。;；!！()（）\n]{{2,24}})"
)
_PLACE_MARK_EN = re.compile(
    rf"\b(?:venue|location|(?:new )?place|where)\s*(?::|\bis\b)\s*{_UNKNOWN}(?P<place>[^,.;!()\n]{{2,40}})", re.IGNORECASE
)
_PLACE_NAME = re.compile(
    r"(?:在|到|去|于|,|，|\s|^)(?P<place>[A-Za-z0-9\u4e00-\u9fff·]{2,14}?(?:\d{1,2}楼|[一二三四五六]楼|店|厅|馆|教室|会议室|广场|咖啡|[A-Z\d]口|公园|校区|中心|酒店|书店|礼堂|站|露台|门口|空间)(?:\d{1,2}楼|[一二三四五六]楼|主厅|分厅|[A-Z\d]口)?)"
)
_PLACE_EN = re.compile(
    r"\b(?:at|in|to)\s+(?:the\s+)?(?P<place>(?:[A-Z][\w'’]+\s?){1,4}(?:Hall|Library|Cafe|Café|Centre|Center|Room|Studio|House|School|Park|Garden|Lane|Street|Office)(?:,? ?Studio \d)?)"
)
_ADDRESS = re.compile(r"https?://\S*")
_NO_PLACE = re.compile(r"\d[月号日点折]|预计|几|什么|哪|[两各每]家|[把我你这那以按]")  # "预计4月2号到店"
_UNCHANGED = re.compile(r"^(?:(?:地点|时间)?不变|还是|仍(?:然|是)?|改(?:到|为|在|成)|[,，:：、\s])+")
_PLAIN_TITLE = re.compile(r"《([^》]{2,60})》|【([^】]{2,40})】|\[(?:链接|文件|腾讯文档|飞书)[^\]]*\]\s*([^\n]{2,60})")


def address_of(messages: Sequence[Message]) -> str | None:
    """The first web address of the messages."""
    return next((a for m in messages for a in ([m.url] if m.url else urls(m.text))), None)


def title_of(messages: Sequence[Message]) -> str | None:
    """What the export calls the link or file, else what the text sets in title brackets."""
    given = next((t for m in messages for t in (m.title, m.file_name) if t), None)
    if given:
        return given
    found = next((f for m in messages if (f := _PLAIN_TITLE.search(m.text))), None)
    title = next((g for g in found.groups() if g), "") if found else ""
    return _ADDRESS.sub("", title).strip() or None


def when_of(messages: Sequence[Message]) -> str | None:
    return next((w for m in messages if (w := main_time(m.text, m.sent_at))), None)


def due_of(messages: Sequence[Message]) -> str | None:
    return next((w for m in messages if (w := deadline(m.text, m.sent_at))), None)


def place_of(messages: Sequence[Message]) -> str | None:
    """A place in the messages' own words: one that is called so, else one in the sentence that says when ("葑门店水管爆了" is not where)."""
    for m in messages:
        when = main_moment(m.text, m.sent_at)
        said = sentence_around(m.text, when.start, when.end) if when else ""
        for pattern, text in ((_PLACE_MARK, m.text), (_PLACE_MARK_EN, m.text), (_PLACE_NAME, said), (_PLACE_EN, said)):
            for found in pattern.finditer(text):
                place = _UNCHANGED.sub("", found["place"]).strip()
                if place and not _NO_PLACE.search(place):
                    return place
    return None


_SELF = re.compile(r"我(?!们)|\b(?:i|i'll|i’ll|me)\b", re.IGNORECASE)


def who_of(kind: ItemKind, message: Message, named: Sequence[str]) -> tuple[str, ...]:
    """Sender ids: who does it (an action: those whom it names, unless the sender speaks of doing it), else who said it."""
    if kind == "action" and named and not _SELF.search(message.text):
        return tuple(named)
    return (message.sender_id,)
