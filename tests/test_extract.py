"""Questions, items and talks: what the stage must and must not say, by small invented chats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.embedding import FAST, QUALITY, MessageVectors, load_embedder
from pipeline.extract import ExtractOptions, extract_items, extract_qa, extract_talks
from pipeline.extract.item_fields import place_of, title_of
from pipeline.extract.items import _goes_on
from pipeline.extract.pairs import candidate_pairs
from pipeline.extract.qa import Judged, is_plain_question, within_threads
from pipeline.extract.table import read_table
from pipeline.extract.word_sets import number_words
from pipeline.model import Answer, Item, Kind, Message, Noise, QAPair, ReplyLink, Scored, Session, Talk, Thread

START = datetime.fromisoformat("2026-05-18T20:00:00+08:00")
SPEECH = "第{}点,这个步骤要先把材料准备齐,然后逐项核对清楚再往下走,别着急提交"


def chat(*lines: tuple[str, str] | tuple[str, str, str], step_s: int = 40) -> list[Message]:
    """Messages from (sender, text) or (sender, text, quoted id); ids m0, m1…"""
    return [
        Message(
            id=f"m{i}", sender_id=line[0], sender=line[0], sent_at=START + timedelta(seconds=step_s * i), text=line[1],
            reply_to=line[2] if len(line) > 2 else None,
        )
        for i, line in enumerate(lines)
    ]  # fmt: skip


def scored(messages: Sequence[Message], noise: Noise | None = None) -> list[Scored]:
    return [Scored(message_id=m.id, value=0.5, why={}, noise=noise, question=float("?" in m.text or "吗" in m.text)) for m in messages]


def vectors(messages: Sequence[Message]) -> MessageVectors:
    return MessageVectors(messages, load_embedder(FAST), load_embedder(QUALITY))


def links(messages: Sequence[Message]) -> list[ReplyLink]:
    return [ReplyLink(message_id=m.id, parent_id=m.reply_to, by="quote" if m.reply_to else None) for m in messages]


def qa(messages: Sequence[Message], noise: Noise | None = None) -> list[QAPair]:
    thread = [Thread(id="t1", messages=tuple(messages))]
    return extract_qa(messages, links(messages), thread, scored(messages, noise), vectors(messages), ExtractOptions())


def items(messages: Sequence[Message], noise: Noise | None = None) -> list[Item]:
    return extract_items(messages, [], scored(messages, noise), [], vectors(messages), ExtractOptions())


def talks(messages: Sequence[Message]) -> list[Talk]:
    session = [Session(id="s1", messages=tuple(messages))]
    return extract_talks(messages, session, [], scored(messages), [], ExtractOptions())


ASKED = (
    ("u1", "早上好"),
    ("u2", "请教一下,打印机换了墨盒以后一直提示离线,怎么才能恢复?"),
    ("u3", "哈哈哈今天好热"),
    ("u4", "先把打印机电源关掉,等30秒再开,然后在设置里删掉旧的打印机重新添加一次,驱动选官网最新的", "m1"),
    ("u2", "好了!可以打了,谢谢"),
    ("u5", "中午吃什么"),
)


def test_a_question_finds_its_quoted_answer_and_the_askers_relief() -> None:
    (pair,) = (q for q in qa(chat(*ASKED)) if q.answers)
    assert pair.question_ids == ("m1",)
    assert [a.message_ids for a in pair.answers] == [("m3",)]
    assert pair.resolved_by == "m4"
    assert 0 < pair.confidence <= 1


def test_a_question_keeps_the_code_that_follows_it() -> None:
    code = "select sum(o.amount) from orders o left join order_items i on o.id = i.order_id"
    asked = chat(
        ASKED[0],
        ("u2", "请教一下,左连接之后求和直接翻了三倍,怎么才能改对?"),
        ("u2", code),
        ("u3", "先在子查询里按订单汇总,再左连接就不会翻倍了", "m1"),
    )
    (pair,) = (q for q in qa(asked) if q.answers)
    assert pair.question_ids == ("m1", "m2")


def test_the_same_chat_gives_the_same_pairs() -> None:
    assert qa(chat(*ASKED)) == qa(chat(*ASKED))


def test_a_chat_read_in_blocks_gives_the_pairs_that_it_gives_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for n in range(12) for line in (("u2", f"请教一下,第{n}台打印机换了墨盒以后一直提示离线,怎么才能恢复?"), *ASKED[2:])]
    whole = qa(chat(*[line[:2] for line in lines], step_s=300))
    monkeypatch.setattr("pipeline.extract.qa.QUESTIONS_AT_ONCE", 2)
    assert any(pair.answers for pair in whole)
    assert qa(chat(*[line[:2] for line in lines], step_s=300)) == whole


@given(st.lists(st.frozensets(st.sampled_from("甲乙丙丁戊"), max_size=4), min_size=1, max_size=8), st.lists(st.integers(0, 7), max_size=12))
def test_sums_and_unions_of_numbered_words_are_those_of_the_sets(sets: list[frozenset[str]], chosen: list[int]) -> None:
    words, number = number_words(sets)
    chosen = [k % len(sets) for k in chosen]
    weight = np.arange(1.0, len(number) + 1)
    picked = np.array(chosen, dtype=np.int64)
    assert words.sums(picked, weight).tolist() == [sum(weight[number[w]] for w in sorted(sets[k])) for k in chosen]
    union = words.joined(picked, np.zeros_like(picked), 1)
    assert union.of(0).tolist() == sorted({number[w] for k in chosen for w in sets[k]})


def test_an_opinion_that_nobody_answered_is_no_open_question() -> None:
    said = chat(("u1", "说真的 我觉得这个软件学会基本功能就够了 高级功能都是面试装一下而已"), ("u2", "有人用过它的宏吗 和公式比哪个快"))
    sure = [Scored(message_id=m.id, value=0.5, why={}, noise=None, question=0.9) for m in said]
    judged = [Judged(rows=(i,), answers=(), likely=np.zeros(0, dtype=np.float32), answered=0.0, real=0.9) for i in range(2)]
    assert [is_plain_question(read_table(said), j, sure) for j in judged] == [False, True]


@pytest.mark.parametrize(
    "said",
    ["我也是！平板打开那本摘录就退 有人知道吗", "有没有人觉得做运营最后都会变成客服", "is it just me or is the page slow for anyone"],
)
def test_who_says_me_too_or_wants_to_be_agreed_with_leaves_no_open_question(said: str) -> None:
    lines = chat(("u1", said))
    sure = [Scored(message_id=m.id, value=0.5, why={}, noise=None, question=0.9) for m in lines]
    asked = Judged(rows=(0,), answers=(), likely=np.zeros(0, dtype=np.float32), answered=0.0, real=0.9)
    assert not is_plain_question(read_table(lines), asked, sure)


def test_what_is_asked_back_in_a_conversation_is_no_open_question() -> None:
    asked = "请教大家,离线安装的时候总提示缺少证书,这种情况一般怎么处理?"
    messages = chat(("u2", "我昨天刚把打印机换了一台新的"), ("u3", asked, "m0"), ("u4", "路上看到一只猫"))
    opened = [q.question_ids for q in qa(messages) if q.status == "unanswered"]
    answered = replace(links(messages)[1], by="model")
    thread = [Thread(id="t1", messages=tuple(messages))]
    back = extract_qa(
        messages, [links(messages)[0], answered, links(messages)[2]], thread, scored(messages), vectors(messages), ExtractOptions()
    )
    assert opened == [("m1",)]  # on what is quoted everybody may ask
    assert back == []


def test_an_advertisement_is_neither_question_nor_answer() -> None:
    assert qa(chat(*ASKED), noise=Noise.AD) == []


def test_a_promise_to_answer_later_is_no_answer() -> None:
    found = qa(chat(("u1", "请问报名表在哪里下载?有没有链接?"), ("u2", "我晚点问一下"), ("u3", "哈哈"), ("u4", "今天真冷")))
    assert not any("m1" in a.message_ids for q in found for a in q.answers)


def test_answers_of_one_pair_are_grouped_by_member() -> None:
    messages = chat(*ASKED)
    sender = {m.id: m.sender_id for m in messages}
    for pair in qa(messages):
        for answer in pair.answers:
            assert len({sender[i] for i in answer.message_ids}) == 1


def test_an_answer_a_thousand_messages_later_is_still_a_candidate() -> None:
    words = [("u2", "打印机换了墨盒以后一直提示离线怎么恢复")] + [(f"u{i % 7 + 3}", f"路上看到一只猫{i}") for i in range(1000)]
    messages = chat(*words, ("u4", "打印机提示离线的话删掉旧打印机重新添加就能恢复"))
    found = candidate_pairs(read_table(messages), [[0]], vectors(messages).fast, 45, 12)
    assert 1001 in found.row.tolist()


def test_a_file_and_a_link_are_resources_an_advertised_link_is_not() -> None:
    messages = chat(("u1", "[腾讯文档] 新人资料合集 https://docs.example.com/a1 需要的自己下载"), ("u2", "收到"))
    (resource,) = (i for i in items(messages) if i.kind == "resource")
    assert resource.message_ids == ("m0",)
    assert resource.url == "https://docs.example.com/a1"
    assert items(messages, noise=Noise.AD) == []


def test_who_asks_for_a_look_at_a_link_recommends_nothing() -> None:
    messages = chat(("u1", "谁能帮我看看这份简历吗? https://example.com/a"), ("u2", "这份清单资料我们用了三年 https://example.com/b"))
    assert [i.message_ids for i in items(messages) if i.kind == "resource"] == [("m1",)]


def test_one_link_posted_twice_is_one_resource() -> None:
    twice = chat(
        ("u1", "资料合集 https://docs.example.com/a1 大家下载"), ("u2", "好的"), ("u3", "再发一次资料 https://docs.example.com/a1 自取")
    )
    assert [i.message_ids for i in items(twice) if i.kind == "resource"] == [("m0",)]


NOTICE = "【通知】线下交流会定在6月13日(周六)14:00,地点:市图书馆3楼报告厅,名额30人,请大家在6月10日前接龙报名"
MOVED = "【通知】线下交流会改到6月20日(周六)14:00,地点不变,原来6月13日的作废,请大家互相转告"


def test_an_announcement_carries_its_moment_and_a_change_replaces_it() -> None:
    first = [i for i in items(chat(("u1", NOTICE), ("u2", "收到"))) if i.kind == "announcement"]
    assert [i.when for i in first] == ["2026-06-13T14:00:00+08:00"]
    both = [i for i in items(chat(("u1", NOTICE), ("u2", "收到"), ("u3", "好的"), ("u1", MOVED), step_s=400)) if i.kind == "announcement"]
    assert [i.when for i in both] == ["2026-06-20T14:00:00+08:00"]
    assert both[0].replaces == ("m0",)


def test_a_change_of_a_plan_is_no_second_plan() -> None:
    party = "另外线下茶话会：11 月 21 日（周六）下午 2 点，上海徐汇 半山茶馆二楼，AA 大概 60，限 15 人，要来的回复 +1"
    moved = "⚠️ 茶话会改期：半山茶馆 21 号被包场了，大家商量定了改到 11 月 28 日（周六）下午 2 点，地点不变，之前 +1 的不用重报"
    found = items(chat(("u1", party), ("u2", "收到"), ("u3", "+1"), ("u1", moved), step_s=400))
    assert [(i.kind, i.replaces) for i in found if "m3" in i.message_ids] == [("announcement", ("m0",))]


def test_a_place_and_a_title_are_the_messages_own_words() -> None:
    (message,) = chat(("u1", "周六下午在滨江文化中心3楼集合,资料见《志愿者手册》"))
    assert place_of([message]) in message.text  # type: ignore[operator]
    assert title_of([message]) == "志愿者手册"
    (moved,) = chat(("u1", "改到周日下午三点，地点不变"))
    assert place_of([moved]) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("故事会改地方\n葑门店楼上水管爆了。\n5月30日下午3:00，湖东店二楼", "湖东店二楼"),
        ("VENUE CHANGE for the meetup. New place: Library Hofplein, Rotterdam. Thu 28 May 18:30", "Library Hofplein"),
        ("那就定6月13号周六 全天。@庞博-场地 跟周姐锁档期", None),
        ("周五20:30进度会 ①日期场地(庞博)②议程", None),
    ],
)
def test_a_place_is_called_one_or_stands_beside_the_time(text: str, place: str | None) -> None:
    assert place_of(chat(("u1", text))) == place


def test_two_events_announced_in_one_breath_are_two_items() -> None:
    both = items(
        chat(
            ("u1", "【通知】七月讲座 7月11日(周六)晚8点半，线上，请大家报名"),
            ("u1", "【通知】线下沙龙 7月25日(周六)14:00，三楼会议室，请大家报名"),
        )
    )
    assert [i.when for i in both if i.kind == "announcement"] == ["2026-07-11T20:30:00+08:00", "2026-07-25T14:00:00+08:00"]


def test_a_reported_figure_is_no_announcement() -> None:
    told = "分享一个数据：我们拉了半年记录，晚上 8:30–9:30 发的内容回复率 17%，早上 9 点以前只有 6%"
    assert not [i for i in items(chat(("u1", told), ("u2", "收藏了"))) if i.kind == "announcement"]


def test_memorable_lines_are_opt_in() -> None:
    assert not any(i.kind == "quote" for i in items(chat(*ASKED)))


def _talk() -> list[Message]:
    opening = [("host", "今晚的分享马上开始,主题《怎样准备材料》,请先不要刷屏"), ("u5", "板凳")]
    floor = [("speaker", SPEECH.format(i)) for i in range(12)]
    return chat(*opening, *floor[:6], ("u6", "👍"), *floor[6:], ("u7", "谢谢老师"), step_s=90)


def test_a_member_who_holds_the_floor_after_a_host_gives_a_talk() -> None:
    (talk,) = talks(_talk())
    assert (talk.kind, talk.speaker_id, talk.title_id) == ("talk", "speaker", "m0")
    assert list(talk.outline_ids) == sorted(talk.outline_ids, key=lambda i: int(i[1:]))


def test_a_talk_is_called_what_the_invitation_of_days_before_called_it() -> None:
    invitation = replace(
        chat(("host", "明晚八点沈静老师来群里讲《怎样把书读进日子里》,大概一小时"))[0], id="i", sent_at=START - timedelta(days=1)
    )
    reminder = replace(chat(("host", "早上好,今晚八点的分享别忘了"))[0], id="r", sent_at=START - timedelta(hours=2))
    floor = [replace(m, sender="沈静-儿童阅读") if m.sender_id == "speaker" else m for m in _talk()]
    (talk,) = talks([invitation, reminder, *floor])
    assert talk.title_id == "i"


def test_what_the_audience_asks_for_afterwards_is_no_part_of_the_outline() -> None:
    floor = [("speaker", SPEECH.format(i)) for i in range(9)]
    asked = [("u6", "老师内部卖的要是固定资产怎么办?"), *[("speaker", SPEECH.format(i)) for i in range(20, 24)]]
    (talk,) = talks(chat(("host", "分享马上开始"), *floor, ("speaker", "我就讲这么多,上问题吧"), *asked, step_s=60))
    assert set(talk.outline_ids) <= {f"m{i}" for i in range(1, 11)}


def test_two_members_talking_in_turn_give_no_talk() -> None:
    assert talks(chat(*[(f"u{i % 2}", SPEECH.format(i)) for i in range(40)])) == []


def test_an_agenda_with_reports_is_a_meeting() -> None:
    agenda = ("host", "【第3次进度会】①场地 ②议程 ③预算 ④志愿者,超时的发红包")
    reports = [(f"u{k}", f"{mark}这一块已经谈妥了,合同周五签,定了就不再改") for k, mark in enumerate("①②③④")]
    (meeting,) = talks(chat(agenda, *reports))
    assert (meeting.kind, meeting.title_id) == ("meeting", "m0")
    assert set(meeting.outline_ids) == {"m1", "m2", "m3", "m4"}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [("u1", "在吗?")],
        [("u1", f"第{i}条笔记,怎么整理比较好?") for i in range(30)],
        [(f"u{i}", "有人知道怎么报名吗?") for i in range(60)],
        [("", "没有发送者的消息,请问怎么办?"), ("", "先登录再点报名就可以了")],
        [("u1", " "), ("u2", "\n"), ("u3", "？")],
    ],
    ids=["nothing", "one message", "one person", "everybody asks the same", "no senders", "blanks"],
)
def test_odd_chats_give_sensible_output(lines: list[tuple[str, str]]) -> None:
    messages = chat(*lines)
    known = {m.id for m in messages}
    for pair in qa(messages):
        assert set(pair.question_ids) <= known
        assert {i for a in pair.answers for i in a.message_ids} <= known - set(pair.question_ids)
        assert (pair.status == "unanswered") == (not pair.answers)
    assert all(set(i.message_ids) <= known for i in items(messages))
    if messages:
        talks(messages)


def test_media_carry_neither_questions_nor_answers() -> None:
    picture = Message(id="p", sender_id="u1", sender="u1", sent_at=START, text="[图片]", kind=Kind.IMAGE)
    assert qa([picture]) == []
    assert items([picture]) == []


@pytest.mark.slow
def test_a_flood_of_identical_lines_takes_linear_time() -> None:
    messages = chat(*[(f"u{i % 50}", "有没有人知道怎么报名啊?") for i in range(20_000)], step_s=2)
    assert len(qa(messages)) <= 5
    assert len(items(messages)) <= 5


def test_where_people_name_each_other_an_answer_of_another_conversation_is_none() -> None:
    asked, right, wrong = chat(("a", "how do I mount it?"), ("b", "a: use mount -o loop"), ("c", "d: restart postfix"))
    threads = [Thread(id="t1", messages=(asked, right)), Thread(id="t2", messages=(wrong,))]
    answers = (Answer(message_ids=(right.id,)), Answer(message_ids=(wrong.id,)))
    pair = QAPair(question_ids=(asked.id,), answers=answers, status="answered", confidence=0.9)
    (kept,) = within_threads([pair], threads)
    assert [a.message_ids for a in kept.answers] == [(right.id,)]


def test_what_can_be_borrowed_and_what_lies_in_the_files_is_a_resource_and_a_wish_is_none() -> None:
    told = chat(
        ("u1", "谁能借我一个三脚架 周末用"),
        ("u2", "店里二楼有一面墙的绘本，会员可以借，一次五本"),
        ("u3", "第二版讲义已经传到网盘了"),
        ("u4", "他上个月借钱给我 我下周还"),
    )
    assert {i for item in items(told) if item.kind == "resource" for i in item.message_ids} == {told[1].id, told[2].id}


def test_an_advertisers_offer_is_no_opportunity() -> None:
    offer = ("u1", "招聘文员两名，双休，月薪六千到八千，杭州滨江，有意的把简历发我邮箱，周五截止")
    messages = chat(offer, ("u2", "收到"), ("u1", "日结兼职扫码进群"))
    plain = extract_items(messages, [], scored(messages), [], vectors(messages), ExtractOptions())
    sold = [replace(s, noise=Noise.AD if m.text.startswith("日结") else None) for s, m in zip(scored(messages), messages, strict=True)]
    assert "m0" in {i for item in plain if item.kind == "opportunity" for i in item.message_ids}
    assert not [item for item in extract_items(messages, [], sold, [], vectors(messages), ExtractOptions()) if item.kind == "opportunity"]


def test_what_its_sender_adds_belongs_to_the_offer() -> None:
    offer = ("橘", "推个岗位：我们教育公司（上海长宁）招社群运营 2 名，12-16k，要带过 10 个以上群，双休。有意发简历给我")
    said = [
        offer,
        ("木", "没经验的行吗"),
        ("豆", "可以远程吗"),
        ("橘", "有实习带群经验就可以投"),
        *[("木", "好的谢谢")] * 12,
        ("橘", "招社群运营 1 名，15k 双休"),
    ]
    table = read_table(chat(*said))
    assert _goes_on(table, [[0], [3]]) == [[0, 3]]
    assert _goes_on(table, [[0], [16]]) == [[0], [16]]
    assert _goes_on(table, [[0], [2]]) == [[0], [2]]


def test_where_all_talk_is_of_jobs_only_a_few_messages_are_opportunities() -> None:
    talk = chat(*[(f"u{i % 7}", f"{i}号公司校招，岗位测试开发，月薪{8 + i % 9}k，双休，内推把简历发我") for i in range(400)], step_s=400)
    found = [item for item in items(talk) if item.kind == "opportunity"]
    assert len({i for item in found for i in item.message_ids}) <= 0.03 * len(talk)
