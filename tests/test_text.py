"""Words of chat text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import cut, storable, word_class, word_share, words


@given(st.text())
def test_the_words_of_a_text_joined_are_the_text(text: str) -> None:
    assert "".join(cut(text)) == storable(text)


def test_chinese_words_are_told_apart_and_signs_left_out() -> None:
    assert words("考试报名怎么算？看docker-compose.yml") == ["考试", "报名", "怎么", "算", "看", "docker-compose.yml"]


def test_a_lone_surrogate_of_a_damaged_export_cuts_like_a_question_mark() -> None:
    assert "".join(cut("打卡\ud83d")) == "打卡?"


@pytest.mark.parametrize(("word", "kind"), [("考试", "v"), ("北京", "n"), ("非常", "d"), ("没有这个词呀", "")])
def test_a_word_has_the_class_of_the_dictionary(word: str, kind: str) -> None:
    assert word_class(word)[:1] == kind


def test_common_words_have_a_larger_share_than_rare_ones_and_unknown_ones_none() -> None:
    assert word_share("我们") > word_share("考试") > word_share("打卡") > word_share("没有这个词呀") == 0
