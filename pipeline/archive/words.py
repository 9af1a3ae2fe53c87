"""Text prepared for the word index: folded, cut into tokens that a query can be cut into without a dictionary.

Three columns of the FTS5 table `words`:

    grams    Latin words, numbers, and overlapping pairs of Chinese characters. A quoted phrase of pairs is an exact
             substring search; each run ends with its last character and END, so that a prefix finds single characters.
    cut      jieba's words of two and more characters: the query's own character n-grams are looked up here, so
             that real words weigh as words and the query never pays jieba's dictionary (about a second).
    pieces   character trigrams of Latin text without blanks (code, URLs, file names, error messages): any
             substring of three or more characters is found.

Width, case and traditional characters are folded the same way at import and in queries. Whoever changes what
this module makes of a text raises WORDS_VERSION: the archive then rebuilds its words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pipeline.text import fold

WORDS_VERSION = "1"

END = "␃"  # after the last character of a run of Chinese
MAX_RUN = 400  # a base64 blob is not worth more trigrams than this
CUT_GRAMS = (2, 3, 4)  # lengths of jieba's words worth asking for

_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_TOKEN = re.compile(
    rf"[{_CJK}]+|[a-z\u00c0-\u024f\u0370-\u052f]+[+#]{{1,2}}(?![a-z0-9])|[a-z\u00c0-\u024f\u0370-\u052f]+|[0-9]+(?:\.[0-9]+)*|[^\s\w]"
)
_IS_CJK = re.compile(rf"[{_CJK}]")
_SOLID = re.compile(r"[\x21-\x7e\u00c0-\u024f\u0370-\u052f]{3,}")
_MARK = re.compile(r"[^\w\s]", re.UNICODE)
_COMMON_MARKS = frozenset("，。！？；：、“”‘’（）【】《》…—,.!?;:'\"()[]{}<>-_/\\|@#$%^&*+=~`·")


class Prepared(NamedTuple):
    """One text's tokens for the three columns, separated by blanks."""

    grams: str
    cut: str
    pieces: str


def prepare(text: str) -> Prepared:
    """What the word index holds of a text."""
    folded = fold_script(text)
    return Prepared(" ".join(_grams(folded)), " ".join(_cut(folded)), " ".join(_pieces(folded)))


@lru_cache(maxsize=8192)  # a query folds the same names, texts and single characters again and again
def fold_script(text: str) -> str:
    """Width, case and traditional characters folded: 「軟體ＡＩ」 → 「软体ai」."""
    return fold(text).translate(_simplified())


@lru_cache(maxsize=1)
def _simplified() -> dict[int, str]:
    """OpenCC's own table of single characters: folding for search needs no phrases, and this loads in milliseconds."""
    import importlib.util

    spec = importlib.util.find_spec("opencc")
    assert spec is not None
    assert spec.origin is not None
    table = Path(spec.origin).parent / "dictionary" / "TSCharacters.txt"
    pairs = (line.split() for line in table.read_text(encoding="utf-8").splitlines())
    return {ord(p[0]): p[1] for p in pairs if len(p) > 1 and len(p[0]) == 1 and len(p[1]) == 1}


def tokens(folded: str) -> list[str]:
    """Runs of Chinese, Latin words ("c++", "c#" whole), numbers, and rare marks (emoji) of a folded text, in order."""
    return [t for t in _TOKEN.findall(folded) if t not in _COMMON_MARKS]


def is_cjk(token: str) -> bool:
    return bool(_IS_CJK.match(token))


def _grams(folded: str) -> list[str]:
    found: list[str] = []
    for token in tokens(folded):
        if is_cjk(token):
            found += [token[i : i + 2] for i in range(len(token) - 1)]
            found.append(token[-1] + END)
        else:
            found.append(token)
    return found


def _cut(folded: str) -> list[str]:
    from pipeline.text import words

    return [w for w in words(folded) if len(w) > 1 and is_cjk(w)]


def _pieces(folded: str) -> list[str]:
    return [run[i : i + 3] for run in _SOLID.findall(folded) for i in range(min(len(run), MAX_RUN) - 2)]


class QueryTerms(NamedTuple):
    """A query's terms: `exact` match it as it stands, `strong` as whole words or substrings, `loose` are its character pairs."""

    folded: str
    exact: tuple[str, ...]
    strong: tuple[str, ...]
    loose: tuple[str, ...]


def query_terms(query: str) -> QueryTerms:
    """FTS5 expressions, one a term, every token quoted: no query can break the syntax."""
    folded = fold_script(query)[:500]
    strong: list[str] = []
    loose: list[str] = []
    for token in tokens(folded):
        if not is_cjk(token):
            loose.append(gram_term(token))
        elif len(token) == 1:
            strong.append(f"grams:{_quote(token)}*")
        else:
            loose += [gram_term(token[i : i + 2]) for i in range(len(token) - 1)]
            strong += [f"cut:{_quote(token[i : i + n])}" for n in CUT_GRAMS for i in range(len(token) - n + 1)]
    pieces = [" ".join(run[i : i + 3] for i in range(min(len(run), MAX_RUN) - 2)) for run in _SOLID.findall(folded)]
    strong += [f"pieces:{_quote(p)}" for p in pieces]
    exact = [e for e in (_whole_grams(folded), f"pieces:{_quote(pieces[0])}" if len(pieces) == 1 else None) if e]
    return QueryTerms(folded, tuple(exact), tuple(dict.fromkeys(strong)), tuple(dict.fromkeys(loose)))


def _whole_grams(folded: str) -> str | None:
    """The whole query as one phrase of the `grams` column."""
    every = tokens(folded)
    phrase: list[str] = []
    for n, token in enumerate(every, 1):
        if not is_cjk(token):
            phrase.append(token)
            continue
        phrase += [token[i : i + 2] for i in range(len(token) - 1)]
        if n < len(every):
            phrase.append(token[-1] + END)
        elif len(token) == 1:
            return f"grams:{_quote(' '.join([*phrase, token]))}*"
    return f"grams:{_quote(' '.join(phrase))}" if phrase else None


def gram_term(gram: str) -> str:
    """The expression for one term of the `grams` column."""
    return f"grams:{_quote(gram)}"


def _quote(token: str) -> str:
    return '"' + token.replace('"', '""') + '"'
