"""Messages → `Scored`: hard reasons first, then what the words and the neighbours say."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from pipeline.embedding import MessageVectors
from pipeline.model import Message, Noise, ReplyLink, Scored, Thread
from pipeline.score.hard import hard_reasons
from pipeline.score.options import ScoreOptions
from pipeline.text import fold, is_placeholder

_QUESTION = re.compile(
    r"[?？]|(吗|呢|么|嘛|不|没|咋办|咋弄)[\W_]*$|怎么|咋|如何|为什么|为啥|请问|请教|求助|有没有人|有人.{0,12}(吗|没|过)"
    r"|^(how|what|why|when|where|who|which|can|could|does|do|is|are|should|any|anyone)\b"
)
_ACK = re.compile(r"^(收到|好的?|嗯+|谢谢|感谢|多谢|辛苦|ok|thanks|thank you|thx|ty|got it|\+1|赞|牛|学到了|明白|懂了|[👍🙏👌👏🎉💪])")
_GREETING = re.compile(r"^(早|早上好|早安|晚安|大家好|欢迎|晚上好|中午好|(gm|gn|good (morning|night)|morning|welcome|hi all|hello)\b)")
_AD = re.compile(
    r"加\s*(v|微|vx|wx)|(v|vx|微信)\s*:\s*[a-z]|私信?领|名额仅剩|仅剩\d|限时|原价|秒杀|拼团|promo|\d+% off|discount|free trial"
)


def score_messages(
    messages: Sequence[Message], links: Sequence[ReplyLink], threads: Sequence[Thread], vectors: MessageVectors, options: ScoreOptions
) -> list[Scored]:
    """One `Scored` a message, row i for message i."""
    children: dict[str, int] = {}
    for link in links:
        if link.parent_id is not None:
            children[link.parent_id] = children.get(link.parent_id, 0) + 1
    scored = []
    for message, hard in zip(messages, hard_reasons(messages), strict=True):
        text = fold(message.text)
        question = 0.9 if hard is None and _QUESTION.search(text) else 0.05
        why = {
            "density": min(0.6, 0.13 * math.log1p(len(text))),
            "question": 0.1 if question > 0.5 else 0.0,
            "replied": 0.05 * min(3, children.get(message.id, 0)),
            "standing": 0.1 * options.standing.get(message.sender_id, 0.0),
        }
        noise = hard or _soft_reason(text, question)
        value = 0.0 if noise or is_placeholder(message.text) else min(1.0, sum(why.values()))
        scored.append(Scored(message_id=message.id, value=value, why=why, noise=noise, question=question))
    return scored


def _soft_reason(text: str, question: float) -> Noise | None:
    if _AD.search(text):
        return Noise.AD
    if question > 0.5:
        return None
    if len(text) <= 12 and _GREETING.search(text):
        return Noise.GREETING
    if len(text) <= 12 and _ACK.search(text):
        return Noise.ACK
    return Noise.BANTER if len(text) <= 7 else None
