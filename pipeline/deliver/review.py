"""Review: what the operator struck, changed, moved or added in a digest's Markdown or text file.

The file is compared, item by item, with what the program would have written. An item that was changed in any way
loses its quotation marks, in the file and in the digest: the marks always mean the chat's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from pipeline.deliver.items import Group, bare, fold, groups, unescaped, unquote
from pipeline.model import Digest, Entry, QAEntry, TalkEntry, TopicEntry
from pipeline.render import SECTIONS, RenderOptions, render
from pipeline.render.words import Words

ALIKE = 0.55  # share of common characters above which an item that is not ours is one of ours, changed
SURE = 0.8  # share of the file's lines that are ours: then nothing else need be tried
LISTS = ("tldr", "resources", "unanswered", "announcements", "decisions", "actions", "due", "feedback", "opportunities", "quotes")
_LABEL = re.compile(r"^(?:问|問|答|Q|A)(?:：|: | )\s*")


@dataclass(frozen=True, kw_only=True)
class Review:
    """The reviewed file and digest, and what became of the items."""

    text: str
    digest: Digest
    struck: tuple[str, ...]  # message ids of entries that are gone: "not this"
    changed: int
    added: int


def review(digest: Digest, edited: str, format: str, options: RenderOptions) -> Review:
    """Compares an edited file with the digest it came from."""
    edited = edited.replace("\r\n", "\n").lstrip("\ufeff")
    written_under = _nearest(digest, edited, format, options)
    words = Words(digest, written_under)
    headings = {row: s for s in SECTIONS for row in (f"## {words.section(s)}", f"{words.marks[s]} {words.section(s)}")}
    ours = groups(render(digest, format, written_under), headings)
    theirs = _without_orphans(groups(edited, headings), ours)
    shown = {*options.sections, *(g.section for g in theirs)}
    desk = _Desk(digest, words, ours, theirs, shown)
    done = desk.reviewed()
    text = desk.text().replace(words.coverage, Words(done, written_under).coverage, 1)
    return Review(text=text, digest=done, struck=desk.struck(), changed=len(desk.changed), added=len(desk.added))


def _nearest(digest: Digest, edited: str, format: str, options: RenderOptions) -> RenderOptions:
    """The options under which the file was most likely written: language and way of naming may have been others."""
    there = {line.strip() for line in edited.split("\n") if line.strip()}
    langs = dict.fromkeys([options.lang, "zh-hans", "zh-hant", "en"])
    names: dict[Any, None] = dict.fromkeys([options.name_display, "nick", "initial", "none"])
    best, most = options, -1
    for name in names:
        for lang in langs:
            tried = replace(options, lang=lang, name_display=name, short=False, sections=SECTIONS)
            found = len(there & {line.strip() for line in render(digest, format, tried).split("\n")})
            if found > most:
                best, most = tried, found
            if found > SURE * len(there):
                return best
    return best


def _without_orphans(edited: Sequence[Group], ours: Sequence[Group]) -> list[Group]:
    """Leaves out what only made sense under something struck: its answers, and lines that went on from it."""
    known = {g.folded for g in ours if g.folded}
    parents = {g.folded: g.parent for g in ours if g.folded}
    trailing = {row.strip() for g in ours for row in g.rows[1:]}
    trimmed = [_trimmed(g, known, trailing) for g in edited]
    there = {g.folded for g in trimmed}
    gone = {old for old in known - there if not any(_alike(old, g.folded) for g in trimmed if g.folded and g.folded not in known)}
    return [g for g in trimmed if not (g.folded in known and parents[g.folded] in gone)]


def _trimmed(group: Group, known: set[str], trailing: set[str]) -> Group:
    """The item without last lines that belonged to a struck item above it."""
    rows = group.rows
    while group.folded and fold("\n".join(rows)) not in known and len(rows) > 1 and rows[-1].strip() in trailing:
        rows = rows[:-1]
        if fold("\n".join(rows)) in known:
            return replace(group, rows=rows, folded=fold("\n".join(rows)))
    return group


def _alike(old: str, new: str) -> float:
    """How much two items have in common, 0 when less than `ALIKE`."""
    matcher = SequenceMatcher(None, unquote(old), unquote(new), autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= ALIKE else 0.0


class _Desk:
    """One review: which entry each item of the file is, and the file and digest that follow from it."""

    def __init__(self, digest: Digest, words: Words, ours: Sequence[Group], edited: Sequence[Group], shown: set[str]) -> None:
        self.digest, self.words, self.edited = digest, words, edited
        self.shown = shown  # a section that was switched off is not struck
        self.ours = [(g, bare(g.folded)) for g in ours if g.folded]
        known = {g.folded for g in ours}
        self.place = {(g.section, g.folded): i for i, g in enumerate(edited) if g.folded}
        there = {g.folded for g in edited}
        gone = [g for g, _ in self.ours if g.folded not in there]
        self.changed: dict[tuple[str, str], Group] = {}  # section and folded text of ours → what stands there now
        self.added: list[Group] = []
        for group in edited:
            if group.folded and group.folded not in known:
                best = max(gone, key=lambda old: _alike(old.folded, group.folded), default=None)
                if best and _alike(best.folded, group.folded):
                    self.changed[best.section, best.folded] = group
                    gone.remove(best)
                else:
                    self.added.append(group)
        self.known = known
        self.lines = {g.text.strip() for g in ours if not g.folded}

    def text(self) -> str:
        """The file, with the marks of changed items and of lines that are not ours taken away."""
        return "\n".join(g.text if self._is_ours(g) else unquote(g.text) for g in self.edited)

    def _is_ours(self, group: Group) -> bool:
        return group.folded in self.known if group.folded else group.text.strip() in self.lines

    def struck(self) -> tuple[str, ...]:
        """The messages of entries of which nothing is left anywhere in the file."""
        fates = [(e, self._fate(section, e)) for section, e in _all(self.digest)]
        kept = {i for e, fate in fates if fate for i in e.message_ids}
        return tuple(dict.fromkeys(i for e, fate in fates if not fate for i in e.message_ids if i not in kept))

    def _fate(self, section: str, entry: Entry) -> tuple[int, Entry] | None:
        """Where an entry of a section stands in the file, and as what; None: struck."""
        if section not in self.shown:
            return 0, entry
        link = self.words.title_of(entry) or self.words.label(entry.url or "").rstrip("…")
        said = bare(self.words.text(entry.text) if self.words.quotes(entry) else link)
        by = bare(self.words.by(entry.sender, entry.time))
        for group, plain in self.ours:
            if group.section == section and said in plain and by in plain:
                if (place := self.place.get((section, group.folded))) is not None:
                    return place, entry
                if new := self.changed.get((section, group.folded)):
                    return self.place[new.section, new.folded], self._rewritten(entry, new)
        return None

    def _rewritten(self, entry: Entry, group: Group) -> Entry:
        """The entry in the operator's words; who and when stay beside it only where the operator left them."""
        text = _LABEL.sub("", unescaped(unquote(group.folded)))
        body, dash, _rest = text.partition(f" — {self.words.by(entry.sender, entry.time)}")
        changed = replace(entry, text=body.strip(), written_by="operator", title=None)
        return changed if dash else replace(changed, sender="", time=None)

    # ---- the digest that follows ----

    def reviewed(self) -> Digest:
        d = self.digest
        lists: dict[str, Any] = {name: self._list(name, getattr(d, name), self._notes(name)) for name in LISTS}
        struck = set(self.struck())
        gone = {*struck, *self._changed_ids()}
        counted = len(struck & set(d.sources))
        return replace(
            d,
            **lists,
            qa=self._pairs("qa", d.qa),
            closed=self._pairs("closed", d.closed),
            topics=self._topics("topics", d.topics),
            again=self._topics("again", d.again),
            talks=self._talks(d.talks),
            short=tuple(e for e in d.short if not gone & set(e.message_ids)),
            # What was struck must not leave with the file as somebody's source.
            sources={i: m for i, m in d.sources.items() if i not in struck},
            coverage=replace(d.coverage, in_digest=d.coverage.in_digest - counted, left_over=d.coverage.left_over + counted),
        )

    def _changed_ids(self) -> Iterator[str]:
        """The messages of entries that now stand in the operator's words."""
        for section, entry in _all(self.digest):
            fate = self._fate(section, entry)
            if fate and fate[1].written_by:
                yield from entry.message_ids

    def _notes(self, section: str) -> list[tuple[int, Entry]]:
        """Lines that the operator added to a section."""
        mine = [g for g in self.added if g.section == section]
        return [
            (self.place[section, g.folded], Entry(text=unescaped(unquote(g.folded)), message_ids=(), written_by="operator")) for g in mine
        ]

    def _list(self, section: str, entries: Sequence[Entry], notes: Sequence[tuple[int, Entry]] = ()) -> tuple[Entry, ...]:
        found = [fate for e in entries if (fate := self._fate(section, e))]
        return tuple(e for _, e in sorted([*found, *notes], key=lambda x: x[0]))

    def _pairs(self, section: str, pairs: Sequence[QAEntry]) -> tuple[QAEntry, ...]:
        found = []
        for pair in pairs:
            question, answers = self._fate(section, pair.question), self._list(section, pair.answers)
            if question and answers:
                found.append((question[0], replace(pair, question=question[1], answers=answers)))
        return tuple(p for _, p in sorted(found, key=lambda x: x[0]))

    def _topics(self, section: str, topics: Sequence[TopicEntry]) -> tuple[TopicEntry, ...]:
        struck = set(self.struck())
        found = [replace(t, highlights=self._list(section, t.highlights)) for t in topics]
        found = [replace(t, start_here=replace(t.start_here, find="")) if t.start_here.message_id in struck else t for t in found]
        return tuple(new for new, old in zip(found, topics, strict=True) if new.highlights or not old.highlights)

    def _talks(self, talks: Sequence[TalkEntry]) -> tuple[TalkEntry, ...]:
        found = [replace(t, outline=self._list("talks", t.outline), qa=self._pairs("talks", t.qa)) for t in talks]
        return tuple(t for t in found if t.outline or t.qa)


def _all(digest: Digest) -> Iterator[tuple[str, Entry]]:
    """Every entry that has an item of its own, with its section."""
    for name in LISTS:
        yield from ((name, e) for e in getattr(digest, name))
    for name, pairs in (("qa", digest.qa), ("closed", digest.closed), ("talks", [p for t in digest.talks for p in t.qa])):
        yield from ((name, e) for p in pairs for e in (p.question, *p.answers))
    for name, topics in (("topics", digest.topics), ("again", digest.again)):
        yield from ((name, e) for t in topics for e in t.highlights)
    yield from (("talks", e) for t in digest.talks for e in t.outline)
