# ruff: noqa: E501  (a pattern is easier to read on one line)
"""What kind of thing to keep a message is: one logistic regression a kind over cues, shape and meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.dates import find_times
from pipeline.extract.judging import linear
from pipeline.extract.questions import Meant, speaks
from pipeline.extract.table import OWN, READ_CHARS, ChatTable, Floats
from pipeline.learned import read_weights
from pipeline.model import ItemKind, Kind, Message
from pipeline.patterns import Patterns

KINDS: tuple[ItemKind, ...] = ("resource", "announcement", "decision", "action", "feedback", "opportunity", "quote")
MEANING = "extract_item_meaning.npz"  # one column a kind: for each tier linear models over the vectors of [this, the one before, the next]
MODEL = "extract_items.json"  # the regressions, and P from which a message is of a kind

CUES: dict[str, re.Pattern[str]] = {
    "pointer": re.compile(r"网盘|链接|文档|表格|清单|教程|提取码|下载|群文件|资料|模板|合集|原图|轨迹|收集表|置顶|pdf|github|\b(?:link|docs?|sheet|template|download|file|article|post|guide|write-?up|repo|pinned|form)\b", re.I),
    "borrow": re.compile(r"借|租|共享|分享|免费|领取|推荐|\b(?:borrow|lend|spare|free|share|recommend)\b", re.I),
    "notice": re.compile(r"通知|公告|提醒|预告|@所有人|@all|@everyone|报名|截止|集合|名额|纪要|群规|注意|请大家|各位|\b(?:notice|announce\w*|reminder|please note|sign up|register|rsvp|agenda|everyone)\b", re.I),
    "change": re.compile(r"改到|改为|改成|改在|取消|延期|延到|推迟|提前到|作废|换到|换成|以.{0,8}为准|不用了|更正|\b(?:moved|cancell?ed|postponed|rescheduled|instead|changed|now at|extended|correction)\b", re.I),
    "settled": re.compile(r"定了|就定|定在|定为|敲定|决定|一律|从.{0,8}(?:起|开始)|投票|票|通过|统一|固定|不做|不给|\b(?:decided|decision|agreed|final|settled|vote[sd]?|from now on|will be|won't|no more)\b", re.I),
    "promise": re.compile(r"我(?:来|去|会|把|先|负责|今|明|周|下|尽|就|们)|负责|交给|麻烦.{0,12}(?:发|交|做|整理|改)|帮忙|跟进|认领|记得|之前(?:发|交|给)|\b(?:i'?ll|i will|i can|we'?ll|will (?:send|do|post|bring|write|order|ask|check)|can you|please (?:send|bring|reply|email)|let me)\b", re.I),
    "done": re.compile(r"已经?(?:发|改|修|好|传|换|上|完|交|做)|(?:改|修|传|换|发|整理|做)好了|上传了|修复|新版|v\d|\b(?:done|fixed|uploaded|updated|released|posted|delivered|replaced)\b", re.I),
    "fault": re.compile(r"bug|报错|打不开|显示|闪退|失败|不了|没反应|印反|写错|坏|异常|故障|反馈|建议|体验|吐槽|\b(?:bug|error|broken|fails?|leak|wrong|feedback|complain\w*|suggest\w*|stuck|issue)\b", re.I),
    "offer": re.compile(r"招|求职|内推|简历|岗位|薪|月薪|双休|实习|急招|转让|出租|合租|招募|有偿|求购|出一?[台个只本套]|自提|面议|对接|合作|校招|社招|\b(?:hiring|job|role|vacancy|salary|looking for|opening|collect|wanted|internship|contract|freelance|pays?)\b", re.I),
    "money": re.compile(r"\d+\s*(?:元|块|万|[kK](?![gb])|美元|刀)|[¥￥$£€]\s*\d|\d+\s*/\s*(?:天|月|次|人)", re.I),
    "for_all": re.compile(r"@所有人|@all|@everyone|大家|各位|同学们|\beveryone\b|\ball members\b", re.I),
}  # fmt: skip
_POLL = re.compile(r"投票|接龙|\b(?:poll|vote)\b", re.I)
_COMPILED = re.compile(
    r"(?:汇总|清单|须知|合集|整理|要点|攻略|指南|教程|模板|书单|步骤|checklist|cheat ?sheet|how-?to|guide|instructions)[^\n]{0,12}(?:】|[:：]|\s)",
    re.I,
)
# Things and places without a link: what members lend or may use, and what lies in the group's files by now.
_LENDS = re.compile(
    r"(?:可以?|能|免费|随时|会员|尽管|拿去).{0,6}(?:外?借(?![钱口])|租(?![房金])|拿去?用|领用)|(?:网借|借阅|出借|借给|借你|先借|租给|可借|可租)(?!钱)"
    r"|\b(?:can|could|free to|happy to|welcome to) (?:borrow|use|lend|take)\b|\bhelp yourself\b|\b(?:i|we)(?: can| could| will|'ll) lend\b",
    re.I,
)
_STORED = re.compile(
    r"已经?(?:上?传|在|放|发|更新|换|存).{0,3}(?:网盘|群文件|群公告|置顶|飞书|文档|云盘)|(?:网盘|群文件|群公告|置顶)里?(?:有了|更新了|已)"
    r"|\b(?:uploaded|added|now) (?:it )?(?:to|in) the (?:drive|shared folder|files?)\b",
    re.I,
)
_PATTERNS = Patterns([*CUES.values(), _POLL, _LENDS, _STORED])
WORDS = {name: k for k, name in enumerate((*CUES, "poll", "lends", "stored"))}
COMPILED_CHARS = 100
ASKS_FOR_IT = 0.2  # P(asks) from which somebody wants to borrow rather than lends
OPENS_LINE, WORDS_LINE = 0.03, 0.32
_OWN = (*CUES, "days", "clocks", "deadlines", "has_url", "is_file", "is_link", "is_card")
FEATURES = (*OWN, *_OWN, *(f"turn_{n}" for n in _OWN), "standing", "worth", "asks", *(f"meaning_{k}" for k in KINDS))


def read_words(table: ChatTable) -> Floats:
    """[messages, WORDS]: which patterns each message's words match; equal texts are read once, what is no words of a member not at all."""
    heads = [text[:READ_CHARS] if able else None for text, able in zip(table.texts, speaks(table), strict=True)]
    known = {head: _PATTERNS.found(head) for head in dict.fromkeys(heads) if head is not None}
    none = [0.0] * len(WORDS)
    return np.array([none if head is None else known[head] for head in heads], dtype=np.float32).reshape(len(heads), len(WORDS))


def kind_probabilities(
    messages: Sequence[Message], table: ChatTable, words: Floats, means: Meant, worth: Floats, asks: Floats
) -> dict[ItemKind, Floats]:
    """P of each kind for each message."""
    meaning = means.columns(MEANING)
    x = kind_features(messages, table, words, worth, asks, meaning)
    able, models = speaks(table), read_weights(MODEL)["kinds"]
    return {kind: both(linear(x, models[kind]), meaning[:, j]) * able for j, kind in enumerate(KINDS)}


def both(by_cues: Floats, by_meaning: Floats) -> Floats:
    """Half what the regression says, half what meaning alone says: with so few examples the regression leans on cues too much."""
    return ((by_cues + np.clip(by_meaning, 0, 1)) / 2).astype(np.float32)


def is_resource(
    messages: Sequence[Message], table: ChatTable, words: Floats, p: Floats, asks: Floats, is_offer: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """What can be opened, kept or borrowed: a link, a file, a mini-program to download from, a compiled list; polls pass too soon.

    The kind of message says more than words here, so the model has only to find nothing against it; words alone must be clear.
    """
    has = {name: words[:, k] > 0 for name, k in WORDS.items()}
    opens, compiled = table.column("url") > 0, np.zeros(len(messages), dtype=bool)
    for i, (m, text) in enumerate(zip(messages, table.texts, strict=True)):
        opens[i] |= m.kind in (Kind.LINK, Kind.FILE) or (m.kind is Kind.CARD and has["pointer"][i]) or text.startswith("[文件")
        compiled[i] = len(text) >= COMPILED_CHARS and bool(_COMPILED.search(text[:60]))
    lends = (asks < ASKS_FOR_IT) & (has["lends"] | has["stored"])
    found = (opens & (p >= OPENS_LINE)) | compiled | lends | (has["pointer"] & (p >= WORDS_LINE))
    return found & speaks(table) & ~is_offer & ~has["poll"]


def lines() -> dict[str, float]:
    """P from which a message is of a kind."""
    return dict(read_weights(MODEL)["lines"])


def kind_features(messages: Sequence[Message], table: ChatTable, words: Floats, worth: Floats, asks: Floats, meaning: Floats) -> Floats:
    """[messages, FEATURES]; `meaning` has a column a kind."""
    shape = [_shape(m, text[:READ_CHARS]) for m, text in zip(messages, table.texts, strict=True)]
    shaped = np.array(shape, dtype=np.float32).reshape(len(messages), -1)
    own = np.column_stack([words[:, : len(CUES)], shaped[:, :3], table.column("url"), shaped[:, 3:]]) * speaks(table)[:, None]
    turn = np.zeros((len(messages), len(_OWN)), dtype=np.float32)
    np.maximum.at(turn, table.burst, own)
    single = np.stack([table.standing, worth, asks], axis=1)
    return np.concatenate([table.own, own, turn[table.burst], single, meaning], axis=1).astype(np.float32)


def _shape(m: Message, head: str) -> list[float]:
    """The moments that it names, and its form."""
    times = find_times(head, m.sent_at)
    return [
        sum(t.has_day for t in times), sum(t.has_clock for t in times), sum(t.is_deadline for t in times),
        m.kind is Kind.FILE, m.kind is Kind.LINK, m.kind is Kind.CARD,
    ]  # fmt: skip
