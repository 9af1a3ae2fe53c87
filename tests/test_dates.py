"""Dates in chat language, against Wednesday 20 May 2026, noon in China."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from pipeline.dates import find_times
from pipeline.moments import deadline, main_time, only_measures

NOW = datetime.fromisoformat("2026-05-20T12:00:00+08:00")


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("周五晚8点开讲", "2026-05-22T20:00:00+08:00"),
        ("这周六(5.23)晚8点,老秦分享", "2026-05-23T20:00:00+08:00"),
        ("6月13日(周六)14:00-17:30,江边咖啡", "2026-06-13T14:00:00+08:00"),
        ("明天下午三点半见", "2026-05-21T15:30:00+08:00"),
        ("今晚20:30有直播", "2026-05-20T20:30:00+08:00"),
        ("今晚12点前修好", "2026-05-21T00:00:00+08:00"),
        ("后天上午10点一刻", "2026-05-22T10:15:00+08:00"),
        ("明早9点", "2026-05-21T09:00:00+08:00"),
        ("下周三下午2点", "2026-05-27T14:00:00+08:00"),
        ("改到6月27日周六全天,9:00-17:00", "2026-06-27T09:00:00+08:00"),
        ("今晚临时有事，答疑从周日 20:00 改到周一 5 月 25 日 20:30", "2026-05-25T20:30:00+08:00"),
        ("周五19:00的见面会推迟到下周二 19:30", "2026-05-26T19:30:00+08:00"),
        ("the call on Thursday 7pm is moved to Friday 6pm", "2026-05-22T18:00:00+08:00"),
        ("30号下午六点关", "2026-05-30T18:00:00+08:00"),
        ("下个月5号", "2026-06-05"),
        ("月底", "2026-05-31"),
        ("周末去爬山", "2026-05-23"),
        ("1月5日开始", "2027-01-05"),
        ("2026年7月1日起", "2026-07-01"),
        ("Thursday 7pm at the hall", "2026-05-21T19:00:00+08:00"),
        ("Sat 23 May 11-1pm, seed swap", "2026-05-23T11:00:00+08:00"),
        ("the AMA is on Thursday 28 May 17:00 UTC", "2026-05-28T17:00:00+00:00"),
        ("tomorrow noon", "2026-05-21T12:00:00+08:00"),
        ("June 3rd at 6:30 pm", "2026-06-03T18:30:00+08:00"),
    ],
)
def test_a_moment_is_resolved_against_the_message(text: str, when: str) -> None:
    assert main_time(text, NOW) == when


@pytest.mark.parametrize(
    "text", ["3号楼2号线C口", "第3点要注意", "0.8.1版本有问题", "去年是4月12日开始的", "满200减30", "5点建议", "半年", "周年庆"]
)
def test_what_is_no_time_is_left_alone(text: str) -> None:
    assert main_time(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("下周三(27号)前付定金", "2026-05-27"),
        ("截止5月31日,6月7日开始", "2026-05-31"),
        ("接龙截止本周日晚10点", "2026-05-24T22:00:00+08:00"),
        ("明天中午前换好", "2026-05-21"),
        ("please reply by Monday", "2026-05-25"),
        ("我整理成一张表 周五之前发群里", "2026-05-22"),
    ],
)
def test_a_deadline_is_known_by_its_words(text: str, due: str) -> None:
    assert deadline(text, NOW) == due


def test_a_time_that_has_passed_is_no_plan() -> None:
    assert main_time("昨天晚上8点讲完了", NOW) is None
    assert [f.is_past for f in find_times("昨天晚上8点讲完了", NOW)] == [True]


def test_moments_stand_where_the_text_names_them() -> None:
    text = "周五晚8点讲座,周日前交作业"
    found = find_times(text, NOW)
    assert [text[f.start : f.end] for f in found] == ["周五晚8点", "周日"]
    assert [f.is_deadline for f in found] == [False, True]


def test_a_day_that_does_not_exist_is_not_resolved() -> None:
    assert find_times("2月30日", NOW) == []


def test_long_digit_runs_do_not_slow_the_search() -> None:
    assert find_times("1" * 20_000, NOW) == []
    assert len(find_times("周五 " * 3_000, NOW)) == 3_000


def test_blanks_between_figures_and_chinese_change_nothing() -> None:
    said = datetime(2026, 11, 11, 12, 10, tzinfo=timezone(timedelta(hours=8)))
    text = "茶话会改期：半山茶馆 21 号被包场了，改到 11 月 28 日（周六）下午 2 点，地点不变"
    assert [t.when for t in find_times(text, said)] == ["2026-11-21", "2026-11-28T14:00:00+08:00"]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("周六梧桐山：7:30 地铁站 D 口集合。报名截止周五 20:00。", "2026-05-23T07:30:00+08:00"),
        ("下一次 5月30日周六看银杏，5月26号中午12点前报名", "2026-05-30"),
        ("周六踩点 本来说10点 改成9点半门口集合", "2026-05-23T09:30:00+08:00"),
        ("Skip is booked for the 30th, arrives 9am", "2026-05-30T09:00:00+08:00"),
        ("My talk is Weds 27th, 7pm at the hall", "2026-05-27T19:00:00+08:00"),
        ("周末故事会来啦\n5月23日(周六)上午10:00，一楼", "2026-05-23T10:00:00+08:00"),
    ],
)
def test_an_event_is_told_by_its_own_day_and_clock_not_by_when_to_answer(text: str, when: str) -> None:
    assert main_time(text, NOW) == when


def test_a_clock_belongs_to_the_day_named_before_it() -> None:
    assert main_time("昨天小结：实到25人，13:42出发，16:50全员下山", NOW) is None


@pytest.mark.parametrize(
    "text", ["我们拉了半年记录，晚上 8:30–9:30 发的内容回复率 17%，早上 6%", "我每天晚上9点看书", "posts at 8:30pm get 17% more replies"]
)
def test_a_time_of_day_that_measures_something_is_no_appointment(text: str) -> None:
    assert main_time(text, NOW) is None
    assert only_measures(text, NOW)


def test_a_figure_beside_an_appointment_leaves_it_one() -> None:
    assert main_time("今晚 8:30 开讲，报名的人到了 90%", NOW) == "2026-05-20T20:30:00+08:00"
    assert not only_measures("今晚 8:30 开讲，报名的人到了 90%", NOW)


@pytest.mark.parametrize("text", ["for the 3rd time", "on the 2nd floor", "in the 21st century"])
def test_an_ordinal_that_counts_something_is_no_day(text: str) -> None:
    assert find_times(text, NOW) == []


def test_a_promise_for_a_later_day_is_not_due_today() -> None:
    assert deadline("今天先到这，文字稿周日晚上发群里", NOW) == "2026-05-24"


def test_the_day_on_which_something_is_said_gives_way_to_the_moment_that_it_is_about() -> None:
    assert main_time("早上好☀️ 今天周三，第三章作业明晚 22:00 截止", NOW) == "2026-05-21T22:00:00+08:00"
