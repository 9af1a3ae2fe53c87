"""Items: resources, announcements, decisions, actions, feedback, opportunities, quotes.

messages ─ item_kinds → P of each kind ─ messages of one turn are one item ─ item_fields → computed fields
         ─ the same thing said twice is one item; a later change replaces what it changes
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.embedding import MessageVectors, unit_rows
from pipeline.extract.item_fields import address_of, due_of, place_of, title_of, when_of, who_of
from pipeline.extract.item_kinds import CUES, KINDS, is_resource, kind_probabilities, lines, read_words
from pipeline.extract.options import ExtractOptions
from pipeline.extract.questions import read_chat
from pipeline.extract.table import ChatTable, Floats
from pipeline.model import Item, ItemKind, Message, Noise, QAPair, Scored, Thread
from pipeline.moments import main_moment, only_measures
from pipeline.text import fold

NEVER = frozenset(
    {Noise.AD, Noise.REPOST, Noise.SYSTEM, Noise.PAT, Noise.REDPACKET, Noise.STICKER, Noise.CHECKIN, Noise.CONFLICT, Noise.GREETING}
)
MOST_MESSAGES = 4  # of one turn in one item
ADDED_ROWS, ADDED_SECONDS = 12, 600  # within which a member goes on with an offer
SAME = 0.92  # cosine (fast tier) above which two items of one kind say the same
CHANGED = 0.55  # cosine above which a message that speaks of a change changes an earlier plan
LOOK_BACK = 60  # how many items back a plan may lie
MOST_SHARE, MOST_AT_LEAST = 0.03, 8  # of the messages are of one kind: where all talk is of jobs, only the plainest offers are offers
PLANS: frozenset[ItemKind] = frozenset({"announcement", "decision", "action"})


def extract_items(
    messages: Sequence[Message],
    threads: Sequence[Thread],
    scored: Sequence[Scored],
    qa: Sequence[QAPair],
    vectors: MessageVectors,
    options: ExtractOptions,
) -> list[Item]:
    """The chat's items in time order."""
    if not messages:
        return []
    read = read_chat(tuple(messages), vectors, options)
    table, words = read.table, read_words(read.table)
    chances = kind_probabilities(messages, table, words, read.means, read.worth, read.asks)
    barred = np.array([s.noise in NEVER for s in scored], dtype=bool)
    sellers = {m.sender_id for m, s in zip(messages, scored, strict=True) if s.noise is Noise.AD}
    sells = np.array([m.sender_id in sellers for m in messages], dtype=bool)
    found: list[tuple[int, Item]] = []
    learned = lines()
    for kind in KINDS:
        if kind == "quote" and not options.quotes:
            continue
        p = np.where(barred | (sells & (kind == "opportunity")), 0, chances[kind])  # an advertiser's offer is an advert
        above = p >= max(learned[kind], _least_of_most(p))
        if kind == "resource":
            above = (
                is_resource(messages, table, words, p, read.asks, chances["opportunity"] >= np.maximum(learned["opportunity"], p)) & ~barred
            )
        if kind == "announcement":
            above &= ~_measures(messages, above)
        turns = _turns(table, p, above)
        if kind == "resource":  # "could somebody look at my …?" asks, and offers nothing
            turns = [turn for turn in turns if not all(scored[i].is_question for i in turn)]
        if kind == "opportunity":
            turns = _goes_on(table, turns)
        for turn in turns:
            for rows in _apart(messages, turn) if kind in PLANS else [turn]:
                found.append((rows[0], _item(messages, table, kind, rows, p)))
    items = [item for _, item in sorted(found, key=lambda x: (x[0], x[1].kind))]
    return _with_changes(_without_repeats(items, messages, vectors.fast), messages, vectors.fast)


def _least_of_most(p: Floats) -> float:
    """P of the last message that may still be of a kind, those with the highest coming first."""
    most = max(MOST_AT_LEAST, int(MOST_SHARE * len(p)))
    return float(np.sort(p)[-most]) if len(p) > most else 0.0


def _turns(table: ChatTable, p: Floats, above: NDArray[np.bool_]) -> list[list[int]]:
    """Rows above the line, those of one turn together, best first within."""
    turns: dict[int, list[int]] = {}
    for i in np.flatnonzero(above).tolist():
        turns.setdefault(int(table.burst[i]), []).append(i)
    return [sorted(rows, key=lambda i: (-p[i], i))[:MOST_MESSAGES] for rows in turns.values()]


def _goes_on(table: ChatTable, turns: Sequence[list[int]]) -> list[list[int]]:
    """An offer with what its sender adds to it a little later, after others asked: alone that says nothing."""
    joined: list[list[int]] = []
    newest: dict[int, list[int]] = {}  # a sender's latest offer
    for turn in sorted(turns, key=min):
        who = int(table.sender[turn[0]])
        before = newest.get(who)
        if before and len(before) < MOST_MESSAGES and _soon_after(table, max(before), min(turn)):
            before += turn[: MOST_MESSAGES - len(before)]
        else:
            newest[who] = list(turn)
            joined.append(newest[who])
    return joined


def _soon_after(table: ChatTable, row: int, later: int) -> bool:
    return later - row <= ADDED_ROWS and bool(table.seconds[later] - table.seconds[row] <= ADDED_SECONDS)


def _measures(messages: Sequence[Message], above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which messages name times of day only to measure something: a figure is reported, nothing announced."""
    return np.array([a and only_measures(m.text, m.sent_at) for a, m in zip(above.tolist(), messages, strict=True)], dtype=bool)


def _apart(messages: Sequence[Message], turn: list[int]) -> list[list[int]]:
    """The plans of one turn: messages that name different moments are different plans; one that names none, or only by when to
    answer, belongs to the first."""
    plans: dict[str, list[int]] = {}
    for i in turn:
        found = main_moment(messages[i].text, messages[i].sent_at)
        first = next(iter(plans), "")
        plans.setdefault(found.when if found and not found.is_deadline else first, []).append(i)
    return list(plans.values())


def _item(messages: Sequence[Message], table: ChatTable, kind: ItemKind, rows: list[int], p: Floats) -> Item:
    mine = [messages[i] for i in rows]
    best = mine[0]
    named = [table.sender_ids[s] for s in sorted(table.mentions[rows[0]])]
    short = len(table.texts[rows[0]]) < 16 and best.reply_to is not None
    when = when_of(mine) if kind in ("announcement", "decision", "opportunity") else None
    due = due_of(mine) if kind in ("action", "opportunity") else None
    return Item(
        kind=kind, message_ids=tuple(m.id for m in mine), confidence=round(float(p[rows[0]]), 3),
        context_id=best.reply_to if short else None,
        url=address_of(mine) if kind in ("resource", "opportunity", "announcement") else None,
        title=title_of(mine) if kind == "resource" else None,
        when=None if when == due else when,  # "apply by Wednesday" is one date, not two
        place=place_of(mine) if kind in ("announcement", "decision") else None,
        due=due,
        who=who_of(kind, best, named),
    )  # fmt: skip


def _without_repeats(items: Sequence[Item], messages: Sequence[Message], fast: Floats) -> list[Item]:
    """The first of several items of one kind that share an address or say the same."""
    row = {m.id: i for i, m in enumerate(messages)}
    kept: list[Item] = []
    seen: set[tuple[str, str]] = set()
    recent: dict[str, list[Floats]] = {}
    for item in items:
        keys = {(item.kind, fold(messages[row[item.message_ids[0]]].text))} | (
            {(item.kind, item.url)} if item.url and item.kind == "resource" else set()
        )
        vector = _vector(item, row, fast)
        near = recent.setdefault(item.kind, [])
        if keys & seen or any(float(vector @ v) >= SAME for v in near[-LOOK_BACK:]):
            continue
        seen |= keys
        near.append(vector)
        kept.append(item)
    return kept


def _with_changes(items: Sequence[Item], messages: Sequence[Message], fast: Floats) -> list[Item]:
    """A message that moves, cancels or extends a plan takes the plan's place and names what it replaces; it is no plan of another kind."""
    row = {m.id: i for i, m in enumerate(messages)}
    kept: list[Item] = []
    for item in items:
        text = messages[row[item.message_ids[0]]].text
        if item.kind in PLANS and CUES["change"].search(text):
            vector = _vector(item, row, fast)
            plans = [
                k
                for k in range(max(0, len(kept) - LOOK_BACK), len(kept))
                if kept[k].kind == item.kind and not set(kept[k].message_ids) & set(item.message_ids)
            ]
            near = [(float(vector @ _vector(kept[k], row, fast)), k) for k in plans]
            close, k = max(near, default=(0.0, -1))
            if close >= CHANGED:
                earlier = kept.pop(k)
                item = replace(item, replaces=(*earlier.replaces, *earlier.message_ids), place=item.place or earlier.place)
        kept.append(item)
    changes = {i for item in kept if item.replaces for i in item.message_ids}
    return [item for item in kept if item.replaces or item.kind not in PLANS or not changes.issuperset(item.message_ids)]


def _vector(item: Item, row: dict[str, int], fast: Floats) -> Floats:
    vector: Floats = unit_rows(fast[[row[i] for i in item.message_ids]].sum(0, keepdims=True))[0]
    return vector
