"""The digest of one chat: what is worth a member's time, verbatim, proved, within a budget."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pipeline.digest.candidates import Candidate, Desk, Printed, entries, ids_of, in_time_order
from pipeline.digest.options import DigestOptions, Lent
from pipeline.digest.quote import find_phrase
from pipeline.digest.recalled import recall
from pipeline.digest.select import Unit, select
from pipeline.digest.stats import chat_stats
from pipeline.model import Analysis, Coverage, Digest, Entry, Kind, Message, QAEntry, StartHere, TalkEntry, Topic, TopicEntry
from pipeline.moments import main_time
from pipeline.text import clean

SECTIONS = ("resources", "qa", "unanswered", "announcements", "decisions", "actions", "feedback", "opportunities", "talks", "quotes")
TITLE_JOINT = "、"
UNFIT_SHARE = 0.25  # of the messages of a topic with that word
MEDIA = (Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.FILE, Kind.FORWARD)


def build_digest(analysis: Analysis, options: DigestOptions | None = None, memory: Lent | None = None) -> Digest:
    """What the chat held, chosen under the budget; entries that cannot be proved are left out and counted.

    `analysis` must hold at least one message.
    """
    options, memory = options or DigestOptions(), memory or Lent()
    desk = Desk(analysis, options)
    candidates = [*desk.talks(), *desk.items(), *desk.questions(memory), *desk.highlights()]
    proved = [c for c in candidates if desk.proves(c.printed)]
    chosen = _choose(proved, desk)
    short = _short(chosen, desk)
    shown = {i for c in chosen for i in ids_of(c.printed)}
    recalled = recall(memory, desk)
    sections: dict[str, Any] = {name: in_time_order(c.printed for c in chosen if c.section == name) for name in SECTIONS}
    tldr = _tldr(short, sections["qa"], desk)
    sections |= _under_talks(sections["talks"], sections["qa"], analysis)
    return Digest(
        chat=analysis.chat,
        start=analysis.messages[0].sent_at,
        end=analysis.messages[-1].sent_at,
        coverage=_coverage(shown, desk, unproved=len(candidates) - len(proved) + recalled.unproved),
        short=short,
        tldr=tldr,
        topics=_topics([c for c in chosen if c.section == "highlight"], desk),
        closed=recalled.closed,
        due=recalled.due,
        again=recalled.again,
        stats=chat_stats(analysis),
        sources=_sources(shown, desk) | recalled.sources,
        **sections,
    )


def _choose(candidates: Sequence[Candidate], desk: Desk) -> list[Candidate]:
    """The candidates that fit the long form's budget."""
    by_key = {c.unit.key: c for c in candidates}
    return [by_key[u.key] for u in select([c.unit for c in by_key.values()], _budget(desk), desk.words, desk.o.cost_scale)]


def _budget(desk: Desk) -> int:
    """Characters of the long form."""
    share = desk.o.long_share * sum(len("".join(m.text.split())) for m in desk.a.messages)
    knee = desk.o.long_knee * desk.letters
    wanted = share if share <= knee else math.sqrt(share * knee)
    most = math.inf if desk.o.long_most is None else desk.o.long_most * desk.letters
    return int(max(desk.o.long_least, min(wanted, most)))


def _short(chosen: Sequence[Candidate], desk: Desk) -> tuple[Entry, ...]:
    """One phone screen: of each chosen thing its most valuable messages, cut short."""
    lines: dict[str, Entry] = {}
    for candidate in chosen:
        if candidate.section not in ("unanswered", "quotes"):
            for entry in entries(candidate.printed):
                for message_id in entry.message_ids:
                    if desk.may_print(message_id) and not desk.a.score(message_id).is_question:
                        line = desk.entry([message_id], desk.o.short_entry_chars)
                        lines[message_id] = replace(line, url=entry.url, when=_own_time(entry, desk.a.message(message_id)))
    units = [Unit(key=i, gain={i: desk.gain(i)}, cost=len(clean(e.text))) for i, e in lines.items() if desk.proves(e)]
    picked = select(units, desk.o.short_chars, desk.words, desk.o.short_cost_scale)
    return tuple(lines[u.key] for u in sorted(picked, key=lambda u: desk.a.row[u.key]))


def _own_time(entry: Entry, message: Message) -> str | None:
    """An item's time, on the line of the message that names it; the others of the item say something else."""
    return entry.when if entry.when and main_time(message.text, message.sent_at) == entry.when else None


def _tldr(short: Sequence[Entry], pairs: Sequence[QAEntry], desk: Desk) -> tuple[Entry, ...]:
    """The lines to read if nothing else: the best of each topic, then the next best; an answer under the question that it answers.

    What a speaker said comes last: a sentence out of a talk seldom stands alone, and the talk has its own place.
    """
    told = {i for talk in desk.a.talks if talk.kind == "talk" for i in talk.outline_ids}

    def rank(e: Entry) -> tuple[bool, float, int]:
        first = e.message_ids[0]
        return first in told, -desk.a.score(first).value, desk.a.row[first]

    ranked = sorted(short, key=rank)
    best: dict[str, Entry] = {}
    for entry in ranked:
        thread = desk.a.thread_of.get(entry.message_ids[0])
        topic = desk.a.topic_of.get(thread.id) if thread else None
        best.setdefault(topic.id if topic else thread.id if thread else entry.message_ids[0], entry)
    taken = [*best.values(), *(e for e in ranked if e not in best.values())]
    asked = {i: p.question for p in pairs for a in p.answers for i in a.message_ids}
    return tuple(replace(e, context=e.context or asked.get(e.message_ids[0])) for e in taken[: desk.o.tldr_lines])


def _under_talks(talks: Sequence[TalkEntry], pairs: Sequence[QAEntry], analysis: Analysis) -> dict[str, tuple[Printed, ...]]:
    """Each talk with the printed pairs that belong to it, and the pairs that are left: nothing is printed twice."""
    rest, found = list(pairs), list[Printed]()
    for talk in talks:
        outline = {i for e in talk.outline for i in e.message_ids}
        asked = {i for t in analysis.talks if not outline.isdisjoint(t.outline_ids) for pair in t.qa for i in pair.question_ids}
        found.append(replace(talk, qa=tuple(p for p in rest if not asked.isdisjoint(p.question.message_ids))))
        rest = [p for p in rest if asked.isdisjoint(p.question.message_ids)]
    return {"talks": tuple(found), "qa": tuple(rest)}


def _topics(highlights: Sequence[Candidate], desk: Desk) -> tuple[TopicEntry, ...]:
    """Topics with chosen highlights, and the largest others as pointers; highlights of no topic stand at the end, untitled."""
    of_topic = {k.id: [c.printed for c in highlights if c.topic == k.id] for k in desk.a.topics}
    sizes = {k.id: sum(len(desk.threads[i].messages) for i in k.thread_ids) for k in desk.a.topics}
    pointers = [k.id for k in desk.a.topics if not of_topic[k.id] and sizes[k.id] >= desk.o.least_pointer][: desk.o.most_pointers]
    found = [_topic(k, of_topic[k.id], desk) for k in desk.a.topics if of_topic[k.id] or k.id in pointers]
    loose = [c for c in highlights if c.topic is None]
    threads = dict.fromkeys(desk.a.thread_of[i].id for c in loose for i in ids_of(c.printed))
    rest = Topic(id="", title="", keywords=(), thread_ids=tuple(threads))
    return tuple(t for t in [*found, _topic(rest, [c.printed for c in loose], desk)] if t)


def _topic(topic: Topic, highlights: Sequence[Printed], desk: Desk) -> TopicEntry | None:
    """The topic as it is printed; None when nothing in it may be."""
    messages = [m for i in topic.thread_ids for m in desk.threads[i].messages]
    fit = [m for m in messages if desk.may_print(m.id)]
    if not fit:
        return None
    opening = fit[: max(1, len(fit) // 3)]  # one starts to read at the beginning, but not at a greeting
    first = max(opening, key=lambda m: (desk.a.score(m.id).value, -desk.a.row[m.id]))
    words = [w for w in topic.keywords if not _gives_away(w, messages, desk)]
    kept = [w for w in topic.title.split(TITLE_JOINT) if not _gives_away(w, messages, desk)]
    return TopicEntry(
        title=desk.hide(TITLE_JOINT.join(kept or words[:2])),
        keywords=tuple(desk.hide(w) for w in words),
        highlights=in_time_order(highlights),  # type: ignore[arg-type]  # highlights are plain entries
        start_here=StartHere(
            message_id=first.id, time=first.sent_at, sender=desk.name(first), find=find_phrase(first, desk.log, desk.hide)
        ),
        threads=topic.thread_ids,
        participants=len({m.sender_id for m in messages}),
        messages=len(messages),
    )


def _gives_away(word: str, messages: Sequence[Message], desk: Desk) -> bool:
    """Is the word, say a child's name, used there mostly in what must not be printed?"""
    used = [m for m in messages if word and word in m.text]
    unfit = sum(desk.a.score(m.id).unfit > desk.o.most_unfit for m in used)
    return unfit >= 2 and unfit >= UNFIT_SHARE * len(used)


def _coverage(shown: set[str], desk: Desk, unproved: int) -> Coverage:
    """Every message is in exactly one of: noise by reason, in the digest, left over."""
    noise: dict[str, int] = {}
    for m, s in zip(desk.a.messages, desk.a.scored, strict=True):
        reason = "system" if m.is_system else s.noise
        if reason and m.id not in shown:
            noise[str(reason)] = noise.get(str(reason), 0) + 1
    total = len(desk.a.messages)
    return Coverage(
        messages=total,
        noise=dict(sorted(noise.items(), key=lambda x: (-x[1], x[0]))),
        in_digest=len(shown),
        left_over=total - len(shown) - sum(noise.values()),
        unreadable=len(desk.a.skipped),
        unproved=unproved,
        media={str(k): n for k in MEDIA if (n := sum(m.kind is k for m in desk.a.messages))},
    )


def _sources(shown: Iterable[str], desk: Desk) -> dict[str, Message]:
    """The cited messages, masked, for the fold-outs."""
    return {i: desk.source(desk.a.message(i)) for i in sorted(shown, key=desk.a.row.__getitem__)}
