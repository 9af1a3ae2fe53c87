"""Everything that depends on language and is shared by stages: cleaning, folding, tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

_SPACE = re.compile(r"\s+")
_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_URL = re.compile(r"https?://[^\s<>\"'，。；、）】」》]+", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"^\s*[\[【<](?:图片|动画表情|表情|语音|视频|红包|sticker|image|voice|video|photo|GIF)[^\]】>]{0,40}[\]】>]\s*$", re.IGNORECASE
)
_CJK = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_NAME_PART = re.compile(r"[-_|@·•丨/\\(（\[【{,，~～\s]")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[A-Za-z0-9_]+(?:[.+#'-][A-Za-z0-9_+#]+)*|[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


def clean(text: str) -> str:
    """Text for models: invisible and control characters gone, runs of white space one blank."""
    return _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()


def fold(text: str) -> str:
    """Text for comparing: clean, width and case folded (NFKC, casefold)."""
    return unicodedata.normalize("NFKC", clean(text)).casefold()


def urls(text: str) -> list[str]:
    """The web addresses in a text, in order."""
    return [u.rstrip(".,;:!?)") for u in _URL.findall(text)]


def is_placeholder(text: str) -> bool:
    """Is the whole text a stand-in for media ("[图片]")?"""
    return bool(_PLACEHOLDER.match(text))


def cjk_share(text: str) -> float:
    """Share of Chinese characters among the non-blank ones, 0…1."""
    solid = _SPACE.sub("", text)
    return len(_CJK.findall(solid)) / len(solid) if solid else 0.0


def short_name(name: str) -> str:
    """What a member is called for short: the part of the name before "-城市", "@公司", "|职业"."""
    return _NAME_PART.split(name.strip(), maxsplit=1)[0]


def written_in(texts: Sequence[str]) -> str:
    """The language of a chat: "zh-hans", "zh-hant" or "en"."""
    text = "".join(texts)[:20_000]
    chinese = _CJK.findall(text)
    if len(chinese) < 0.15 * max(1, len(_LETTER.findall(text))):
        return "en"
    from opencc import OpenCC

    traditional = sum(a != b for a, b in zip(chinese, OpenCC("t2s").convert("".join(chinese)), strict=False))
    return "zh-hant" if traditional > 0.1 * len(chinese) else "zh-hans"


def grams(text: str) -> list[str]:
    """Words of Latin script and numbers, and overlapping character pairs of Chinese: needs no dictionary."""
    found: list[str] = []
    for piece in _WORD.findall(fold(text)):
        if _CJK.match(piece):
            found += [piece[i : i + 2] for i in range(len(piece) - 1)] or [piece]
        else:
            found.append(piece)
    return found


@lru_cache(maxsize=1)
def _jieba() -> object:
    """jieba with its log handler off and its cache in the user's private cache folder."""
    import logging
    import tempfile  # noqa: F401  (jieba reads tmp_dir at load time)

    import jieba
    import platformdirs

    jieba.setLogLevel(logging.WARNING)
    jieba.dt.tmp_dir = platformdirs.user_cache_dir("dianti", ensure_exists=True)
    return jieba


def cut(text: str) -> list[str]:
    """The text in jieba's pieces as they stand, signs and blanks too: joined they are the text."""
    return list(_jieba().lcut(text))  # type: ignore[attr-defined]


def word_share(word: str) -> float:
    """A Chinese word's share of general text by jieba's dictionary; 0 when it does not know it."""
    dictionary = _jieba().dt  # type: ignore[attr-defined]
    dictionary.check_initialized()
    return float(dictionary.FREQ.get(word, 0)) / float(dictionary.total)


def word_classes(wanted: frozenset[str]) -> dict[str, str]:
    """The part of speech (n, v, a, d, t, m …) of those words that jieba's dictionary knows."""
    found = {}
    with _jieba().dt.get_dict_file() as file:  # type: ignore[attr-defined]
        for line in file.read().decode("utf-8").splitlines():  # 350,000 lines "word count tag": split only where it pays
            if line[: line.find(" ")] in wanted:
                word, _, tag = line.split(" ")
                found[word] = tag
    return found


def words(text: str) -> list[str]:
    """jieba's words of a folded text, punctuation and blanks left out. Costs a second on first use."""
    return [w for w in _jieba().lcut(fold(text)) if _WORD.match(w)]  # type: ignore[attr-defined]


def count(items: Iterable[str]) -> dict[str, int]:
    """How often each item occurs, in order of first occurrence."""
    found: dict[str, int] = {}
    for item in items:
        found[item] = found.get(item, 0) + 1
    return found
