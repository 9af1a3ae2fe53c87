"""The question ledger: folded from facts and links, the same whatever the order; pairwise judgements; cues of time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from pipeline.memory.asking import Asking, Note, Told
from pipeline.memory.cues import ANSWERS_LATE, ASKED_AGAIN, TOLD_BEFORE, aliases, hinted_days
from pipeline.memory.ledger import Question, fold
from pipeline.memory.shelf import Link, as_asking, as_note
from pipeline.memory.stretch import days_of
from pipeline.memory.wording import denies, exchanged
from pipeline.model import QAStatus
from tests.factories import message

MONDAY = datetime(2026, 8, 3, 20, tzinfo=timezone(timedelta(hours=8)))


def asking(
    number: int, text: str = "怎么报名", *, day: int = 0, who: str = "甲", answers: tuple[Told, ...] = (), status: QAStatus = "unanswered"
) -> Asking:
    return Asking(
        message_ids=(f"q{number}",), sender_id=who, sender=who, at=MONDAY + timedelta(days=day, minutes=number), text=text, answers=answers,
        status="answered" if answers and status == "unanswered" else status, confidence=0.9, resolved_by=None, pointing="", pointers=(),
        asked_again=False,
    )  # fmt: skip


def told(number: int, text: str = "在公告里点链接", *, day: int = 0, who: str = "乙") -> Told:
    at = MONDAY + timedelta(days=day, minutes=number)
    return Told(message_ids=(f"a{number}",), sender_id=who, sender=who, at=at, text=text, value=0.8)


def note(number: int, text: str = "昨天有人问的报名：在公告里", *, day: int = 1, who: str = "乙") -> Note:
    at = MONDAY + timedelta(days=day, minutes=number)
    return Note(
        message_ids=(f"n{number}",),
        sender_id=who,
        sender=who,
        at=at,
        text=text,
        value=0.8,
        quotes=(),
        mentions=(),
        says_so=True,
        question=0.0,
    )


def link(first: int, second: int, probability: float = 0.9, by_words: bool = False) -> Link:
    return Link(first=first, second=second, probability=probability, by_words=by_words)


def test_a_question_without_answer_is_open() -> None:
    (question,) = fold({1: asking(1)}, {}, [], [])
    assert question.status == "open"
    assert question.closed_by is None


def test_a_late_note_closes_an_open_question_and_says_which_message_did() -> None:
    (question,) = fold({1: asking(1)}, {1: note(1)}, [], [link(1, 1)])
    assert (question.status, question.closed_by) == ("answered", "n1")
    assert question.answers[0].late


def test_a_doubtful_note_closes_nothing() -> None:
    (question,) = fold({1: asking(1)}, {1: note(1)}, [], [link(1, 1, 0.2)])
    assert question.status == "open"


def test_a_note_goes_to_the_open_question_not_to_the_answered_one() -> None:
    askings = {1: asking(1, answers=(told(2),)), 3: asking(3, "几点开始")}
    answered, opened = fold(askings, {1: note(1)}, [], [link(1, 1, 0.8), link(1, 3, 0.6)])
    assert len(answered.answers) == 1
    assert opened.closed_by == "n1"


def test_a_repeated_question_is_one_entry_with_both_askings() -> None:
    askings = {1: asking(1, answers=(told(2),)), 5: asking(5, day=7, who="丙")}
    (question,) = fold(askings, {}, [link(5, 1)], [])
    assert [a.id for a in question.askings] == ["q1", "q5"]
    assert question.status == "answered"


def test_the_answer_to_the_second_asking_closes_the_first() -> None:
    askings = {1: asking(1), 5: asking(5, day=7, who="丙", answers=(told(6, day=7),))}
    (question,) = fold(askings, {}, [link(5, 1)], [])
    assert question.closed_by == "a6"


def test_a_weak_link_makes_no_repeat() -> None:
    assert len(fold({1: asking(1), 5: asking(5, day=7)}, {}, [link(5, 1, 0.25)], [])) == 2


def overheard(number: int, text: str = "那报名呢", *, day: int = 0) -> Asking:
    return replace(asking(number, text, day=day), confidence=0.0, overheard=True)


def test_what_was_only_overheard_is_no_question_of_the_ledger() -> None:
    assert fold({1: overheard(1)}, {}, [], []) == []


def test_what_was_overheard_becomes_a_question_when_a_late_answer_leaves_no_doubt() -> None:
    (question,) = fold({1: overheard(1)}, {1: note(1)}, [], [link(1, 1, 0.95)])
    assert (question.id, question.status, question.closed_by) == ("q1", "answered", "n1")
    assert fold({1: overheard(1)}, {1: note(1)}, [], [link(1, 1, 0.7)]) == []


def test_a_repeat_of_what_was_overheard_must_leave_no_doubt() -> None:
    askings = {1: overheard(1), 5: asking(5, day=7, who="丙")}
    (sure,) = fold(askings, {}, [link(5, 1, 0.95)], [])
    assert [a.id for a in sure.askings] == ["q1", "q5"]
    (doubtful,) = fold(askings, {}, [link(5, 1, 0.7)], [])
    assert [a.id for a in doubtful.askings] == ["q5"]


def test_of_several_earlier_questions_the_most_probable_is_meant() -> None:
    askings = {1: asking(1), 2: asking(2, "几点集合"), 5: asking(5, "集合几点", day=7)}
    first, second = fold(askings, {}, [link(5, 1, 0.4), link(5, 2, 0.8)], [])
    assert (len(first.askings), len(second.askings)) == (1, 2)


def test_where_two_earlier_questions_may_be_meant_none_is_claimed() -> None:
    askings = {1: asking(1), 2: asking(2, "几点集合"), 5: asking(5, "集合几点", day=7)}
    assert len(fold(askings, {}, [link(5, 1, 0.7), link(5, 2, 0.8)], [])) == 3


def test_a_turn_of_the_same_conversation_is_no_rival_and_its_first_question_is_meant() -> None:
    askings = {1: asking(1), 2: asking(2, "要先交钱才能报名吧"), 5: asking(5, "报名怎么弄", day=7)}
    first, second = fold(askings, {}, [link(5, 1, 0.95), link(5, 2, 0.98)], [])
    assert (len(first.askings), len(second.askings)) == (2, 1)


def test_the_same_words_need_nobody_to_point_back() -> None:
    askings = {1: asking(1), 2: asking(2, "几点集合"), 5: asking(5, day=7)}
    assert len(fold(askings, {}, [link(5, 1, 0.95, by_words=True), link(5, 2, 0.9)], [])) == 2


def test_an_unsure_answer_is_shown_but_leaves_the_question_open() -> None:
    unsure = replace(asking(1, answers=(told(2),)), confidence=0.5)
    (question,) = fold({1: unsure}, {}, [], [])
    assert question.status == "open"
    assert len(question.answers) == 1


def test_half_an_answer_does_not_undo_a_whole_one() -> None:
    askings = {1: asking(1, answers=(told(2),)), 5: asking(5, day=7, answers=(told(6, day=7),), status="partial")}
    (question,) = fold(askings, {}, [link(5, 1)], [])
    assert question.status == "answered"


def test_a_later_dispute_is_shown() -> None:
    askings = {1: asking(1, answers=(told(2),)), 5: asking(5, day=7, answers=(told(6, day=7),), status="disputed")}
    (question,) = fold(askings, {}, [link(5, 1)], [])
    assert question.status == "disputed"


@pytest.mark.parametrize("seed", range(5))
def test_the_ledger_is_the_same_in_whatever_order_its_facts_lie(seed: int) -> None:
    askings = {n: asking(n, f"问题{n % 7}", day=n // 3, answers=(told(50 + n, day=n // 3),) if n % 2 else ()) for n in range(20)}
    notes = {n: note(n, day=4 + n) for n in range(6)}
    same = [link(b, a, 0.3 + (a * 7 + b) % 60 / 100) for b in range(20) for a in range(b) if (a + b) % 5 == 0]
    late = [link(n, a, 0.2 + (n * 3 + a) % 70 / 100) for n in notes for a in askings]

    def shuffled(seed: int) -> list[Question]:
        r = random.Random(seed)

        def mixed(items):  # type: ignore[no-untyped-def]
            return r.sample(list(items), len(list(items)))

        return fold(dict(mixed(askings.items())), dict(mixed(notes.items())), mixed(same), mixed(late))

    assert shuffled(seed) == fold(askings, notes, same, late)


def test_facts_survive_being_stored() -> None:
    from pipeline.memory.shelf import _asking_json, _note_json

    a, n = asking(1, "C++ \ud83d 怎么\n装", answers=(told(2),)), note(1)
    assert as_asking(_asking_json(a)).answers == a.answers
    assert as_note(_note_json(n)) == n


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("昨天刚问过", [date(2026, 8, 4)]),
        ("周三聊过 往上翻", [date(2026, 7, 29)]),
        ("周一有人问", [date(2026, 8, 3)]),
        ("3号下午那段", [date(2026, 8, 3)]),
        ("asked on Monday", [date(2026, 8, 3)]),
        ("没有时间", []),
        ("2号线坐到底", []),
    ],
)
def test_days_that_a_text_names(text: str, expected: list[date]) -> None:
    assert sorted(hinted_days(text, date(2026, 8, 5))) == expected


@pytest.mark.parametrize("text", ["周三聊过 要交的", "往上翻老宋说的", "昨天刚问过", "I asked the same last week", "这个问过好几遍了"])
def test_pointing_back_is_recognised(text: str) -> None:
    assert TOLD_BEFORE.search(text)


@pytest.mark.parametrize("text", ["加 encoding='utf-8'", "不行", "明天下午三点", "use COALESCE here"])
def test_a_plain_answer_points_nowhere(text: str) -> None:
    assert not TOLD_BEFORE.search(text)
    assert not ANSWERS_LATE.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "周三有人问的贷款利息:不能抵",
        "补周四离职证明那个",
        "爬楼看到昨天有人问celery",
        "才看到 可以的",
        "for whoever was asking about the wifi",
    ],
)
def test_a_late_answer_says_so(text: str) -> None:
    assert ANSWERS_LATE.search(text)


def test_a_question_that_is_asked_again_says_so() -> None:
    assert ASKED_AGAIN.search("顶一下 上周五问的硬盘柜 有人遇到没")
    assert not ASKED_AGAIN.search("硬盘柜老断开 有人遇到没")


def test_a_nickname_is_called_by_its_parts() -> None:
    assert aliases("王会计@青岛") == {"王会计", "青岛", "王会"}
    assert "小陶" in aliases("小陶钢琴启蒙")
    assert aliases("K") == frozenset()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("北京到成都的火车票", "成都到北京的火车票"),
        ("广州到湛江的高铁什么时候开通", "湛江到广州高铁什么时候开通？"),
        ("女生说男生可爱是什么意思啊？", "男生说女生可爱是什么意思？"),
        ("how do I convert csv to json", "how do I convert json to csv"),
    ],
)
def test_two_parts_in_each_others_place_make_another_question(a: str, b: str) -> None:
    assert exchanged(a, b)
    assert exchanged(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("北京到成都的火车票", "北京到成都的火车票多少钱"),
        ("北京到成都的火车票", "北京到成都的火车票？"),
        ("高德地图和百度地图哪个好用", "百度地图和高德地图哪个好用。"),
        ("江苏发达还是广东发达？", "广东发达还是江苏发达？"),
        ("姐姐结婚送什么礼物？", "姐姐结婚礼物送什么？"),
        ("", ""),
    ],
)
def test_another_order_alone_makes_none(a: str, b: str) -> None:
    assert not exchanged(a, b)


def test_what_denies() -> None:
    assert denies("苹果没越狱怎么改字体")
    assert denies("why can't I log in")
    assert not any(map(denies, ("这个能不能报名？", "有没有人知道", "你去不？", "这课不错吧", "how do I log in", "这个非常特别")))


def test_after_midnight_is_still_the_day_before() -> None:
    late = message("还没睡", id="a", at=datetime(2026, 8, 4, 1, tzinfo=timezone.utc))  # noqa: UP017
    assert list(days_of([late])) == [date(2026, 8, 3)]
