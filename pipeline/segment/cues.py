"""Words with which a turn opens a subject, stays on it, or only nods: closed classes of Chinese and English."""

from __future__ import annotations

import re

from pipeline.text import fold

# Each is looked for at the start of a turn, after the nods ("好的，那…") that may precede it.
_OPENINGS: tuple[tuple[str, str], ...] = (
    (
        "shift",
        r"对了|另外|还有一?个|话说|顺便|换个|说到|再说|接下来|接着|下面|下一|最后|首先|其次|第[一二三四五六七八九十\d]+"
        r"|anyway|by the way|btw|also|another|next|finally|first|second|last|moving on|what about|how about",
    ),
    (
        "nod",
        r"嗯|哦|噢|啊|哈|好[的吧啊呀嘞]?|对[的啊呀]?|是[的啊呀]|行|可以|没错|谢谢|多谢|ok|okay|yes|yeah|yep|no|nope|oh|ah|wow|cool|nice"
        r"|great|sure|right|thanks|thank|haha|lol|sorry|that is|that's|i see",
    ),
    ("because", r"所以|因为|但是?|不过|而且|然后|其实|因此|就是|可是|那|那么|and|but|so|because|well|then|or|also"),
    ("it", r"这|那[个些样里]|它|他|她|其|此|it|that|this|these|those|he|she|they|them|its|his|her|their"),
    (
        "you",
        r"你|您|大家|各位|请问|请|问|想问|有没有|有谁|谁|you|your|hi|hello|hey|anyone|everyone|does anyone|please|can|could|do you|are you"
        r"|is there",
    ),
    ("i", r"我|咱|i|i'm|i've|my|we|our"),
    ("ask", r"什么|怎么|为什么|为啥|哪|多少|几|谁|如何|是否|what|which|who|when|where|why|how|do|does|did|is|are|will|would|should"),
)
OPENINGS = tuple(name for name, _ in _OPENINGS)
_AT_START = tuple(re.compile(rf"(?:{words})(?![a-z])") for _, words in _OPENINGS)
_NOD = re.compile(rf"(?:(?:{_OPENINGS[1][1]})(?![a-z])[\s,，.。!！~、]*)+")
_QUESTION = re.compile(r"[?？]|[吗呢么][。!！~\s]*$")
_SENTENCE = re.compile(r"(?<=[。！？!?；;])|(?<= [.]) |(?<=[.]) ")


def openings(text: str) -> list[float]:
    """For each class of OPENINGS 1 where the turn starts so, half where it does after a nod."""
    turn = fold(text)
    nodded = _NOD.match(turn)
    rest = turn[nodded.end() :] if nodded else ""
    return [1.0 if pattern.match(turn) else 0.5 if rest and pattern.match(rest) else 0.0 for pattern in _AT_START]


def asks(text: str) -> bool:
    """Does the turn hold a question, by its signs and particles?"""
    return bool(_QUESTION.search(text))


def last_sentence(text: str) -> str:
    """The end of a turn of several sentences: where a reply to the old subject turns to a new one."""
    parts = [p for p in _SENTENCE.split(text) if len(p.strip(" .,!?。，！？")) > 1]
    return parts[-1] if parts else text
