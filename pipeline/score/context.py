"""Where a message stands: its neighbours, its burst, its echoes, what is said back to it, how rare its words are.

All from the order, the clock and the visible quotes and mentions, so that it is the same whatever the thread stage says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Message
from pipeline.score.cues import COLUMN, Table, own_words
from pipeline.text import count, grams

BURST_SECONDS = 120.0  # one sender's messages closer than this are one utterance in pieces
ECHO_MESSAGES = 10  # "+1" and repeated jokes come right after each other
REPLY_MESSAGES = 8  # unquoted reactions mostly come within the next few messages
REPLY_SECONDS = 600.0

CONTEXT: tuple[str, ...] = (
    "gap_before", "gap_after", "same_before", "same_after", "burst_length", "burst_place", "burst_chars",
    "echo_before", "echo_after", "repeats", "rarity", "rare_sum", "new_share", "quoted", "quotes", "mentioned_later", "reactions",
    "thanked", "acked", "laughed_at", "asked_back", "corrected", "sender_share", "sender_length", "sender_silent", "chat_place",
    "hour_night", "speakers_near", "pace", "shares_words_before", "shares_words_after", "standing", "role",
)  # fmt: skip


def context_table(messages: Sequence[Message], cues: Table, standing: Mapping[str, float]) -> Table:
    """[messages, len(CONTEXT)]"""
    n = len(messages)
    columns = {name: np.zeros(n, dtype=np.float32) for name in CONTEXT}
    if n:
        seconds = np.array([m.sent_at.timestamp() for m in messages])
        _, sender = np.unique([m.sender_id or m.sender for m in messages], return_inverse=True)
        own = {(m.text, m.kind, m.title): m for m in messages}
        said = {key: own_words(m) for key, m in own.items()}
        words = [said[m.text, m.kind, m.title] for m in messages]
        _clock(columns, seconds, sender, cues)
        columns["hour_night"][:] = [m.sent_at.hour >= 23 or m.sent_at.hour < 7 for m in messages]
        _echoes(columns, words, sender)
        _rarity(columns, words)
        _reactions(columns, messages, seconds, sender, cues)
        _senders(columns, messages, sender, cues, standing)
    return np.column_stack(list(columns.values())).astype(np.float32) if n else np.zeros((0, len(CONTEXT)), dtype=np.float32)


def _clock(columns: dict[str, Table], seconds: NDArray[np.float64], sender: NDArray[np.int64], cues: Table) -> None:
    n = len(seconds)
    gap = np.diff(seconds, prepend=seconds[0] - 3600)
    same = np.concatenate([[False], sender[1:] == sender[:-1]])
    columns["gap_before"][:] = np.log1p(np.clip(gap, 0, 36000))
    columns["gap_after"][:-1] = columns["gap_before"][1:]
    columns["gap_after"][-1] = np.log1p(3600)
    columns["same_before"][:] = same
    columns["same_after"][:-1] = same[1:]
    starts = np.flatnonzero(~(same & (gap <= BURST_SECONDS)))
    burst = np.searchsorted(starts, np.arange(n), side="right") - 1
    sizes = np.bincount(burst)
    columns["burst_length"][:] = np.minimum(sizes[burst], 12)
    columns["burst_place"][:] = np.minimum(np.arange(n) - starts[burst], 12)
    chars = np.expm1(cues[:, COLUMN["log_length"]])
    columns["burst_chars"][:] = np.log1p(np.bincount(burst, weights=chars)[burst])
    columns["chat_place"][:] = np.arange(n) / max(1, n)
    for back in range(1, 7):
        columns["speakers_near"][back:] += sender[back:] != sender[:-back]
    window = np.minimum(np.arange(n), 10)
    columns["pace"][:] = np.log1p(np.clip(seconds - seconds[np.arange(n) - window], 0, 36000))


def _echoes(columns: dict[str, Table], words: Sequence[str], sender: NDArray[np.int64]) -> None:
    last: dict[str, int] = {}
    times = count(words)
    for i, text in enumerate(words):
        if not text:
            continue
        j = last.get(text)
        if j is not None and i - j <= ECHO_MESSAGES and sender[i] != sender[j]:
            columns["echo_before"][i] = 1
            columns["echo_after"][j] = 1
        last[text] = i
        columns["repeats"][i] = min(8, times[text] - 1)


def _rarity(columns: dict[str, Table], words: Sequence[str]) -> None:
    """Mean and sum of the words' inverse document frequency in this chat; the share never seen before in it."""
    pieces = [set(grams(text)) for text in words]
    frequency: dict[str, int] = {}
    for one in pieces:
        for gram in one:
            frequency[gram] = frequency.get(gram, 0) + 1
    top = np.log1p(len(words))
    weight = {gram: float(top - np.log(f)) for gram, f in frequency.items()}
    seen: set[str] = set()
    recent: list[set[str]] = []
    for i, one in enumerate(pieces):
        if one:
            weights = [weight[g] for g in one]
            columns["rarity"][i] = sum(weights) / len(weights) / top
            columns["rare_sum"][i] = np.log1p(sum(weights))
            columns["new_share"][i] = len(one - seen) / len(one)
            for back, other in enumerate(reversed(recent)):
                shared = sum(weight[g] for g in one & other)
                if shared:
                    j = i - 1 - back
                    columns["shares_words_before"][i] = max(columns["shares_words_before"][i], np.log1p(shared))
                    columns["shares_words_after"][j] = max(columns["shares_words_after"][j], np.log1p(shared))
        seen |= one
        recent = [*recent[-(REPLY_MESSAGES - 1) :], one]


def _reactions(
    columns: dict[str, Table], messages: Sequence[Message], seconds: NDArray[np.float64], sender: NDArray[np.int64], cues: Table
) -> None:
    """Thanks, short yeses, laughter, questions and corrections that follow; a quoting message counts three times one that is near."""
    row = {m.id: i for i, m in enumerate(messages)}
    who = {m.sender_id: int(s) for m, s in zip(messages, sender, strict=True)}
    answers = {
        "thanked": "thanks", "acked": "ack", "laughed_at": "laugh", "asked_back": "question_mark", "corrected": "correction"
    }  # fmt: skip
    marks = {name: cues[:, COLUMN[cue]] for name, cue in answers.items()}
    n = len(messages)
    for ahead in range(1, min(REPLY_MESSAGES, n - 1) + 1):
        near = np.flatnonzero((seconds[ahead:] - seconds[:-ahead] <= REPLY_SECONDS) & (sender[ahead:] != sender[:-ahead]))
        for name, mark in marks.items():
            columns[name][near] += mark[near + ahead] / ahead
    for i, message in enumerate(messages):
        if message.reply_to in row:
            parent = row[message.reply_to]
            columns["quoted"][parent] += 1
            columns["quotes"][i] = 1
            for name, mark in marks.items():
                columns[name][parent] += 3 * mark[i]
        for member in message.mentions:
            if member in who:
                before = np.flatnonzero(sender[max(0, i - 30) : i] == who[member])
                if len(before):
                    columns["mentioned_later"][max(0, i - 30) + int(before[-1])] += 1
        columns["reactions"][i] = np.log1p(sum(times for _, times in message.reactions))


def _senders(
    columns: dict[str, Table], messages: Sequence[Message], sender: NDArray[np.int64], cues: Table, standing: Mapping[str, float]
) -> None:
    times = np.bincount(sender)
    columns["sender_share"][:] = np.log1p(times[sender] / len(sender) * len(times))
    columns["sender_length"][:] = (np.bincount(sender, weights=cues[:, COLUMN["log_length"]]) / times)[sender]
    columns["sender_silent"][:] = times[sender] <= 2
    columns["standing"][:] = [standing.get(m.sender_id, 0.0) for m in messages]
    columns["role"][:] = [float(m.role in ("owner", "admin")) for m in messages]
