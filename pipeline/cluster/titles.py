"""Titles and keywords of topics, in the log's own words: class-based TF-IDF over words and phrases."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import pairwise

from pipeline.cluster.stop_words import STOP_WORDS
from pipeline.text import clean, cut, fold, urls, word_class, word_share

_LATIN = re.compile(r"[a-z][a-z0-9+#.'-]*[a-z0-9+#]|[a-z]")
_CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]{2,}")
# Mentions, stickers and other stand-ins in brackets, hash tags; paths, switches and identifiers of code, which name no subject.
_ASIDE = re.compile(
    r"@\S+|\[(?:[^\[\]]{1,12}|[A-Za-z ]{1,30})\]|【[^【】]{1,12}】|#\S{1,20}#?"
    r"|(?<![A-Za-z0-9/])/[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]*)*|(?<![\w-])--?[a-z][\w-]*|[A-Za-z0-9]*_\w+|[A-Za-z]\w*="
)
_ADDRESS = ("老师", "同学", "医生", "教练", "哥", "姐", "总", "叔", "姨", "师傅")
_CALLED = re.compile(f"[\u4e00-\u9fff]{{1,2}}(?:{'|'.join(_ADDRESS)})")
_PART = re.compile(r"[-_—·|｜/\\()（）\[\]【】\s~]+")
_NUMBER = re.compile("[一二两三四五六七八九十百千万几半第0-9]+[一-鿿]?$|[一二两三四五六七八九十几半第每]")
LONGEST_TITLE = 16  # characters
JOIN = "、"
# By jieba's classes (first letter): nouns, names of things, fixed phrases, verbs, … ; a word that it does not know: 0.5
CLASS_WEIGHT = {
    "n": 1.0,
    "e": 1.0,
    "j": 1.0,
    "l": 0.6,
    "i": 0.5,
    "v": 0.6,
    "b": 0.6,
    "a": 0.4,
    "s": 0.4,
    "f": 0.2,
    "t": 0.2,
    "d": 0.1,
    "z": 0.2,
}
CLASS_WEIGHT |= dict.fromkeys("mqrpcuyoxhk", 0.1)
NEIGHBOUR_WORDS = 3
NAME_WORDS = 4  # of a nickname


@lru_cache(maxsize=65536)
def _cut(text: str) -> tuple[str, ...]:
    """The text's words in its own spelling, in order; what stands between them (signs, blanks) is kept, so that phrases can be told."""
    return tuple(cut(text))


def _bare(text: str) -> str:
    """Without addresses, mentions and bracketed stickers."""
    for url in urls(text):
        text = text.replace(url, " ")
    return _ASIDE.sub(" ", clean(text))


def tells(word: str) -> bool:
    """Can the word say what is talked about?"""
    if word in STOP_WORDS or _CALLED.fullmatch(word):
        return False
    return bool(_CHINESE.fullmatch(word)) or (len(word) > 1 and bool(_LATIN.fullmatch(word)))


def name_words(names: Collection[str]) -> frozenset[str]:
    """The nicknames and their parts ("阿泽-杭州"): never part of a title."""
    return frozenset(p for name in names for p in (fold(name), *_PART.split(fold(name))) if len(p) > 1)


def telling_words(text: str, names: frozenset[str]) -> list[str]:
    """The folded words of a message that can say what it is about."""
    return [w for word in _cut(_bare(text)) if tells(w := fold(word)) and w not in names]


def _phrases(text: str, names: frozenset[str]) -> list[tuple[str, ...]]:
    """Runs of up to three telling words that stand side by side, as spelt."""
    runs: list[list[str]] = [[]]
    words = _cut(_bare(text))
    folded = [fold(word) for word in words]
    named = _named(folded, names)
    for i, word in enumerate(words):
        if tells(folded[i]) and folded[i] not in names and i not in named:
            runs[-1].append(word)
        elif not (word.isspace() and runs[-1] and runs[-1][-1].isascii()):  # a blank joins Latin words only
            runs.append([])
    return [tuple(run[i : i + n]) for run in runs for n in range(1, NEIGHBOUR_WORDS + 1) for i in range(len(run) - n + 1)]


def _named(folded: Sequence[str], names: frozenset[str]) -> set[int]:
    """Places of words that name a member: a nickname that the cutting took apart ("静水" "流深"), its beginning before "老师"."""
    found: set[int] = set()
    firsts = _first_letters(names)
    for i, joined in enumerate(folded):
        if joined[:1] not in firsts:
            continue
        if folded[i + 1 : i + 2] and folded[i + 1] in _ADDRESS and any(name.startswith(joined) for name in names):
            found.add(i)
        for end in range(i + 1, min(len(folded), i + NAME_WORDS)):
            joined += folded[end]
            if joined in names:
                found.update(range(i, end + 1))
    return found


@lru_cache(maxsize=8)
def _first_letters(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name[:1] for name in names)


def title_topics(groups: Sequence[Sequence[str]], names: frozenset[str], most: int) -> list[tuple[str, tuple[str, ...]]]:
    """For each group of texts a title and its keywords, best first: what sets it apart from the other groups."""
    inside = [_counted(texts, names) for texts in groups]
    everywhere: Counter[str] = Counter()
    for counts, _ in inside:
        everywhere.update(counts)
    average = sum(n for p, n in everywhere.items() if " " not in p) / max(1, len(groups))
    telling = _telling(frozenset(w for p in everywhere for w in p.split(" ")))
    return [_title(counts, spelt, everywhere, average, telling, most) for counts, spelt in inside]


def _telling(words: frozenset[str]) -> dict[str, float]:
    """How much each word says about a subject: rare ones more, things more than doings, numbers least."""
    found = {}
    for word in words:
        share = word_share(word)
        rarity = 1.0 if share <= 0 else min(1.0, max(0.2, (-math.log10(share) - 3) / 2.5))
        kind = 1.0 if word.isascii() else CLASS_WEIGHT.get(word_class(word)[:1], 0.5)
        found[word] = rarity * kind * (0.3 if _NUMBER.match(word) else 1.0)
    return found


def _counted(texts: Sequence[str], names: frozenset[str]) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """Phrase (folded words, blanks between) → in how many texts; and how it is spelt there."""
    counts: Counter[str] = Counter()
    spelt: dict[str, Counter[str]] = {}
    for text in texts:
        here: dict[str, str] = {}
        for phrase in _phrases(text, names):
            here.setdefault(" ".join(map(fold, phrase)), _joined(phrase))
        counts.update(here.keys())
        for key, form in here.items():
            spelt.setdefault(key, Counter())[form] += 1
    return counts, spelt


def _joined(words: Sequence[str]) -> str:
    """Side by side as in the text: a blank between Latin words only."""
    out = words[0]
    for before, word in pairwise(words):
        out += (" " if before[-1].isascii() and word[0].isascii() else "") + word
    return out


def _title(
    counts: Counter[str], spelt: dict[str, Counter[str]], everywhere: Counter[str], average: float, telling: dict[str, float], most: int
) -> tuple[str, tuple[str, ...]]:
    weigh = {p: _weight(p, n, everywhere[p], average, telling) for p, n in counts.items()}
    chosen: list[str] = []
    for phrase in sorted(weigh, key=lambda p: (-weigh[p], -len(p), p)):
        if len(chosen) == most:
            break
        if not any(_overlap(phrase, other) for other in chosen):
            chosen.append(phrase)
    words = [min(spelt[p], key=lambda form: (-spelt[p][form], form)) for p in chosen]
    title = words[0] if words else ""
    for word in words[1:3]:
        if len(title) + len(word) + 1 <= LONGEST_TITLE and JOIN not in title:
            title = f"{title}{JOIN}{word}"
    return title, tuple(words)


def _weight(phrase: str, n: int, overall: int, average: float, telling: dict[str, float]) -> float:
    """Class-based TF-IDF, times what the words say. Said once is hardly a subject; a phrase that comes back is more than its words."""
    words = phrase.split(" ")
    said = n if n > 1 else 0.4
    together = 1 + 0.5 * (len(words) - 1) if n > 1 else 1.0
    return said * math.log(1 + average / overall) * together * sum(telling[w] for w in words) / len(words)


def _overlap(one: str, other: str) -> bool:
    """Do two phrases share a word, or is one's text inside the other's?"""
    a, b = one.replace(" ", ""), other.replace(" ", "")
    return a in b or b in a or bool(set(one.split(" ")) & set(other.split(" ")))
