"""A quarrel is one thing, said by its sides: found as a stretch of messages, since few of them are angry by themselves.

Each message brings evidence, log-odds of P(conflict) moved to where a quarrel is as likely as none. A stretch whose
evidence adds up (the maximal scoring segments of Ruzzo & Tompa, ISMB 1999, in one pass) and that two members share is
a quarrel; it begins and ends with what its sides say in a row. Judging each message beside its two neighbours, as
before, found half of them, and took a stranger's question in the middle for a part of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Kind, Message

CORE = 0.5  # P(conflict) from which a message is part of a quarrel
MOVED = 2.0  # log-odds: inside a quarrel the next angry message is that much likelier than anywhere in a chat
LEAST, MOST = -2.0, 3.0  # of one message's evidence
ENOUGH = 5.0  # evidence of a quarrel; falling so far behind its best, it is over
HOSTILE = 0.12  # of the messages have words of a quarrel: customers and clerks, who also speak to and fro, have none
SIDE = 0.5  # evidence of a member who takes part
PAUSE_SECONDS = 600.0  # ends a quarrel
PLAIN = 0.1  # P(noise) below which a message is about something else …
PLAIN_MOST = -1.0  # … whatever stands around it
BEFORE, AFTER, BESIDE_SECONDS = 0.004, 0.03, 180.0  # P(conflict) of what the sides say right before and after …
BESIDE_ROWS = 4  # … so many messages at most: two who talk all day quarrel for a while
CALMS, CALMS_CHARS, CALMS_ROWS = 2.0, 70, 5  # evidence in a short "stop it, both"; so many messages after the last blow


def whole_quarrels(
    messages: Sequence[Message],
    probability: NDArray[np.float32],
    noise: NDArray[np.float32],
    calms: NDArray[np.bool_],
    hostile: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """P(conflict) once quarrels are seen whole: at least CORE in them, below it elsewhere.

    `noise`: P(noise) of each message. `calms`: which messages have the words of one who steps in. `hostile`: which have words that
    only a quarrel has, to attack, to part the two, to apologise.
    """
    n = len(messages)
    words = np.concatenate([[0], np.cumsum(hostile | calms)])
    calms = calms & np.array([len(m.text) <= CALMS_CHARS for m in messages], dtype=bool)
    plain = (noise < PLAIN) & ~calms
    p = np.clip(probability.astype(np.float64), 1e-4, 1 - 1e-4)
    evidence = np.clip(np.log(p / (1 - p)) + MOVED, LEAST, MOST)
    evidence = np.where(plain, np.minimum(evidence, PLAIN_MOST), np.where(calms, np.maximum(evidence, CALMS), evidence))
    seconds = np.array([m.sent_at.timestamp() for m in messages])
    found = np.minimum(probability, CORE - 0.01)
    for first, last in _stretches(evidence, seconds):
        sides = _sides(messages, evidence, calms, first, last)
        heard = words[min(n, last + 1 + CALMS_ROWS)] - words[first]
        if len(sides) < 2 or heard < HOSTILE * (last + 1 - first):
            continue
        first, last = _with_what_the_sides_say(messages, sides, p, calms, seconds, first, last)
        for i in range(first, last + 1):
            if not plain[i] and (messages[i].sender_id in sides or calms[i] or p[i] >= CORE):
                found[i] = max(probability[i], CORE)
        for i in range(last + 1, min(n, last + 1 + CALMS_ROWS)):
            if calms[i] and seconds[i] - seconds[last] <= PAUSE_SECONDS:
                found[i] = max(probability[i], CORE)
    return found


def _stretches(evidence: NDArray[np.float64], seconds: NDArray[np.float64]) -> list[tuple[int, int]]:
    """First and last rows of the stretches without a pause whose evidence adds up to ENOUGH."""
    found: list[tuple[int, int]] = []
    total = best = 0.0
    first = last = 0
    for i, more in enumerate(evidence.tolist()):
        if total <= 0 or best - total >= ENOUGH or seconds[i] - seconds[i - 1] > PAUSE_SECONDS:
            if best >= ENOUGH:
                found.append((first, last))
            total, best, first, last = 0.0, 0.0, i, i
        total += more
        if total > best:
            best, last = total, i
    return [*found, (first, last)] if best >= ENOUGH else found


def _sides(messages: Sequence[Message], evidence: NDArray[np.float64], calms: NDArray[np.bool_], first: int, last: int) -> set[str]:
    """The members whose messages in the stretch speak of a quarrel."""
    heat: dict[str, float] = {}
    for i in range(first, last + 1):
        if not calms[i] and messages[i].kind not in (Kind.SYSTEM, Kind.RECALL):
            heat[messages[i].sender_id] = heat.get(messages[i].sender_id, 0.0) + max(0.0, float(evidence[i]))
    return {who for who, sum_ in heat.items() if sum_ >= SIDE}


def _with_what_the_sides_say(
    messages: Sequence[Message], sides: set[str], p: NDArray[np.float64], calms: NDArray[np.bool_], seconds: NDArray[np.float64],
    first: int, last: int,
) -> tuple[int, int]:  # fmt: skip
    """The stretch from a side's first word to the last: what opened it sounds harmless by itself."""
    while first < last and messages[first].sender_id not in sides:
        first += 1
    while last > first and messages[last].sender_id not in sides and not calms[last]:
        last -= 1
    for _more in range(BESIDE_ROWS):
        if first and _goes_on(messages[first - 1], sides, p[first - 1] >= BEFORE, seconds[first] - seconds[first - 1]):
            first -= 1
        after = last + 1
        if after < len(messages) and (calms[after] or _goes_on(messages[after], sides, p[after] >= AFTER, seconds[after] - seconds[last])):
            last = after
    return first, last


def _goes_on(message: Message, sides: set[str], likely: np.bool_, pause: float) -> bool:
    return bool(likely) and message.sender_id in sides and pause <= BESIDE_SECONDS
