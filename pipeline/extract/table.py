"""One chat as arrays: what the models of this stage know about each message before they compare two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.extract import cues
from pipeline.model import Kind, Message
from pipeline.patterns import Patterns
from pipeline.text import cjk_share, clean, grams, is_placeholder, urls

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

BURST_GAP_S = 120  # two messages of one sender this near are one turn…
BURST_OTHERS = 3  # …if at most so many messages of others lie between
READ_CHARS = 600  # of a very long message the cues are read in its beginning

_CUES: dict[str, re.Pattern[str]] = {
    "mark": cues.MARK, "ask_word": cues.ASK_WORD, "ask_opening": cues.ASK_OPENING, "ask_ending": cues.ASK_ENDING, "particle": cues.PARTICLE,
    "clause_end": cues.CLAUSE_END, "either": cues.EITHER, "ellipsis": cues.ELLIPSIS, "anyone": cues.ANYONE,
    "same_trouble": cues.SAME_TROUBLE, "trouble": cues.TROUBLE, "thanks": cues.THANKS, "solved": cues.SOLVED,
    "ack": cues.ACK, "correction": cues.CORRECTION, "retraction": cues.RETRACTION, "deferral": cues.DEFERRAL, "guess": cues.GUESS,
    "points_back": cues.POINTS_BACK, "joke": cues.JOKE, "explain": cues.EXPLAIN, "number": cues.NUMBER, "code": cues.CODE,
    "list": cues.LIST, "heading": cues.HEADING,
}  # fmt: skip
_PATTERNS = Patterns(list(_CUES.values()))
_OTHER = (
    "length",
    "lines",
    "url",
    "mentions",
    "quotes",
    "text",
    "media",
    "system",
    "chinese",
    "burst_first",
    "burst_last",
    "burst_place",
    "burst_length",
)
OWN = (*_CUES, *_OTHER)  # the names of the columns of `own`
COLUMN = {name: i for i, name in enumerate(OWN)}

_MEDIA = frozenset({Kind.IMAGE, Kind.STICKER, Kind.VIDEO, Kind.REDPACKET, Kind.TRANSFER, Kind.PAT, Kind.RECALL, Kind.CALL})


@dataclass(frozen=True, kw_only=True)
class ChatTable:
    """Row i = message i. `own` holds the cues and the shape of each message."""

    messages: Sequence[Message]
    texts: Sequence[str]
    seconds: NDArray[np.float64]
    sender: Ints
    sender_ids: Sequence[str]  # number → id
    burst: Ints
    reply: Ints  # row of the visibly quoted message, -1: none
    mentions: Sequence[frozenset[int]]  # sender numbers that the text addresses
    own: Floats
    tokens: Sequence[frozenset[str]]
    rarity: dict[str, float]  # gram → idf
    standing: Floats  # mean length of the sender's messages of some length: who explains in this chat

    def column(self, name: str) -> Floats:
        return self.own[:, COLUMN[name]]


def read_table(messages: Sequence[Message]) -> ChatTable:
    """The chat's table."""
    texts = [clean(m.text) for m in messages]
    numbers: dict[str, int] = {}
    sender = np.array([numbers.setdefault(m.sender_id, len(numbers)) for m in messages], dtype=np.int64)
    seconds = np.array([m.sent_at.timestamp() for m in messages], dtype=np.float64)
    row = {m.id: i for i, m in enumerate(messages)}
    reply = np.array([row.get(m.reply_to, -1) if m.reply_to else -1 for m in messages], dtype=np.int64)
    burst = _bursts(sender, seconds, messages)
    tokens = [frozenset(grams(t[:READ_CHARS])) for t in texts]
    return ChatTable(
        messages=messages, texts=texts, seconds=seconds, sender=sender, sender_ids=list(numbers), burst=burst, reply=reply,
        mentions=_mentions(messages, numbers), own=_own(messages, texts, burst, reply), tokens=tokens,
        rarity=_rarity(tokens), standing=_standing(sender, texts, messages),
    )  # fmt: skip


def _bursts(sender: Ints, seconds: NDArray[np.float64], messages: Sequence[Message]) -> Ints:
    """Number of the turn that each message belongs to."""
    burst = np.zeros(len(sender), dtype=np.int64)
    last: dict[int, int] = {}
    for i, who in enumerate(sender.tolist()):
        before = last.get(who)
        joins = (
            before is not None
            and seconds[i] - seconds[before] <= BURST_GAP_S
            and i - before <= BURST_OTHERS + 1
            and not messages[i].is_system
        )
        burst[i] = burst[before] if joins and before is not None else i
        last[who] = i
    return burst


def _mentions(messages: Sequence[Message], numbers: dict[str, int]) -> list[frozenset[int]]:
    """Who is addressed: ids that the export gives, and @names that begin with, or are, a sender's name."""
    names: dict[str, set[int]] = {}
    for m in messages:
        if m.sender:
            names.setdefault(m.sender, set()).add(numbers[m.sender_id])
    found = []
    for m in messages:
        who = {numbers[x] for x in m.mentions if x in numbers}
        if "@" in m.text:
            for part in m.text.split("@")[1:17]:
                hit = next((n for n in (part[:k] for k in range(min(len(part), 24), 1, -1)) if n in names), None)
                if hit:
                    who |= names[hit]
        found.append(frozenset(who))
    return found


def _own(messages: Sequence[Message], texts: Sequence[str], burst: Ints, reply: Ints) -> Floats:
    size, first = np.bincount(burst, minlength=len(messages) + 1), burst == np.arange(len(messages))
    place: dict[int, int] = {}
    known: dict[str, list[float]] = {}
    silent = [0.0] * len(_CUES)
    rows: list[list[float]] = []
    for i, (m, text) in enumerate(zip(messages, texts, strict=True)):
        head = text[:READ_CHARS]
        marks = silent
        if m.kind not in _MEDIA and not m.is_system and not is_placeholder(text):
            marks = known.get(head) or known.setdefault(head, _PATTERNS.found(head))
        k = place[int(burst[i])] = place.get(int(burst[i]), -1) + 1
        rows.append([
            *marks, np.log1p(len(text)), min(m.text.count("\n"), 9), bool(m.url or urls(head)), "@" in text, reply[i] >= 0,
            m.kind is Kind.TEXT, m.kind in _MEDIA, m.is_system, cjk_share(head), first[i], k == size[burst[i]] - 1, k, size[burst[i]],
        ])  # fmt: skip
    return np.array(rows, dtype=np.float32).reshape(len(messages), len(OWN))


def _rarity(tokens: Sequence[frozenset[str]]) -> dict[str, float]:
    seen: dict[str, int] = {}
    for found in tokens:
        for gram in found:
            seen[gram] = seen.get(gram, 0) + 1
    return {gram: float(np.log(len(tokens) / n)) for gram, n in seen.items()}


def _standing(sender: Ints, texts: Sequence[str], messages: Sequence[Message]) -> Floats:
    if not len(sender):
        return np.zeros(0, dtype=np.float32)
    length = np.array([min(len(t), 200) if m.kind is Kind.TEXT else 0 for t, m in zip(texts, messages, strict=True)], dtype=np.float64)
    told = length >= 8
    total, count = np.bincount(sender, weights=length * told), np.bincount(sender, weights=told.astype(float))
    return ((total + 3 * 20) / (count + 3))[sender].astype(np.float32)  # three messages of middling length as a prior
