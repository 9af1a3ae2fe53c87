"""Patterns searched together find what each finds alone."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline import mask
from pipeline.extract.item_kinds import CUES
from pipeline.extract.table import _CUES
from pipeline.patterns import Patterns
from pipeline.score.cues import PATTERNS

ALL = [*(re.compile(p) for p in PATTERNS.values()), *_CUES.values(), *CUES.values(), *(p for p, _ in mask._RULES)]
PIECES = (
    "有人", "知道", "吗", "？", "?", "谢谢", "明天", "8点", "12月3号", "微信: abc_123", "13812345678", "THANKS", "don't", "I'll",
    "哈哈", "2333", "①", "订单", "网盘", "ıſ", "ＶＸ", "1.", "\n", " ", "@", "https://a.cn/b?key=c",
    "收货 杭州市文一路12号3单元501室", "…", "😂", "[旺柴]", "=>",
)  # fmt: skip
together = Patterns(ALL)


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=12).map("".join))
def test_every_cue_and_rule_is_found_where_a_search_finds_it(text: str) -> None:
    assert together.found(text) == [float(p.search(text) is not None) for p in ALL]


@given(st.text("aAbBsSſıiI19 \n.点", max_size=6))
def test_beginnings_of_any_form_are_read(text: str) -> None:
    forms = [r"(?i)s", r"(?i)[^a]b", r"a*b", r"(?:a|b\d)+1", r"^\W?点", r"(?<=a)b", r"(a)\1", r"\d{2,}", r"(?:)", r"a?1?\s", r"(?i)I"]
    patterns = [re.compile(form) for form in forms]
    assert Patterns(patterns).found(text) == [float(p.search(text) is not None) for p in patterns]
