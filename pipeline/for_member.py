"""The "for me" view: of an analysis only what concerns one member."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pipeline.errors import InputError
from pipeline.i18n import _
from pipeline.model import Analysis
from pipeline.text import fold
from pipeline.thread.addressing import find_addressees, number_senders

LIKELY = 0.6  # an inferred reply counts as one to this member from that confidence on


def only_for(analysis: Analysis, member: str) -> Analysis:
    """Keeps questions they asked or were asked, items that name them, threads where they were addressed.

    `member` is a name, part of a name, or a sender id. Raises InputError when nobody, or more than one, fits.
    """
    ids = _member_ids(analysis, member)
    row = analysis.row
    addressed = _addressing(analysis, ids)
    mine = {m.id for m in analysis.messages if m.sender_id in ids}
    qa = tuple(
        p
        for p in analysis.qa
        if mine & set(p.question_ids) or addressed & {*p.question_ids, *(i for a in p.answers for i in a.message_ids)}
    )
    items = tuple(i for i in analysis.items if ids & set(i.who) or addressed & set(i.message_ids))
    scored = tuple(s if s.message_id in addressed else replace(s, value=0.0) for s in analysis.scored)
    told = {i for p in qa for i in (*p.question_ids, *(x for a in p.answers for x in a.message_ids))} | {
        i for x in items for i in x.message_ids
    }
    kept = tuple(analysis.scored[row[s.message_id]] if s.message_id in told else s for s in scored)
    touched = {analysis.thread_of[i].id for i in addressed | told if i in analysis.thread_of}
    topics = tuple(k for k in analysis.topics if touched & set(k.thread_ids))
    return replace(analysis, qa=qa, items=items, scored=kept, topics=topics, talks=())


def name_of(analysis: Analysis, member: str) -> str:
    """What that member is called now; `member` as in `only_for`."""
    ids = _member_ids(analysis, member)
    return next(m.sender for m in reversed(analysis.messages) if m.sender_id in ids)


def _member_ids(analysis: Analysis, member: str) -> frozenset[str]:
    wanted = fold(member.removeprefix("@"))
    people = {m.sender_id: m.sender for m in analysis.messages if not m.is_system}
    exact = {i for i, name in people.items() if wanted in (fold(i), fold(name))}
    found = exact or {i for i, name in people.items() if wanted in fold(name)}
    if not found:
        raise InputError(_("--for {member}: nobody of that name has written here").format(member=member))
    if len(found) > 1:
        names = ", ".join(f"{people[i]} ({i})" for i in sorted(found))
        raise InputError(_("--for {member}: several members fit; use the id of one: {names}").format(member=member, names=names))
    return frozenset(found)


def _addressing(analysis: Analysis, ids: Collection[str]) -> set[str]:
    """Messages of others that mention one of the ids, name them, or answer them: a quote, or a reply that is likely enough."""
    senders = number_senders(analysis.messages)
    mine = {s for m, s in zip(analysis.messages, senders, strict=True) if m.sender_id in ids}
    found = set()
    for message, link, named in zip(analysis.messages, analysis.links, find_addressees(analysis.messages, senders), strict=True):
        answered = link.parent_id is not None and (link.by in ("quote", "mention") or link.confidence >= LIKELY)
        if message.sender_id not in ids and (
            set(message.mentions) & set(ids)
            or any(a.sender in mine for a in named)
            or (answered and link.parent_id is not None and analysis.message(link.parent_id).sender_id in ids)
        ):
            found.add(message.id)
    return found
