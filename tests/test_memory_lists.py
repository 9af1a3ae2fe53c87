"""FAQ choices, links, feedback and figures of people, on values made by hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.memory.faq import FaqEntry, best_answer
from pipeline.memory.faq_review import read_review, review_text
from pipeline.memory.feedback import kind_of
from pipeline.memory.figures import Line, Period, hours, members, noise_figures, peak
from pipeline.memory.health import stage, warnings
from pipeline.memory.ledger import Answered, Question
from pipeline.memory.links import canonical
from pipeline.memory.optout import askings_without, nobody
from pipeline.memory.pages import _who, faq_page, feedback_text, report_page
from pipeline.memory.people import advertisers, kol, lurkers, newcomers
from pipeline.memory.todos import REPORTED
from tests.test_memory_ledger import asking, told

START = datetime(2026, 8, 3, 9, tzinfo=timezone(timedelta(hours=8)))


def line(
    n: int,
    who: str,
    text: str = "说点有用的",
    *,
    value: float = 0.6,
    noise: str | None = None,
    hour: int = 0,
    day: int = 0,
    kind: str = "text",
) -> Line:
    at = START + timedelta(days=day, hours=hour, seconds=n)
    return Line(
        row=n,
        chat=1,
        id=f"m{n}",
        at=at,
        sender_id=who,
        sender=f"成员{who}",
        kind=kind,
        text=text,
        value=value,
        noise=noise,
        thread=n,
        reply_row=None,
    )


def period(*lines: Line) -> Period:
    ordered = sorted(lines, key=lambda x: (x.at, x.row))
    return Period(start=ordered[0].at, end=ordered[-1].at, lines=tuple(ordered), questions=())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.example.com/a/?utm_source=wx&b=1", "http://example.com/a?b=1#top"),
        ("https://mp.weixin.example/s?__biz=X&mid=1&idx=1&sn=2&chksm=ff&scene=21", "https://mp.weixin.example/s?idx=1&mid=1&sn=2&__biz=X"),
        ("HTTPS://Example.com:443/A", "https://example.com/A"),
    ],
)
def test_one_address_in_two_spellings_is_one(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.com/a?id=1", "https://example.com/a?id=2"),
        ("https://example.com/#/x", "https://example.com/#/y"),
        ("https://a.example/A", "https://a.example/a"),
    ],
)
def test_two_addresses_stay_two(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_a_broken_address_breaks_nothing() -> None:
    assert canonical("http://[::1") == "http://[::1"


def question(*answers: Answered, status: str = "answered") -> Question:
    return Question(id="q1", text="几台设备一起用", status=status, askings=(asking(1),), answers=answers)  # type: ignore[arg-type]


def test_a_correction_beats_what_it_corrects() -> None:
    wrong, right = Answered(told=told(2, "我记得是3台吧", who="丙")), Answered(told=told(3, "不对，是5台，在设置里移除旧的", who="丁"))
    assert best_answer(question(wrong, right), frozenset()) == right


def test_a_pointer_is_no_answer_when_there_is_a_real_one() -> None:
    real, pointer = Answered(told=told(2, "5台，在设置里移除旧的")), Answered(told=told(9, "周二聊过 往上翻", day=2, who="丙"))
    assert best_answer(question(real, pointer), frozenset()) == real


def entry(**more: object) -> FaqEntry:
    given = {
        "id": "群/m1", "chat": "群", "question": "几台设备 <b>一起</b> 用？", "question_ids": ("群/m1",),
        "answer": "5 台\n在设置里 | 移除", "answer_ids": ("群/m2",),
        "sender": "小北", "time": START, "asked": 2, "last_asked": START,
    }  # fmt: skip
    return FaqEntry(**(given | more))  # type: ignore[arg-type]


def test_an_untouched_review_file_decides_nothing() -> None:
    assert read_review(review_text([entry()]), [entry()], Path("faq.md")) == {}


def test_a_review_file_is_read_back() -> None:
    text = review_text([entry(), entry(id="群/m9")])
    text = (
        text.replace("- status: new", "- status: accept", 1)
        .replace("A: 5 台", "A: 五台", 1)
        .replace("- status: new", "- status: merge 群/m1", 1)
    )
    choices = read_review(text, [entry(), entry(id="群/m9")], Path("faq.md"))
    assert choices["群/m1"].choice == "accept"
    assert (choices["群/m1"].answer or "").startswith("五台")
    assert (choices["群/m9"].choice, choices["群/m9"].into) == ("merge", "m1")


@pytest.mark.parametrize("status", ["yes", "merge", "merge 群/m404"])
def test_a_wrong_status_is_told_with_its_line(status: str) -> None:
    text = review_text([entry()]).replace("status: new", f"status: {status}")
    with pytest.raises(InputError, match=r"faq\.md:\d+"):
        read_review(text, [entry()], Path("faq.md"))


def test_chat_text_is_no_markup_in_the_faq() -> None:
    page = faq_page([entry()], "html", "zh")
    assert "<b>一起" not in page
    assert "&lt;b&gt;一起" in page
    assert "\\<b" in faq_page([entry()], "md", "zh") or "&lt;b" in faq_page([entry()], "md", "zh")


def test_a_cell_of_the_feedback_table_is_no_formula() -> None:
    matter = {"kind": "bug", "text": "=HYPERLINK(1)", "times": 1, "members": 1, "first": "2026", "last": "2026", "chat": "群", "quotes": []}
    assert "'=HYPERLINK" in feedback_text([matter], "csv", "en")


@pytest.mark.parametrize(("text", "kind"), [("更新完必闪退", "bug"), ("能不能支持合并单元格", "wish"), ("太贵了 很失望", "complaint")])
def test_feedback_has_a_kind(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize("text", ["易错点表提前弄好了", "第 11 期的图换好了", "搞定", "uploaded the slides", "2.6.1 已上架"])
def test_a_report_of_done_is_recognised(text: str) -> None:
    assert REPORTED.search(text)


@pytest.mark.parametrize("text", ["我周五之前弄", "还没做", "will do it tomorrow"])
def test_a_promise_is_no_report(text: str) -> None:
    assert not REPORTED.search(text)


def test_one_good_message_weighs_more_than_chatter() -> None:
    lines = [line(i, "话痨", value=0.1) for i in range(40)] + [line(100 + i, "老师", value=0.9) for i in range(5)]
    assert kol(period(*lines), None, nobody)[0]["sender_id"] == "老师"


def test_who_opted_out_is_in_no_list() -> None:
    lines = [line(i, "老师", value=0.9) for i in range(6)]
    assert kol(period(*lines), None, lambda sender_id, _name: sender_id == "老师") == []


def test_two_messages_make_no_leader() -> None:
    assert kol(period(line(1, "新人", value=1.0), line(2, "新人", value=1.0)), None, nobody) == []


def test_who_only_advertises_is_listed_for_clean_up_and_no_newcomer() -> None:
    lines = [line(1, "广告", "加V领资料", noise="ad"), *(line(10 + i, f"u{i}") for i in range(5))]
    assert [p["sender_id"] for p in advertisers(period(*lines))] == ["广告"]
    assert "广告" not in {p["sender_id"] for p in newcomers(period(*lines), {}, True, nobody)}


def test_a_newcomer_is_known_by_the_notice_and_by_being_answered() -> None:
    notice = line(1, "sys", '"成员新" 通过扫描二维码加入群聊', kind="system")
    lines = [notice, line(2, "新", "大家好 请问几点开始"), line(3, "老", "八点")]
    (found,) = newcomers(period(*lines), {}, False, nobody)
    assert (found["sender_id"], found["answered"]) == ("新", False)


def test_who_fell_silent_is_among_the_readers() -> None:
    old = line(1, "走了的")
    assert lurkers(period(line(5, "在的")), {"走了的": old}, nobody)[0]["sender_id"] == "走了的"


def test_hours_and_peak_are_counted_by_people_not_by_noise() -> None:
    chatter = [line(i, "a", noise="sticker", hour=1) for i in range(30)]
    talk = [line(100 + i, f"u{i}", hour=11) for i in range(4)]
    p = period(*chatter, *talk)
    assert hours(p)[10] == 30
    assert peak(p)["hour"] == 20
    assert noise_figures(p)["sticker"] == round(30 / 34, 3)
    assert members(p) == {"active": 5, "speaking": 4, "contributing": 4}


def test_a_short_history_has_no_stage() -> None:
    assert stage([line(1, "a")])[0] == "unknown"


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        ((90, 80, 85, 80, 20, 15), "declining"),
        ((20, 20, 20, 20, 60, 70), "growing"),
        ((50,) * 6, "active"),
        ((90, 80, 80, 80, 1, 1), "silent"),
    ],
)
def test_the_stage_follows_the_weeks(weeks: tuple[int, ...], expected: str) -> None:
    lines = [line(k, f"u{k % 9}", day=7 * w + 6 * (k == n - 1), hour=k % 5) for w, n in enumerate(weeks) for k in range(n)]
    assert stage(sorted(lines, key=lambda x: x.at))[0] == expected


def test_one_voice_among_many_is_a_warning_with_numbers() -> None:
    lines = [line(i, "群主") for i in range(80)] + [line(200 + i, f"u{i}") for i in range(15)]
    signs = {w["sign"]: w["numbers"] for w in warnings(period(*lines), None, [])}
    assert signs["few_carry_the_talk"]["members"] == 16


def test_too_few_messages_give_no_warning() -> None:
    assert warnings(period(line(1, "a"), line(2, "b", noise="ad")), None, []) == []


def test_the_report_page_shows_each_warning_and_escapes_names() -> None:
    lines = [line(i, "<img>") for i in range(6)]
    report = {
        "chat": "群<i>", "period": {"start": "2026-08-03T09:00:00+08:00", "end": "2026-08-04T09:00:00+08:00", "days": 2, "messages": 6,
                   "first_day": "2026-08-03", "last_day": "2026-08-04"},
        "compared_with": None, "members": members(period(*lines)) | {"before": None},
        "kol": kol(period(*lines), None, nobody), "starters": [], "newcomers": [],
        "lurkers": [], "advertisers": [], "hours": hours(period(*lines)), "weekdays": [1, 0, 0, 0, 0, 0, 5], "peak": peak(period(*lines)),
        "response": {"asked": 0, "answered": 0, "answered_share": None, "median_minutes": None, "within_an_hour": None, "before": None},
        "unanswered_share": None,
        "noise_share": 0.0, "noise": {"noise": 0.0}, "stage": "unknown", "stage_numbers": {}, "too_little_data": True,
        "open_questions": [{"id": "群/m1", "text": "<img> 怎么报名", "sender": "<img>", "time": "2026-08-03T09:00:00+08:00"}],
        "warnings": [{"sign": "ads", "numbers": {"share": 0.1, "before": None}}],
    }  # fmt: skip
    page = report_page(report, "html", "en")
    assert 'data-sign="ads"' in page
    assert "<img>" not in page
    assert "<i>" not in page
    assert "Advertising" in report_page(report, "md", "en")


def test_what_somebody_answered_goes_with_them_when_they_opt_out() -> None:
    askings = {1: asking(1, answers=(told(2, who="乙"), told(3, who="丙"))), 2: asking(4, who="乙")}
    left = askings_without(askings, lambda sender_id, _name: sender_id == "乙")
    assert list(left) == [1]
    assert [t.sender_id for t in left[1].answers] == ["丙"]


def test_who_invites_somebody_is_not_new_themselves() -> None:
    joined = period(
        line(1, "新人", "大家好 我是新来的"), line(2, "老人", "欢迎"), line(3, "s", '"成员老人"邀请"成员新人"加入了群聊', kind="system")
    )
    assert [p["sender_id"] for p in newcomers(joined, {}, False, nobody)] == ["新人"]


def test_who_gave_nothing_of_value_carries_no_chat() -> None:
    lines = [line(i, "话多", value=0.1) for i in range(9)]
    assert kol(period(*lines), None, nobody) == []


def test_two_members_of_one_name_are_told_apart() -> None:
    people = [{"sender_id": i, "sender": "小鱼", "messages": 1, "said": 1, "last": ""} for i in ("u1", "u2")]
    assert {_who({"kol": [], "starters": [], "newcomers": [], "advertisers": [], "lurkers": people})(p) for p in people} == {
        "小鱼 (u1)",
        "小鱼 (u2)",
    }


def test_who_opted_out_is_in_no_warning() -> None:
    before = period(*(line(i, "老师" if i % 2 else f"u{i}", value=0.9) for i in range(60)))
    now = period(*(line(i, f"u{i}", day=20) for i in range(60)))
    (sign,) = (w for w in warnings(now, before, []) if w["sign"] == "valuable_members_fade")
    assert "成员老师" in sign["numbers"]["members"]
    out = warnings(now, before, [], lambda sender_id, _name: sender_id == "老师")
    assert all("成员老师" not in w["numbers"].get("members", []) for w in out if w["sign"] == "valuable_members_fade")
