"""What members say about the product across sessions: bugs, wishes, complaints; the same matter merged, with quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.archive import Archive, StoredChat
from pipeline.embedding import Embedder
from pipeline.mask import mask
from pipeline.memory.findings import Finding, read_findings
from pipeline.memory.match import centred, embed, read_learned
from pipeline.memory.optout import OptedOut, nobody
from pipeline.text import clean

SAME = 0.62  # centred cosine from which two pieces of feedback are one matter
QUOTES = 5
_BUG = re.compile(
    r"bug|报错|闪退|崩|打不开|卡|死机|白屏|失败|丢|乱码|对不上|不对|异常|没反应|用不了|显示|糊|错误"
    r"|crash|error|broken|fails?|freez|doesn't work|not working",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"希望|能不能|可不可以|建议|要是|求|支持|加个|增加|想要|最好|wish|feature|would be (?:nice|great)|could you|please add|request",
    re.IGNORECASE,
)


_COMPLAINT = re.compile(
    r"投诉|太坑|坑人|差评|失望|难用|不好用|太慢|太贵|垃圾|受不了|无语|看不清|不方便|没人(?:回|管|理)|生气"
    r"|disappoint|terrible|annoying|too slow|unusable|complain",
    re.IGNORECASE,
)
LEAST, CERTAIN = 0.2, 0.85  # confidence of feedback that carries a mark of its kind, and of feedback that needs none


@dataclass(frozen=True, kw_only=True)
class Matter:
    """One matter: its kind, and every piece of feedback about it, oldest first."""

    kind: str
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        first, last = self.findings[0], self.findings[-1]
        return {
            "kind": self.kind,
            "text": _text(first),
            "chat": first.chat.chat.name,
            "times": len(self.findings),
            "members": len({f.messages[0].sender_id for f in self.findings}),
            "first": first.messages[0].sent_at.isoformat(),
            "last": last.messages[0].sent_at.isoformat(),
            "quotes": [
                {"text": _text(f), "sender": mask(f.messages[0].sender), "message_id": f.id, "time": f.messages[0].sent_at.isoformat()}
                for f in self.findings[:QUOTES]
            ],
        }


def build_feedback(archive: Archive, chats: Sequence[StoredChat], embedder: Embedder, opted_out: OptedOut = nobody) -> list[Matter]:
    """Matters, the most voiced first."""
    findings = [
        f
        for f in read_findings(archive, chats, ("feedback",), LEAST, opted_out)
        if f.body.get("confidence", 1.0) >= CERTAIN or is_marked(_text(f))
    ]
    texts = [_text(f) for f in findings]
    vectors = centred(embed(texts, embedder), texts, read_learned())
    groups: list[list[int]] = []
    for i, f in enumerate(findings):
        home = next((g for g in groups if findings[g[0]].chat == f.chat and max(float(vectors[i] @ vectors[j]) for j in g) >= SAME), None)
        if home is None:
            groups.append([i])
        else:
            home.append(i)
    matters = [Matter(kind=kind_of(" ".join(texts[i] for i in g)), findings=tuple(findings[i] for i in g)) for g in groups]
    return sorted(
        matters, key=lambda m: (-len({f.messages[0].sender_id for f in m.findings}), m.findings[0].messages[0].sent_at, m.findings[0].id)
    )


def is_marked(text: str) -> bool:
    """Does the text carry a mark of a bug, a wish or a complaint?"""
    return any(p.search(text) for p in (_BUG, _WISH, _COMPLAINT))


def kind_of(text: str) -> str:
    """bug, wish or complaint, by the marks of language that each carries."""
    bug, wish = len(_BUG.findall(text)), len(_WISH.findall(text))
    return "bug" if bug > wish or (bug and bug == wish) else "wish" if wish else "complaint"


def _text(f: Finding) -> str:
    return mask(clean(" ".join(m.text for m in f.messages)))[:300]
