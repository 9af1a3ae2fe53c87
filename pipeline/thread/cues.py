"""What kind of utterance a message is, told by the closed-class words and marks of Chinese and English.

General markers only: question words and particles, thanks, acknowledgements, greetings, laughter, connectives.
Words of a trade or a community are left to the learned models.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from pipeline.model import Kind, Message
from pipeline.text import cjk_share, fold, urls

_PATTERNS: dict[str, str] = {
    "question_mark": r"[?？]",
    "question_end": r"(?:吗|嘛|呢|么|不|没|没有|吧|啊|呀)[\s?？~～。.!！]*$|\?\s*$",
    "question_word": r"什么|怎么|咋|哪|谁|几|多少|为什么|为啥|啥|如何|是否|是不是|有没有|能不能|可以.{0,6}吗|"
    r"\b(?:what|how|why|who|where|when|which|whose|can|could|does|is there|are there|do you|should)\b",
    "asks_all": r"有(?:没)?(?:人|谁)|各位|大家|大佬|请教|请问|求助|想问|问(?:一)?下|谁(?:有|知道|能|用)|"
    r"\b(?:anyone|anybody|someone|somebody|folks|guys|everyone|all)\b",
    "thanks": r"谢|感谢|多谢|thx|\bthanks?\b|\bty\b|\bcheers\b|🙏",
    "ack": r"^(?:好的?|嗯+|哦+|噢+|行|ok(?:ay)?|收到|明白|懂了|了解|对+|是的?|没错|可以|得|知道了|好嘞|好滴|"
    r"yes|yep|yeah|sure|right|got it|i see|cool|nice|great|同|\+1|1|no|nope|ah|oh|hmm+)(?:[\s,，。.!！~～]|了|的|啊|呀|吧|$)",
    "laugh": r"哈{2,}|h{3,}|2333|笑死|\blol\b|haha|lmao|[😂🤣😄😆]",
    "greeting": r"^(?:早+|早上好|早安|晚安|午安|中午好|下午好|晚上好|大家好|各位|周.好|"
    r"hi|hello|hey|good (?:morning|night|evening)|gm|morning)(?:\W|啊|呀|各|大|好|$)",
    "connective": r"^(?:那|所以|但|可|而且|然后|还有|另外|不过|因为|其实|不是|就是|也|主要|反正|"
    r"and|but|so|or|then|also|because|well|it|that|this|they|yes|no)",
    "deictic": r"这个?|那个?|它|上面|楼上|刚才|刚刚|\b(?:it|that|this|these|those|they|he|she)\b",
    "back_reference": r"昨天|昨晚|上次|前天|之前|上周|周[一二三四五六日天]|早上|上午|说好|后来|结果|更新|"
    r"\b(?:yesterday|earlier|last (?:time|night|week)|update|follow(?:ing)? up)\b",
    "announcement": r"【|@所有人|@all|#|^\d+[.、)]",
    "solved": r"解决了|好了|搞定|可以了|成了|通过了|\b(?:works?|worked|solved|fixed|that did it)\b",
    "apology_or_shift": r"插(?:一句|个|播|队)|换个话题|顺便|话说|对了|\b(?:btw|by the way|off topic|unrelated|quick question|random)\b",
    "exclaims": r"[!！]",
    "digits": r"\d",
    "trails_off": r"(?:…|\.\.\.|。。)$",
    "second_person": r"你|您|\byou\b|\byour\b|\bu\b",
    "first_person": r"我|\bi\b|\bmy\b|\bi'm\b",
}
_COMPILED = {name: re.compile(pattern) for name, pattern in _PATTERNS.items()}
_STICKERS = {Kind.STICKER}
_MEDIA = {Kind.IMAGE, Kind.VIDEO, Kind.VOICE, Kind.FILE, Kind.FORWARD, Kind.LOCATION}
_CARDS = {Kind.LINK, Kind.CARD}
_GESTURES = {Kind.PAT, Kind.RECALL, Kind.REDPACKET, Kind.TRANSFER, Kind.POLL, Kind.CALL}
_FACE = re.compile(r"^(?:\s*\[[^\]]{1,8}\]\s*)+$")
MAX_TEXT = 400

CUE_NAMES: list[str] = [*_COMPILED, "sticker", "media", "card", "gesture", "url", "log_length", "cjk", "lines"]


def cues_of(messages: list[Message]) -> NDArray[np.float32]:
    """[messages, len(CUE_NAMES)]"""
    known: dict[tuple[str, Kind], list[float]] = {}
    rows = []
    for m in messages:
        key = (m.text, m.kind)
        if key not in known:
            known[key] = _cues(m)
        rows.append(known[key])
    return np.array(rows, dtype=np.float32).reshape(len(messages), len(CUE_NAMES))


def _cues(m: Message) -> list[float]:
    text = fold(m.text[:MAX_TEXT])
    marks = [float(bool(p.search(text))) for p in _COMPILED.values()]
    has_url = bool(m.url or urls(m.text[:MAX_TEXT]))
    is_face = m.kind in _STICKERS or bool(_FACE.match(text))
    return [*marks, float(is_face), float(m.kind in _MEDIA), float(m.kind in _CARDS), float(m.kind in _GESTURES), float(has_url),
            float(np.log1p(len(m.text))), cjk_share(text), float(min(m.text.count("\n"), 20))]  # fmt: skip
