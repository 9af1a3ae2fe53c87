"""The table that the trees read: cues, context and meaning of a message, of its neighbours and of its sender.

`SIGNAL` says under which name each column's part of a value is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Message
from pipeline.score.around import AROUND
from pipeline.score.context import CONTEXT
from pipeline.score.cues import CUES, Table
from pipeline.score.meaning import TARGETS, shifted

NEAR = CONTEXT[:8]  # what of the context is also told of the neighbours
OWN_SECONDS = 3600.0  # a sender's messages within an hour belong to one stay in the chat

_PLACES = ("before", "after", "near", "around")
_STAYS = ("sender", "own_before", "own_after", "own_near", "own_best")
COLUMNS: tuple[str, ...] = (
    *CUES,
    *CONTEXT,
    *(f"before.{c}" for c in CUES),
    *(f"after.{c}" for c in CUES),
    *(f"before.{c}" for c in NEAR),
    *(f"after.{c}" for c in NEAR),
    *(f"meaning.{t}" for t in TARGETS),
    *(f"{where}.meaning.{t}" for where in (*_PLACES, *_STAYS) for t in TARGETS),
)  # fmt: skip


# What noise and value are judged by: also the conversation around. The other models do worse, or no better, with that.
WIDE: tuple[str, ...] = (*COLUMNS, *AROUND)


def score_table(messages: Sequence[Message], cues: Table, context: Table, meaning: Table) -> Table:
    """[messages, len(COLUMNS)]; `around.around_table` has the rest of WIDE."""
    near = sum((shifted(meaning, k) for k in (-3, -2, -1, 1, 2, 3)), np.zeros_like(meaning)) / 6
    around = sum((shifted(meaning, k) for k in range(-8, 9) if k), np.zeros_like(meaning)) / 16
    few = context[:, : len(NEAR)]
    return np.column_stack(
        [
            cues, context, shifted(cues, 1), shifted(cues, -1), shifted(few, 1), shifted(few, -1),
            meaning, shifted(meaning, 1), shifted(meaning, -1), near, around, *_of_sender(messages, meaning),
        ]
    )  # fmt: skip


def _of_sender(messages: Sequence[Message], meaning: Table) -> list[Table]:
    """Of the sender's other messages: the mean of all; the one before, the one after, mean and best of the three on each side."""
    n = len(messages)
    if not n:
        return [meaning] * 5
    _, sender = np.unique([m.sender_id or m.sender for m in messages], return_inverse=True)
    times = np.bincount(sender)[:, None]
    sums = np.zeros((len(times), meaning.shape[1]))
    np.add.at(sums, sender, meaning)
    overall = meaning.mean(axis=0)
    others = (sums[sender] - meaning + overall) / times[sender]
    order = np.lexsort((np.arange(n), sender))
    sorted_meaning, who = meaning[order], sender[order]
    seconds = np.array([messages[i].sent_at.timestamp() for i in order])
    found: dict[int, tuple[Table, NDArray[np.bool_]]] = {}
    for step in (-3, -2, -1, 1, 2, 3):
        there = np.zeros(n, dtype=bool)
        if abs(step) < n:
            a, b = (slice(step, None), slice(None, -step)) if step > 0 else (slice(None, step), slice(-step, None))
            there[a] = (who[a] == who[b]) & (np.abs(seconds[a] - seconds[b]) < OWN_SECONDS)
        found[step] = (np.where(there[:, None], shifted(sorted_meaning, step), np.nan), there)
    stack = np.stack([rows for rows, _ in found.values()])
    any_there = np.any([there for _, there in found.values()], axis=0)[:, None]
    counts = np.maximum(1, np.sum([there for _, there in found.values()], axis=0))[:, None]
    mean = np.where(any_there, np.nansum(stack, axis=0) / counts, overall)
    best = np.where(any_there, np.max(np.nan_to_num(stack, nan=-9.0), axis=0), overall)
    before = np.where(found[1][1][:, None], found[1][0], overall)
    after = np.where(found[-1][1][:, None], found[-1][0], overall)
    back = np.empty(n, dtype=np.int64)
    back[order] = np.arange(n)
    return [others.astype(np.float32), *(t[back].astype(np.float32) for t in (before, after, mean, best))]


_GROUPS: dict[str, str] = {
    "question": "question_mark question_end question_word yes_no asks_all english_question rhetorical",
    "answer": "advice reason steps experience hedge late_answer back_reference enumerates quotes_phrase code",
    "correction": "correction retracts",
    "plan": "announces date_time commits assigns decides",
    "resource": "resource link job kind_link kind_file kind_card",
    "report": "bug solved",
    "density": "log_length lines digits latin cjk punctuation burst_length burst_place burst_chars bare list_mark "
    "kind_voice kind_image kind_forward kind_video",
    "novelty": "rarity rare_sum new_share repeats echo_before echo_after",
    "reactions": "quoted mentioned_later reactions thanked acked laughed_at asked_back quotes mentions",
    "corrected_later": "corrected",
    "small_talk": "thanks ack praise laugh greeting mourns meme exclaims trails_off emoji faces presence second_person first_person "
    "kind_sticker chain check_in red_packet kind_redpacket",
    "selling": "contact price promotes",
    "quarrel": "insults you_attack calms apologises",
    "private": "family health private_money private_request",
    "sender": "sender_share sender_length sender_silent standing role",
    "moment": "gap_before gap_after same_before same_after chat_place hour_night speakers_near pace shares_words_before shares_words_after",
}
_OF = {column: signal for signal, columns in _GROUPS.items() for column in columns.split()}


def _signal(column: str) -> str:
    where, _, rest = column.partition(".")
    if where == "meaning":
        return {"question": "question", "ad": "selling", "conflict": "quarrel", "private": "private"}.get(rest, "meaning")
    if where in _STAYS or rest.startswith("own_"):
        return "sender"
    if rest:
        return "conversation"
    return _OF[column]


SIGNAL: dict[str, str] = {column: _signal(column) for column in WIDE}
SIGNALS: tuple[str, ...] = tuple(dict.fromkeys(SIGNAL.values()))
