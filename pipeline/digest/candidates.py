"""What there is to print: each QA pair, item, talk and run of valuable messages as a candidate with its price."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.digest.cite import is_proved, printable_text
from pipeline.digest.options import DigestOptions, Lent
from pipeline.digest.quote import ASKING, Part, Quoter, rarity
from pipeline.digest.select import Unit
from pipeline.mask import mask
from pipeline.model import Analysis, Entry, Item, Message, QAEntry, QAPair, TalkEntry
from pipeline.text import cjk_share, clean, grams, is_placeholder, short_name

Printed = Entry | QAEntry | TalkEntry

ITEM_SECTION = {
    "resource": "resources",
    "announcement": "announcements",
    "decision": "decisions",
    "action": "actions",
    "feedback": "feedback",
    "opportunity": "opportunities",
    "quote": "quotes",
}
_URL = re.compile(r"https?://\S+")
_FORWARD = re.compile(r"(?:[【\[（(]转[^】\]）)]{0,3}[】\]）)].*|《[^》]*》)?", re.DOTALL)


@dataclass(frozen=True)
class Candidate:
    """One printable thing, its section, its price and worth, and the topic that it belongs to."""

    section: str
    unit: Unit
    printed: Printed
    topic: str | None = None


class Desk:
    """One digest in the making: the analysis, what of it may be printed, and how it is quoted."""

    def __init__(self, analysis: Analysis, options: DigestOptions) -> None:
        self.a, self.o = analysis, options
        self.hide = _hider(analysis.messages, options)
        self.masked = {m.id: self.hide(printable_text(m)) for m in analysis.messages}
        self.quoter = Quoter(mask=self.hide, rarity=rarity(analysis.messages))
        self.words = {m.id: {g: self.quoter.rarity.weight(g) for g in set(grams(m.text))} for m in analysis.messages}
        # As much meaning takes about twice as many letters of a Latin script as Chinese characters.
        self.letters = 2.2 - 1.2 * min(1.0, 2 * cjk_share("".join(m.text for m in analysis.messages[:2000])))
        self.threads = {t.id: t for t in analysis.threads}
        self.log = "\n".join(m.text for m in analysis.messages)
        sure = [pair for pair in analysis.qa if pair.confidence >= options.qa_confidence]
        self.asked = {i: pair.question_ids for pair in sure for answer in pair.answers for i in answer.message_ids}
        self._names = {m.sender_id: self.name(m) for m in analysis.messages}

    # ---- what may be printed, and how ----

    def may_ask(self, message_id: str) -> bool:
        """A question may be printed even where its value is low, but never what is unfit, struck or opted out."""
        m, s = self.a.message(message_id), self.a.score(message_id)
        return m.sender_id not in self.o.opted_out and message_id not in self.o.dismissed and s.unfit <= self.o.most_unfit

    def may_print(self, message_id: str) -> bool:
        m, s = self.a.message(message_id), self.a.score(message_id)
        says = bool(clean(m.text)) and not is_placeholder(m.text)
        return s.noise is None and self.may_ask(message_id) and bool(says or m.url or m.title)

    def gain(self, message_id: str) -> float:
        """What showing a message is worth: the top of the value scale weighs more than the middle."""
        return float(self.a.score(message_id).value ** self.o.value_power)

    def name(self, message: Message) -> str:
        return "***" if message.sender_id in self.o.opted_out else self.hide(message.sender)

    def member(self, sender_id: str) -> str:
        """The newest name of a member."""
        return self._names.get(sender_id, sender_id)

    def safe(self, text: str | None) -> str | None:
        return self.hide(text) if text else None

    def entry(self, message_ids: Sequence[str], limit: int, part: Part = "") -> Entry:
        """The messages' words within the limit for one message; several together get up to twice that.

        The trouble and the code of a question both matter: there the limit counts for each, up to three.
        """
        messages = [self.a.message(i) for i in message_ids]
        first = messages[0]
        more = len(messages) - 1
        room = int(limit * self.letters * (min(3, 1 + more) if part == "question" else min(2.0, 1 + more * self.o.room_a_message)))
        return Entry(
            text=self.quoter.quote(messages, room, part), message_ids=tuple(message_ids), sender=self.name(first), time=first.sent_at
        )

    def source(self, m: Message) -> Message:
        """A cited message, masked, for the fold-outs."""
        return replace(m, text=self.hide(m.text), sender=self.name(m), url=self.safe(m.url), title=self.safe(m.title), mentions=())

    def proves(self, printed: Printed) -> bool:
        titles = [Entry(text=printed.title, message_ids=printed.message_ids)] if isinstance(printed, TalkEntry) else []
        return all(is_proved(e, self.masked) for e in (*titles, *entries(printed)))

    def candidate(self, section: str, printed: Printed, weight: float = 1.0, first: bool = True) -> Candidate:
        """With its price; the sections of `first_sections` go in before all else, since they cost little and are looked for."""
        gains = {i: self.gain(i) * weight for i in ids_of(printed)}
        unit = Unit(
            key=f"{section}:{'+'.join(gains)}",
            gain=gains,
            cost=sum(len("".join(e.text.split())) for e in entries(printed)),
            wave=self.o.first_sections.index(section) if first and section in self.o.first_sections else len(self.o.first_sections),
        )
        thread = self.a.thread_of.get(next(iter(gains)))
        topic = self.a.topic_of.get(thread.id) if thread else None
        return Candidate(section, unit, printed, topic.id if topic else None)

    # ---- what there is to print ----

    def questions(self, memory: Lent) -> list[Candidate]:
        found = []
        for pair in self.a.qa:
            asked = [i for i in pair.question_ids if self.may_ask(i)]
            if not asked:
                continue
            question = self.entry(asked, self.o.question_chars, "question")
            if pair.status == "unanswered":
                if self._is_plainly_open(pair):
                    found.append(self.candidate("unanswered", question, self.o.unanswered_weight))
            elif pair.confidence >= self.o.qa_confidence and (entry := self._pair(pair, question, memory)):
                found.append(self.candidate("qa", entry, self.o.qa_weight))
        return found

    def _is_plainly_open(self, pair: QAPair) -> bool:
        """A question for whom scoring alone reads it too. The judging looks at answers most, and doubts what has none: hence the root."""
        asks = max(self.a.score(i).question for i in pair.question_ids)
        worded = any(ASKING.search(self.a.message(i).text) for i in pair.question_ids)
        return (worded or asks >= self.o.open_unworded) and math.sqrt(pair.confidence) * asks**2 >= self.o.open_confidence

    def _pair(self, pair: QAPair, question: Entry, memory: Lent) -> QAEntry | None:
        fit = [[i for i in answer.message_ids if self.may_print(i)] for answer in pair.answers]
        answers = tuple(self.entry(self._telling(ids), self.o.answer_chars, "answer") for ids in fit if ids)
        if not answers:
            return None
        before = next((memory.asked_before[i] for i in pair.question_ids if i in memory.asked_before), None)
        return QAEntry(question=question, answers=answers, status=pair.status, confidence=round(pair.confidence, 3), asked_before=before)

    def _telling(self, ids: Sequence[str]) -> list[str]:
        """The few messages of a long answer that say most: whole sentences beat scraps of everything."""
        if sum(len(self.a.message(i).text) for i in ids) <= self.o.answer_chars * self.letters:
            return list(ids)
        return self._best(ids, self.o.answer_messages)

    def _best(self, ids: Sequence[str], most: int) -> list[str]:
        """Those of most value, in order."""
        best = sorted(ids, key=lambda i: (-self.a.score(i).value, self.a.row[i]))[:most]
        return [i for i in ids if i in best]

    def items(self) -> list[Candidate]:
        found = []
        for item in self.a.items:
            ids = [i for i in item.message_ids if self.may_print(i)]
            if ids and (item.kind != "quote" or self.o.quotes) and not self._is_forwarded(ids):
                weight = self.o.item_weight + item.confidence * (self.o.item_weight > 0)
                sure = item.kind == "resource" or item.confidence >= self.o.first_confidence
                found.append(self.candidate(ITEM_SECTION[item.kind], self._item(item, ids), weight, first=sure))
        return found

    def _is_forwarded(self, ids: Sequence[str]) -> bool:
        """An article passed on without a word of one's own, and not worth much as such."""
        said = " ".join(_URL.sub("", self.a.message(i).text) for i in ids).strip()
        return bool(_FORWARD.fullmatch(said)) and max(self.a.score(i).value for i in ids) < self.o.least_forward_value

    def _item(self, item: Item, ids: Sequence[str]) -> Entry:
        context = None
        if item.context_id and item.context_id not in ids and self.may_ask(item.context_id):
            context = self.entry([item.context_id], self.o.short_entry_chars)
        return replace(
            self.entry(ids, self.o.entry_chars),
            context=context,
            url=self.safe(item.url),
            title=self.safe(item.title),
            when=item.when,
            place=self.safe(item.place),
            due=item.due,
            who=tuple(dict.fromkeys(self.member(i) for i in item.who if i not in self.o.opted_out)),  # one may have two accounts
            replaces=item.replaces,
        )

    def talks(self) -> list[Candidate]:
        found = []
        for talk in self.a.talks:
            outline = self._best([i for i in talk.outline_ids if self.may_print(i)], self.o.talk_lines)
            if outline and talk.speaker_id not in self.o.opted_out:
                title = talk.title_id if self.may_ask(talk.title_id) else outline[0]
                entry = TalkEntry(
                    title=self.entry([title], self.o.short_entry_chars, "title").text,
                    speaker=self.member(talk.speaker_id),
                    outline=tuple(self.entry([i], self.o.entry_chars) for i in outline),
                    qa=(),
                    message_ids=(title,),
                    kind=talk.kind,
                )
                found.append(self.candidate("talks", entry))
        return found

    def highlights(self) -> list[Candidate]:
        """Runs of one sender's valuable messages in one thread, joined in order."""
        titles = {talk.title_id for talk in self.a.talks}  # each heads its talk
        runs: list[list[Message]] = []
        for thread in self.a.threads:
            last: Message | None = None
            for m in thread.messages:
                scored = self.a.score(m.id)
                if scored.value < self.o.least_value or scored.is_question or m.id in titles or not self.may_print(m.id):
                    continue
                if last is not None and self._continues(runs[-1], m):
                    runs[-1].append(m)
                else:
                    runs.append([m])
                last = m
        return [self.candidate("highlight", self._highlight(run)) for run in runs]

    def _highlight(self, run: Sequence[Message]) -> Entry:
        """With the question that it answers, or what it quotes, where it says little by itself."""
        entry, first = self.entry([m.id for m in run], self.o.entry_chars), run[0]
        text = clean(first.text)
        if len(text) >= self.o.stands_alone * self.letters and not text.startswith("@"):
            return entry
        responds_to = self.asked.get(first.id) or ((first.reply_to,) if first.reply_to in self.a.row else ())
        fit = [i for i in responds_to if self.may_ask(i)]
        return replace(entry, context=self.entry(fit, self.o.short_entry_chars, "question")) if fit else entry

    def _continues(self, run: Sequence[Message], m: Message) -> bool:
        near = run[-1].sender_id == m.sender_id and (m.sent_at - run[-1].sent_at).total_seconds() <= self.o.run_seconds
        return near and sum(len(x.text) for x in run) + len(m.text) <= self.o.entry_chars * self.letters


def _hider(messages: Sequence[Message], options: DigestOptions) -> Callable[[str], str]:
    """`mask`, which also hides the operator's own words and the names of members who opted out."""
    out = {name for m in messages if m.sender_id in options.opted_out for name in m.names}
    names = {form for name in out for form in (name, short_name(name)) if len(form) > (1 if cjk_share(form) or form == name else 2)}
    hidden = sorted({*names, *options.hidden_words}, key=lambda n: (-len(n), n))

    def hide(text: str) -> str:
        for word in hidden:
            text = text.replace(word, "***")
        return mask(text)

    return hide


def entries(printed: Printed) -> list[Entry]:
    """Every printed text of a candidate."""
    if isinstance(printed, QAEntry):
        return [printed.question, *printed.answers]
    if isinstance(printed, TalkEntry):
        return [*printed.outline, *(e for pair in printed.qa for e in entries(pair))]
    return [printed, *([printed.context] if printed.context else [])]


def ids_of(printed: Printed) -> list[str]:
    """The messages that it cites, in order, once each."""
    return list(dict.fromkeys(i for e in entries(printed) for i in e.message_ids))


def in_time_order(printed: Iterable[Printed]) -> tuple[Printed, ...]:
    return tuple(sorted(printed, key=lambda p: (entries(p)[0].time, ids_of(p))))
