"""From messages to the text that is printed: joined in order, masked, long ones cut to their key sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pipeline.model import Message
from pipeline.text import cjk_share, clean, count, grams, is_titled

_ADDRESS = r"https?://[^\s<>\"'，。；、）】」》]+"  # whole, whatever marks stand in it
_END = r"\.(?=\s+[A-Z\"'“(])"  # of an English sentence, not of an abbreviation or a figure
_SENTENCE = re.compile(rf"(?:{_ADDRESS}|(?!{_END})[^。！？!?；;\n])+(?:[。！？!?；;]+|{_END})?|\n")
_URL = re.compile(_ADDRESS)
_LIST_MARK = re.compile(r"^\s*(?:\d{1,2}[.、)）:：]|[①-⑳]|[-•*·])")
_SAYS = re.compile(r"\w")
_NUMBER = re.compile(r"\d")
_BLANKS = re.compile(r"\s+")
ELLIPSIS = "…"
Part = Literal["", "question", "answer", "title"]
FIRST = 1.5  # weight of the first sentence: what answers or is announced mostly stands there
WORD_OVER = 1.6  # … a long word, if what leads up to it would stand alone
OVER = 1.15  # a clause may end so far beyond the limit: half a clause says nothing
HEADING = 0.1  # weight of a sentence that only names what follows ("六、结果和成本。", "我这么做，直接抄：")
_HEADING = re.compile(
    r"(?:[一二三四五六七八九十]{1,3}[、.．]|第[一二三四五六七八九十]{1,3}[步点条个部][、，,:：]?)\s*[^，,、]{1,10}[。：:]?|.*[:：]",
    re.DOTALL,
)
LEAST_ROOM = 12  # characters of each of several messages
SIGNS = 0.05  # share of signs in code
_SIGN = re.compile(r"[(){}\[\]=<>_;|\\/$#*`]")
NAMES = 4.0  # weight of the sentence with the title, in what announces a talk
# That it was spoken, that it is for all, or that it is a question is of no use to who reads the words.
_OPENS_WITH = re.compile(
    r"^\s*(?:[\[【(（](?:语音转文字|语音|voice)[^\]】)）]{0,6}[\]】)）]|@(?:所有人|全体成员|all|everyone|here|channel)\b|(?:问|q)\s*[:：])\s*(?=\S)",
    re.IGNORECASE,
)
_HEADING_MARK = re.compile(r"\s*【[^】\n]{2,24}】")
ASKS = 2.0  # weight of the sentence that asks, in a question
ASKING = re.compile(
    r"[?？]|[吗呢么]|什么|啥|怎么|怎样|咋|哪|谁|多少|几[个点号天岁次年月]|为何|如何|是否|请教|求助|求推荐|(.)[不没]\1|是不是|有没有|能不能|有人|求|没(?=\s|[，,。!！~]|$)|"
    r"\b(?:what|how|why|who|where|when|which|any(?:one|body)?|can|could|does|do|did|is|are|should|would)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Rarity:
    """How telling a gram is in this log: inverse document frequency over its messages."""

    messages: int
    frequency: dict[str, int]

    def weight(self, gram: str) -> float:
        return math.log((self.messages + 1) / (self.frequency.get(gram, 0) + 1))


def rarity(messages: Sequence[Message]) -> Rarity:
    """Counts, for each gram, in how many messages it stands."""
    return Rarity(messages=len(messages), frequency=count(g for m in messages for g in set(grams(m.text))))


@dataclass(frozen=True, kw_only=True)
class Quoter:
    """Quotes messages of one log: `mask` hides what is private, `rarity` tells key sentences."""

    mask: Callable[[str], str]
    rarity: Rarity

    def quote(self, messages: Sequence[Message], limit: int, part: Part = "") -> str:
        """The messages' words in order, one line each, at most about `limit` characters.

        A message that does not fit is cut to its key sentences with "…"; the limit is shared out so that short
        messages stay whole. In a question the sentence that asks comes first of all, and code gets the room that the words
        leave; an answer, which stands under its question, need not begin with whom and what it answers.
        """
        texts = [t for t in (self._body(m) for m in messages) if t]
        room = _share(limit, [len(t) for t in texts], [part == "question" and _is_code(t) for t in texts])
        return "\n".join(self.shorten(t, r, part) for t, r in zip(texts, room, strict=True))

    def _body(self, message: Message) -> str:
        text = _OPENS_WITH.sub("", message.text)
        if message.url and message.url not in text:
            text = f"{text} {message.url}" if text else message.url
        # A masked text may not join what stood on two lines of the log: each line is cleaned alone.
        # Invisible characters stay, for they hold emoji together: what they could do to a page is the templates' business.
        return "\n".join(filter(None, (_BLANKS.sub(" ", line).strip() for line in self.mask(text).splitlines())))

    def shorten(self, text: str, limit: int, part: Part = "") -> str:
        """The key sentences of a text within about `limit` characters, in order, gaps marked "…"."""
        if len(text) <= limit * OVER:
            return text
        if part == "answer" and (opening := _ADDRESSED.match(text)) and (rest := text[opening.end() :].strip()):
            return ELLIPSIS + self.shorten(rest, limit - len(ELLIPSIS)).removeprefix(ELLIPSIS)
        if (heading := _HEADING_MARK.match(text)) and part != "answer" and len(heading[0]) < limit:  # says what all the rest is about
            rest = text[heading.end() :]
            between = rest[: len(rest) - len(rest.lstrip())]
            return heading[0].strip() + between + self.shorten(rest.strip(), limit - len(heading[0]), part)
        asks = part == "question" and not _is_code(text)
        sentences = _sentences(text)
        weight = [
            self._weight(s.text) * (FIRST if i == 0 else 1.0) * (ASKS if asks and ASKING.search(s.text) else 1.0)
            * (NAMES if part == "title" and is_titled(s.text) else 1.0) * (HEADING if _HEADING.fullmatch(s.text.strip()) else 1.0)
            for i, s in enumerate(sentences)
        ]  # fmt: skip
        best = max(range(len(sentences)), key=lambda i: (weight[i], -i))
        if len(sentences[best].text) > limit:  # the beginning of what matters says more than a whole aside
            short = _asking_end(sentences[best].text, limit) if asks else cut(sentences[best].text, limit)
            return short if short.startswith(ELLIPSIS) or not best else ELLIPSIS + short
        chosen = _key_sentences(sentences, weight, limit)
        pieces: list[str] = []
        previous = -1
        for i in sorted(chosen):
            if pieces:
                pieces.append("\n" if i == previous + 1 and sentences[i].starts_line else "" if i == previous + 1 else ELLIPSIS)
            elif i:
                pieces.append(ELLIPSIS)
            pieces.append(sentences[i].text)
            previous = i
        short = "".join(pieces) + (ELLIPSIS if previous < len(sentences) - 1 else "")
        return short if len(short) <= limit + 2 * len(ELLIPSIS) else cut(short, limit)

    def _weight(self, sentence: str) -> float:
        found = set(grams(sentence))
        total = sum(self.rarity.weight(g) for g in found) / math.sqrt(len(found) + 1)
        return total * (1.2 if _NUMBER.search(sentence) else 1.0)


def _key_sentences(sentences: Sequence[Sentence], weight: Sequence[float], limit: int) -> set[int]:
    """Greedy by weight a character, as many as fit."""
    order = sorted(range(len(sentences)), key=lambda i: (-weight[i] / (len(sentences[i].text) + 6) ** 0.5, i))
    chosen: set[int] = set()
    used = 0
    for i in order:
        size = len(sentences[i].text) + 1
        if used + size <= limit:
            chosen.add(i)
            used += size
    return chosen or {order[0]}


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    starts_line: bool


def _sentences(text: str) -> list[Sentence]:
    """Sentences and lines; a bare list mark stays with what follows it."""
    found: list[Sentence] = []
    fresh = False
    for piece in _SENTENCE.findall(text):
        if piece == "\n":
            fresh = True
            continue
        if found and not fresh and not _SAYS.search(piece):  # a bracket or mark left over
            found[-1] = Sentence(found[-1].text + piece, found[-1].starts_line)
        elif piece.strip():
            found.append(Sentence(piece if not fresh else piece.lstrip(), fresh))
            fresh = False
    return found


def _share(limit: int, sizes: Sequence[int], last: Sequence[bool]) -> list[int]:
    """Room for each text: short ones whole, the rest in equal parts; those that come last get what the others leave."""
    room = [0] * len(sizes)
    left = limit
    order = sorted(range(len(sizes)), key=lambda i: (last[i], sizes[i], i))
    for place, i in enumerate(order):
        beside = [k for k in order[place:] if last[k] == last[i]]
        kept_back = LEAST_ROOM * (len(order) - place - len(beside))
        room[i] = min(sizes[i], max((left - kept_back) // len(beside), LEAST_ROOM))
        left = max(0, left - room[i])
    return room


def _is_code(text: str) -> bool:
    """More signs than words of a language have."""
    return len(_SIGN.findall(text)) >= SIGNS * len(text) and cjk_share(text) < SIGNS


# "@木棉 ", "补昨晚大橘问的：": whom and what one answers.
_ADDRESSED = re.compile(r"(?:@\S+\s+)+|[^，,。！？!?；;：:\n]{0,8}[问说]的?[^，,。！？!?；;：:\n]{0,14}[：:]\s*")
_BREAK = re.compile(r"[，,、；;：:。！？!?\s）)】」》]")
# Where a clause ends: at a mark, but not inside a figure (9:00, 1,200); at a blank between Chinese, where it stands for a comma.
_CLAUSE = re.compile(
    r"[，、；。！？!?;）)】」》\n]|(?<!\d)[,：:]|[,：:](?!\d)|(?<=[\u3400-\uffef])\s(?=[\u3400-\uffef])|\.(?=\s)|\s(?=[–—-]\s)"
)
# Without any mark: before words that mostly begin a clause.
_GOES_ON = re.compile(
    r"(?<=[\u4e00-\u9fff])(?=然后|所以|因为|但是|如果|而且|就是|还有|或者|那么|第[一二三四五六七八九十]|最后|这样|只要|不要|你要|我们|他们)"
)
_OPENS = re.compile(r"[（【《「“]|\((?=[\u3400-\uffef])")  # asides and titles; brackets of code belong to it
_CLOSES = re.compile(r"[）】》」”)]")
EARLY, EARLIEST = 0.6, 0.35  # of the limit: a clause that ends there is taken gladly, or if nothing better is to be had


def cut(text: str, limit: int) -> str:
    """The beginning of a text up to the end of a clause near the limit, with "…"; never inside a figure, a word or an address."""
    if len(text) <= limit * OVER:
        return text
    opening = _URL.match(text)
    if opening and opening.end() > limit * EARLY and text[opening.end() :].strip():  # an entry carries its address beside its words
        return ELLIPSIS + cut(text[opening.end() :].strip(), limit - 1)
    room = max(1, limit - 1)
    inside = next((u for u in _URL.finditer(text) if 0 < u.start() < room < u.end()), None)
    if inside:  # half an address is of no use
        return text[: inside.start()].rstrip() + ELLIPSIS
    furthest = int(limit * OVER)
    ends = [m.start() for m in _CLAUSE.finditer(text[: furthest + 2], 1) if m.start() <= furthest]
    if not ends:  # speech written down
        ends = [m.start() for m in _GOES_ON.finditer(text[: furthest + 2], 1) if m.start() <= furthest]
    before = [e for e in ends if e <= room]
    after = [e for e in ends if e > room]
    if _is_code(text):  # has no clauses: a bracket ends none
        head = _whole_words(text, room)
    elif before and before[-1] >= EARLY * room:
        head = text[: before[-1]]
    elif after:
        head = text[: after[0]]
    elif before and before[-1] >= EARLIEST * room:
        head = text[: before[-1]]
    else:
        head = _whole_words(text, room)
    return _without_open_bracket(head, room).rstrip("，,、；;：: (（" + ELLIPSIS) + ELLIPSIS


def _without_open_bracket(head: str, room: int) -> str:
    """Without an aside that would end in the middle, if enough stands before it."""
    opened = [m.start() for m in _OPENS.finditer(head)]
    return head[: opened[-1]] if opened and opened[-1] >= EARLIEST * room and not _CLOSES.search(head, opened[-1]) else head


def _whole_words(text: str, room: int) -> str:
    """The first `room` characters, less what would halve a word of a Latin script, a figure or a command of a few words.

    Where little would be left, or only what leads up to the word ("for compose it is …"), the word stands whole if it ends soon.
    """
    start = end = room
    while start and _joined(text[start - 1]) and _joined(text[start : start + 1]):
        start -= 1
    while end < len(text) and _joined(text[end]) and _joined(text[end - 1]):
        end += 1
    if start < EARLY * room:
        return text[:end] if end <= room * WORD_OVER else text[: start if start > room // 3 else room]
    return text[:start]


def _joined(mark: str) -> bool:
    return mark.isascii() and (mark.isalnum() or mark in ".:%_-/'")


def _asking_end(text: str, limit: int) -> str:
    """Of a long sentence the clauses that lead up to its last asking one, as many as fit."""
    starts = [0, *(m.end() for m in _CLAUSE.finditer(text)), len(text)]
    clauses = [(a, b) for a, b in pairwise(starts) if text[a:b].strip()]
    asking = [k for k, (a, b) in enumerate(clauses) if ASKING.search(text[a:b])]
    last = clauses[asking[-1]][1] if asking else 0
    if last <= limit * OVER:
        return cut(text, limit)
    first = next((a for a, _ in clauses if last - a <= limit), clauses[asking[-1]][0])
    return ELLIPSIS + cut(text[first:].lstrip(), limit)


def find_phrase(message: Message, log: str, hide: Callable[[str], str], shortest: int = 6, longest: int = 20) -> str:
    """A phrase of a message that occurs once in `log` (all its texts joined), for the app's search box.

    A whole clause is easiest to recognise; else the beginning, as long as it must be to be unique. A masked part is
    never used. Falls back to the beginning of the text when nothing in it is unique.
    """
    parts = [part for line in hide(message.text).splitlines() for part in line.split("***")]
    for clause in (c.strip() for part in parts for c in _BREAK.split(part)):
        if shortest <= len(clause) <= longest and clause[0] not in "/(（…" and log.count(clause) == 1:
            return clause
    for part in (p.strip() for p in parts):
        for size in range(min(shortest, len(part)), min(2 * longest, len(part)) + 1):
            if size and log.count(part[:size]) == 1 and part[:size] == part[:size].strip():
                return part[:size]
    return clean(hide(message.text))[:longest]
