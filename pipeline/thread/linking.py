"""The parent of each message: its quote, whom it names, else what was said just before."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.model import Message, ReplyLink
from pipeline.thread.addressing import How, find_addressees, number_senders

MENTION_MINUTES = 60.0


def link_messages(messages: Sequence[Message], pause_minutes: float) -> list[ReplyLink]:
    senders = number_senders(messages)
    named = find_addressees(messages, senders)
    row = {m.id: i for i, m in enumerate(messages)}
    last_of: dict[int, int] = {}
    links, previous = [], -1
    for i, m in enumerate(messages):
        link = ReplyLink(message_id=m.id, parent_id=None)
        if not m.is_system:
            quoted = row.get(m.reply_to, i) if m.reply_to else i
            spoken_to = [last_of[a.sender] for a in named[i] if a.how >= How.LEADING and a.sender in last_of]
            if quoted != i:
                link = ReplyLink(message_id=m.id, parent_id=messages[quoted].id, by="quote")
            elif spoken_to and _minutes(messages, max(spoken_to), i) <= MENTION_MINUTES:
                link = ReplyLink(message_id=m.id, parent_id=messages[max(spoken_to)].id, by="mention", confidence=0.8)
            elif previous >= 0 and _minutes(messages, previous, i) <= pause_minutes:
                link = ReplyLink(message_id=m.id, parent_id=messages[previous].id, by="model", confidence=0.6)
            previous = i
            last_of[senders[i]] = i
        links.append(link)
    return links


def _minutes(messages: Sequence[Message], a: int, b: int) -> float:
    return abs((messages[b].sent_at - messages[a].sent_at).total_seconds()) / 60
