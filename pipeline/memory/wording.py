"""What makes nearly the same words another question: sides exchanged, a "not", other numbers. No vector tells these apart."""

from __future__ import annotations

import re

from pipeline.text import fold

_SOLID = re.compile(r"\W")
_PARTICLE = re.compile("[的了吗么呢啊呀吧嘛哦啦]")
_EITHER = re.compile("(?:和|与|跟|同|及|或者?|还是|and|or|vs)$")  # what may be exchanged around these changes nothing
_NUMBER = re.compile(r"(?<![a-z0-9.])\d+(?:\.\d+)?(?![a-z0-9.])")
_NOT = re.compile(r"[不没]|非(?!常)|\b(?:not?|never|without)\b|n['’]t\b")
_OPEN = re.compile(r"(.)[不没]\1|有没有?|[不没]$|不错|不好意思|没错|不?知道")  # "能不能" and "能……不" deny nothing


def numbers(text: str) -> frozenset[str]:
    """The plain numbers of a text, which tell one template from another: 5.18 and 5.20, level 3 and level 5."""
    return frozenset(_NUMBER.findall(fold(text)))


def denies(text: str) -> bool:
    """Does the text say "not"?"""
    return bool(_NOT.search(_OPEN.sub("", fold(text).rstrip(" ?!？！。"))))


def exchanged(a: str, b: str) -> bool:
    """The same words with two parts in each other's place: "北京到成都" and "成都到北京", but not "北京和成都"."""
    a, b = (_PARTICLE.sub("", _SOLID.sub("", fold(t))) for t in (a, b))
    if len(a) != len(b) or sorted(a) != sorted(b):
        return False
    start = _same_at_start(a, b)
    a, b = a[start:], b[start:]
    end = len(a) - _same_at_start(a[::-1], b[::-1])
    a, b = a[:end], b[:end]
    return any(
        b[-x:] == a[:x] and a[-y:] == b[:y] and (between := a[x:-y]) == b[y:-x] and not _EITHER.search(between)
        for x in range(1, len(a) - 1)
        for y in range(1, len(a) - x)
    )


def _same_at_start(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), len(a))
