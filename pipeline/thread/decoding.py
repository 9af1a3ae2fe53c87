"""Candidate probabilities → one thread a message: each message joins the thread whose messages together are its likeliest
parents, or starts one. Summing over a thread beats the best single link, since a talk offers many right parents.

Tried and not better on annotated chats: minimum-risk clustering of sampled links, a second model over live threads,
merging of resumed threads by likeness (docs/threads.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.model import Message, ReplyLink, Thread
from pipeline.thread.addressing import How
from pipeline.thread.linking import Candidates


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """Per message: its thread (a number), its parent's row (its own for a start) and how sure the choice is."""

    thread: list[int]
    parent: list[int]
    confidence: list[float]


def decode(scored: Iterable[Candidates], quoted: Sequence[int], start_factor: float) -> Decoded:
    """`quoted` holds the row that each message visibly quotes, -1 for none: always its parent."""
    thread: list[int] = []
    parent: list[int] = []
    confidence: list[float] = []
    threads = 0
    for found in scored:
        row, quote = found.row, quoted[found.row]
        if 0 <= quote < row:
            chosen, where, sure = quote, thread[quote], 1.0
        else:
            chosen, where, sure = _join(found, thread, start_factor)
            if where < 0:
                where, threads = threads, threads + 1
        thread.append(where)
        parent.append(chosen)
        confidence.append(sure)
    return Decoded(thread=thread, parent=parent, confidence=confidence)


def _join(found: Candidates, thread: Sequence[int], start_factor: float) -> tuple[int, int, float]:
    """(parent row, thread or -1 for a new one, confidence)"""
    mass: dict[int, float] = {}
    best: dict[int, tuple[float, int]] = {}
    start = 0.0
    for parent, p in zip(found.parents.tolist(), found.probability.tolist(), strict=True):
        if parent == found.row:
            start = p
            continue
        t = thread[parent]
        mass[t] = mass.get(t, 0.0) + p
        best[t] = max(best.get(t, (0.0, -1)), (p, parent))
    if not mass:
        return found.row, -1, 1.0
    likeliest = max(mass, key=lambda t: (mass[t], t))
    if mass[likeliest] <= start * start_factor:
        return found.row, -1, start
    return best[likeliest][1], likeliest, min(mass[likeliest], 1.0)


def make_links(messages: Sequence[Message], decoded: Decoded, quoted: Sequence[int], how: Sequence[How | int]) -> list[ReplyLink]:
    """`how[r]` says how plainly message r names the sender of its parent."""
    links = []
    for r, m in enumerate(messages):
        parent = quoted[r] if quoted[r] >= 0 else decoded.parent[r]
        if parent == r:
            links.append(ReplyLink(message_id=m.id, parent_id=None, confidence=round(decoded.confidence[r], 4)))
            continue
        by = "quote" if quoted[r] >= 0 else "mention" if how[r] >= How.LEADING else "model"
        sure = 1.0 if by == "quote" else round(decoded.confidence[r], 4)
        links.append(ReplyLink(message_id=m.id, parent_id=messages[parent].id, by=by, confidence=sure))  # type: ignore[arg-type]  # a Literal
    return links


def make_threads(messages: Sequence[Message], decoded: Decoded, quoted: Sequence[int]) -> list[Thread]:
    """Threads by first message; a quote of a message further down (a clock that ran back) joins the two threads."""
    joined: dict[int, int] = {}

    def find(t: int) -> int:
        while joined.get(t, t) != t:
            joined[t] = joined.get(joined[t], joined[t])
            t = joined[t]
        return t

    for r, quote in enumerate(quoted):
        if quote > r:
            a, b = sorted((find(decoded.thread[r]), find(decoded.thread[quote])))
            joined[b] = a
    members: dict[int, list[Message]] = {}
    for r, m in enumerate(messages):
        members.setdefault(find(decoded.thread[r]), []).append(m)
    return [Thread(id=f"t{n}", messages=tuple(ms)) for n, ms in enumerate(members.values(), 1)]
