"""The computed words around the quotations: dates, names, figures, the coverage line; all in the digest's language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from pipeline.i18n import catalog
from pipeline.model import Digest, Entry, Message, QAEntry
from pipeline.render.escape import linked, one_line, safe_url, visible
from pipeline.render.labels import MARKS, MEDIA, MONTHS, NOISE, SECTIONS, STATUS, WEEKDAYS
from pipeline.render.options import RenderOptions
from pipeline.text import cjk_share, urls

_MENTION = re.compile(r"(?<![\w.%+-])@[^\s@，,。：:；;！!？?（）()]{1,30}")
SCREEN_CHARS = 580  # one phone screen is 600; the rest is for "(1/1)" and the line that points to the whole
CHINESE_PER_MINUTE, LETTERS_PER_MINUTE = 400, 1200  # comfortable silent reading


class Words:
    """What one digest says about itself and its lines, in one language and one way of naming people."""

    marks = MARKS

    def __init__(self, digest: Digest, options: RenderOptions) -> None:
        self._digest, self._options = digest, options
        self._ = catalog(options.lang).gettext
        self._one_day = digest.start.date() == digest.end.date()

    # ---- the frame ----

    @property
    def html_lang(self) -> str:
        return {"zh-hant": "zh-Hant", "en": "en"}.get(self._options.lang.lower(), "zh-Hans")

    @property
    def title(self) -> str:
        if self._digest.member is not None:
            return self._("{chat}: what concerns {member}, {period}").format(chat=self.chat, member=self.member, period=self.period_short)
        return self._("{chat}: digest of {period}").format(chat=self.chat, period=self.period_short)

    @property
    def member(self) -> str:
        """Whom the digest is for, as far as people are named; "me" where they are not."""
        return self.name(self._digest.member or "") or self._("me")

    @property
    def kind(self) -> str:
        """What the page is, over its title."""
        if self._digest.member is None:
            return self._("Chat digest")
        return self._("What concerns {member}").format(member=self.member)

    @property
    def chat(self) -> str:
        return one_line(self._digest.chat.name) or self._("Group chat")

    @property
    def period_short(self) -> str:
        d = self._digest
        if self._one_day:
            return self._day(d.start)
        day = self._day if d.start.year == d.end.year else self._long_day
        return self._("{start} to {end}").format(start=day(d.start), end=day(d.end))

    @property
    def period(self) -> str:
        d = self._digest
        start = self._long_day(d.start)
        if self._one_day:
            return f"{start} {d.start:%H:%M}–{d.end:%H:%M}"
        end = self._day(d.end) if d.start.year == d.end.year else self._long_day(d.end)
        return self._("{start} to {end}").format(start=start, end=end)

    @property
    def coverage(self) -> str:
        """What was read, and what became of it: adds up to the number of messages."""
        c = self._digest.coverage
        text = self._("Read {n} messages: noise {noise}, printed {printed}, the other {rest} are in the topic figures").format(
            n=c.messages, noise=sum(c.noise.values()), printed=c.in_digest, rest=c.left_over
        )
        if c.media:
            text += self._("; contents not read: {media}").format(media=self._list(MEDIA, c.media))
        if c.unreadable:
            text += self._("; {n} entries of the export were unreadable").format(n=c.unreadable)
        if c.unproved:
            text += self._("; {n} lines left out for want of proof").format(n=c.unproved)
        return text + self._(".")

    @property
    def noise(self) -> str:
        return self._list(NOISE, self._digest.coverage.noise)

    def _list(self, labels: dict[str, str], counts: Mapping[str, int]) -> str:
        return self._(", ").join(f"{self._(labels.get(k, k))} {n}" for k, n in counts.items())

    @property
    def nothing(self) -> str:
        return self._("Nothing worth passing on this time.")

    @property
    def minutes(self) -> int:
        """How long the printed lines take to read."""
        texts = [e.text for e in entries_of(self._digest)]
        chinese = sum(cjk_share(t) * len(t) for t in texts)
        return max(1, round(chinese / CHINESE_PER_MINUTE + (sum(map(len, texts)) - chinese) / LETTERS_PER_MINUTE))

    @property
    def lines(self) -> int:
        return sum(1 for _ in entries_of(self._digest))

    def has(self, section: str) -> bool:
        return bool(getattr(self._digest, section))

    @property
    def empty(self) -> bool:
        return not any(self.has(s) for s in SECTIONS)

    def section(self, name: str) -> str:
        return self._(SECTIONS[name])

    def status(self, name: str) -> str:
        return self._(STATUS[name])

    @property
    def short(self) -> tuple[Entry, ...]:
        """The lines that fit one phone screen, names and addresses counted; what members must act on goes first."""
        d = self._digest
        ranks = [d.tldr, (*d.announcements, *d.decisions, *d.actions), d.resources, tuple(a for p in d.qa for a in p.answers)]
        firsts = [{i for e in rank for i in e.message_ids} for rank in ranks]
        entries = d.short or d.tldr
        order = sorted(range(len(entries)), key=lambda i: next((r for r, ids in enumerate(firsts) if ids & set(entries[i].message_ids)), 9))
        room = SCREEN_CHARS - len(self.title)
        chosen: set[int] = set()
        for i in order:
            room -= (size := self._size(entries[i]))
            if room < 0 and chosen:
                room += size
                continue
            chosen.add(i)
        return tuple(e for i, e in enumerate(entries) if i in chosen)

    def _size(self, entry: Entry) -> int:
        """Characters of a line of the short text form."""
        url = len(address) + 3 if (address := self.address(entry)) else 0
        title = len(self.title_of(entry)) + 1
        facts = sum(len(fact) + 3 for fact in self.facts(entry))
        return len(self.text(entry.text)) + len(self.by(entry.sender, entry.time)) + url + title + facts + 8

    # ---- one line ----

    def text(self, text: str) -> str:
        """Chat text as printed: visible; mentions masked where people are not named in full."""
        shown = visible(text)
        return shown if self._options.name_display == "nick" else _MENTION.sub("@***", shown)

    def quotes(self, entry: Entry) -> bool:
        """Is the text worth printing? A bare address is not, where the line leads there anyway."""
        return bool(entry.text) and not (self._is_bare(entry) and self.address(entry))

    def title_of(self, entry: Entry) -> str:
        """What a link card or file is called, without the addresses in it (a link cannot hold another); "" where the text says it."""
        title = entry.title or ""
        for url in urls(title):
            title = title.replace(url, " ")
        title = one_line(title).strip(" :：-—|·")
        return "" if title in entry.text else title

    def address(self, entry: Entry) -> str | None:
        """Where an entry leads, if its own text as printed has no such link: an address cut with "…" is none."""
        url = safe_url(entry.url)
        told = any(url == target for _said, target in linked(self.text(entry.text)))
        return None if told and not (self._is_bare(entry) and self.title_of(entry)) else url

    def _is_bare(self, entry: Entry) -> bool:
        return bool(entry.url) and entry.text.strip().strip("…") == entry.url

    def marks_of(self, entry: Entry) -> tuple[str, str]:
        """Quotation marks for verbatim text; none for anything else, so that the marks always mean verbatim."""
        if entry.written_by:
            return "", ""
        left, _, right = self._("“{text}”").partition("{text}")
        return left, right

    def quote(self, text: str) -> str:
        return self._("“{text}”").format(text=self.text(text))

    def name(self, sender: str) -> str:
        """How a member is named: in full, by the first character, or not at all."""
        sender = one_line(sender)
        match self._options.name_display:
            case "nick":
                return sender
            case "initial":
                return f"{sender[:1]}*" if sender else ""
            case "none":
                return ""

    def by(self, sender: str, time: datetime | None) -> str:
        """Who and when, as far as either is shown."""
        return " ".join(part for part in (self.name(sender), self.at(time) if time else "") if part)

    def at(self, time: datetime) -> str:
        clock = f"{time:%H:%M}"
        if self._one_day and time.date() == self._digest.start.date():
            return clock
        if time.year < self._digest.start.year:  # from the archive
            return f"{self._long_day(time)} {clock}"
        return self._("{month_name} {day}, {clock}").format(month_name=MONTHS[time.month - 1], month=time.month, day=time.day, clock=clock)

    def bar(self, label: str) -> str:
        """What a bar of the timeline stands for: an hour (of a day, where there are several), or a day."""
        day, _sep, hour = label.rpartition("T")
        if not day:
            return label if ":" in label else self._weekday(date.fromisoformat(label))
        clock = f"{hour}:00"
        when = date.fromisoformat(day)
        return (
            clock
            if self._one_day
            else self._("{month_name} {day}, {clock}").format(
                month_name=MONTHS[when.month - 1], month=when.month, day=when.day, clock=clock
            )
        )

    def tick(self, day: date) -> str:
        """A day under the timeline."""
        return f"{day.month}/{day.day}"

    def label(self, url: str) -> str:
        """An address as short as it can be recognised: its site and how its path begins."""
        parts = urlsplit(safe_url(url) or "")
        shown = parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")
        return shown if len(shown) <= 40 else shown[:39] + "…"

    def find(self, entry: Entry) -> str | None:
        """The phrase to search for in the app, where it leads to this one message and reveals no name."""
        return self.text(entry.find) if entry.find else None

    def facts(self, entry: Entry) -> list[str]:
        """What was computed about an entry: when, where, until when, who."""
        found = []
        if entry.when:
            found.append(self._("When: {when}").format(when=self._moment(entry.when)))
        if entry.place:
            found.append(self._("Where: {place}").format(place=one_line(entry.place)))
        if entry.due:
            found.append(self._("Due: {due}").format(due=self._deadline(entry.due)))
        if entry.who != (entry.sender,) and (names := [n for n in map(self.name, entry.who) if n]):
            found.append(self._("Who: {who}").format(who=self._(", ").join(names)))
        if entry.replaces:
            found.append(self._("replaces an earlier plan"))
        return found

    def sources(self, *entries: Entry) -> list[Message]:
        """The messages cited by entries (and by what they answer), in time order, each once."""
        ids = dict.fromkeys(i for e in entries for i in (*(e.context.message_ids if e.context else ()), *e.message_ids))
        found = [self._digest.sources[i] for i in ids if i in self._digest.sources]
        return sorted(found, key=lambda m: m.sent_at)

    def clipped(self, message: Message, most: int) -> str:
        """A cited message as the fold-out shows it: text, then what a card or file is called."""
        parts = [message.text, *(p for p in (message.title, message.file_name, message.url) if p and p not in message.text)]
        shown = self.text("\n".join(p for p in parts if p))
        return shown if len(shown) <= most else self._("{text}… ({n} characters)").format(text=shown[:most], n=len(shown))

    def initial(self, sender: str) -> str:
        """The character on a member's round badge."""
        return one_line(sender)[:1] if self._options.name_display != "none" else ""

    def hue(self, sender: str) -> int:
        """One of six badge colours, always the same for a name."""
        return sum(map(ord, sender)) % 6 if self._options.name_display == "nick" else 5

    def host(self, url: str | None) -> str:
        """The site of an address, as a reader wants to see before tapping."""
        return urlsplit(safe_url(url) or "").netloc.rpartition("@")[2]

    def _moment(self, iso: str) -> str:
        """An ISO date or date-time in words; what is no such thing stays as it is."""
        try:
            if len(iso) <= 10:
                return self._weekday(date.fromisoformat(iso))
            time = datetime.fromisoformat(iso)
        except ValueError:
            return one_line(iso)
        return f"{self._weekday(time)} {time:%H:%M}"

    def _deadline(self, iso: str) -> str:
        """The same, but midnight ends a day: who must be done by Sunday 24:00 reads "Monday 00:00" wrong."""
        try:
            time = datetime.fromisoformat(iso)
        except ValueError:
            return one_line(iso)
        if len(iso) <= 10 or (time.hour, time.minute) != (0, 0):
            return self._moment(iso)
        return f"{self._weekday(time - timedelta(days=1))} 24:00"

    def _weekday(self, day: date) -> str:
        return self._("{day} ({weekday})").format(day=self._day(day), weekday=self._(WEEKDAYS[day.weekday()]))

    def _day(self, day: date) -> str:
        return self._("{month_name} {day}").format(month_name=MONTHS[day.month - 1], month=day.month, day=day.day)

    def _long_day(self, day: date) -> str:
        return self._("{month_name} {day}, {year}").format(year=day.year, month_name=MONTHS[day.month - 1], month=day.month, day=day.day)


def entries_of(digest: Digest) -> Iterator[Entry]:
    """Every printed line of the long form, in the model's order."""
    for section in ("resources", "unanswered", "announcements", "decisions", "actions", "due", "feedback", "opportunities", "quotes"):
        yield from getattr(digest, section)
    for pair in (*digest.qa, *digest.closed):
        yield from _lines(pair)
    for topic in (*digest.topics, *digest.again):
        yield from topic.highlights
    for talk in digest.talks:
        yield from talk.outline
        for pair in talk.qa:
            yield from _lines(pair)


def _lines(pair: QAEntry) -> Iterator[Entry]:
    yield pair.question
    yield from pair.answers
