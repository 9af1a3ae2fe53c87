"""Threads: what must hold on any log, and what a reader expects of small invented ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import START, chat, message

from pipeline.cli import cli
from pipeline.embedding import FAST, Embedder, MessageVectors, load_embedder
from pipeline.model import Kind, Message, ReplyLink, Thread
from pipeline.thread import ThreadOptions, explain_link, untangle
from pipeline.thread.addressing import How, find_addressees, number_senders
from pipeline.thread.columns import says_nothing

BUSY = (
    "小鱼: 想问下今年中级啥时候报名啊 | 大白菜: 6月吧好像 +2m | 老赵: 内部交易那个100还要减吗 | 木子李: 要减 没卖出去的部分还在集团里 | "
    "小鱼: 好的谢谢 | Momo: 你们中午吃啥 +3h | 糖糖: 麻辣烫 | 瑶瑶: 公司楼下食堂18块 | "
    "陈老师: 来公布今天的答案 选A +5h | 老赵: 懂了 谢谢老师"
)


@lru_cache(maxsize=1)
def fast() -> Embedder:
    return load_embedder(FAST)


def untangled(messages: Sequence[Message]) -> tuple[list[ReplyLink], list[Thread]]:
    """With the fast vectors, which need no half second of loading the slow model."""
    return untangle(messages, [], MessageVectors(messages, fast(), fast()), ThreadOptions(quality_texts=0))


def place(threads: Sequence[Thread]) -> dict[str, str]:
    return {m.id: t.id for t in threads for m in t.messages}


def many(n: int, *, senders: int, step: timedelta, text: str = "好的 收到 第{i}条") -> tuple[Message, ...]:
    return tuple(message(text.format(i=i), id=f"m{i}", sender=f"甲{i % senders}", at=START + i * step) for i in range(n))


def check_partition(messages: Sequence[Message], links: Sequence[ReplyLink], threads: Sequence[Thread]) -> None:
    """Every message but the system's in exactly one thread; links in order, their parents in the log; threads by first message."""
    assert [link.message_id for link in links] == [m.id for m in messages]
    assert sorted(m.id for t in threads for m in t.messages) == sorted(m.id for m in messages if not m.is_system)
    assert [t.id for t in threads] == [f"t{n}" for n in range(1, len(threads) + 1)]
    row = {m.id: i for i, m in enumerate(messages)}
    assert [row[t.messages[0].id] for t in threads] == sorted(row[t.messages[0].id] for t in threads)
    where = place(threads)
    for link in links:
        assert 0 <= link.confidence <= 1
        if link.parent_id is not None and link.message_id in where and link.parent_id in where:
            assert where[link.message_id] == where[link.parent_id]


def test_every_message_but_the_systems_is_in_exactly_one_thread() -> None:
    messages = [*chat(BUSY)]
    messages[3] = replace(messages[3], kind=Kind.SYSTEM)
    messages[5] = replace(messages[5], kind=Kind.RECALL)
    messages[6] = replace(messages[6], kind=Kind.PAT)
    links, threads = untangled(messages)
    check_partition(messages, links, threads)
    assert links[3] == ReplyLink(message_id="m4", parent_id=None)


def test_a_new_subject_after_hours_of_silence_is_a_thread_of_its_own() -> None:
    _, threads = untangled(chat(BUSY))
    where = place(threads)
    assert where["m6"] == where["m7"] == where["m8"] != where["m1"]
    assert where["m9"] != where["m8"]


def test_a_visible_quote_always_wins_even_days_later() -> None:
    messages = [*chat(BUSY + " | 王可: 报名是6月12日开始 +2d | 王可: 记得先采集信息")]
    messages[10] = replace(messages[10], reply_to="m1")
    links, threads = untangled(messages)
    assert (links[10].parent_id, links[10].by, links[10].confidence) == ("m1", "quote", 1.0)
    assert place(threads)["m11"] == place(threads)["m1"]


def test_a_quote_of_a_later_message_joins_both_threads() -> None:
    messages = [*chat("甲: 早 | 乙: 明天谁去爬山 +9h")]
    messages[0] = replace(messages[0], reply_to="m2")
    links, threads = untangled(messages)
    assert links[0].by == "quote"
    assert len(threads) == 1


@pytest.mark.parametrize("target", ["m1", "nowhere"])
def test_a_quote_of_itself_or_of_a_message_that_is_not_there_is_passed_over(target: str) -> None:
    messages = [replace(chat("甲: 早")[0], reply_to=target)]
    links, threads = untangled(messages)
    assert links == [ReplyLink(message_id="m1", parent_id=None, confidence=links[0].confidence)]
    assert len(threads) == 1


def test_where_people_name_each_other_two_interleaved_talks_come_apart() -> None:
    """The custom of IRC: "name: text"."""
    lines = []
    for k in range(8):
        lines += [f"rob: anna: step {k} of the kernel build is to run make", f"zed: carl: line {k} of fstab should name the disk",
                  f"anna: rob: done, make prints warning {k}", f"carl: zed: changed fstab line {k} now"]  # fmt: skip
    messages = chat(" | ".join(f"{line} +15s" for line in lines))
    links, threads = untangled(messages)
    where = place(threads)
    anna = {where[m.id] for m in messages[8:] if m.sender in ("rob", "anna")}
    carl = {where[m.id] for m in messages[8:] if m.sender in ("zed", "carl")}
    assert not anna & carl
    assert "mention" in {link.by for link in links}


def test_names_are_found_plain_leading_and_behind_an_at_sign() -> None:
    messages = [message("在", id="a", sender="老白@SaaS后端"), message("hi", id="b", sender="Rex-杭州"),
                message("@老白 在吗", id="c", sender="x"),
                message("Rex把那行贴一下", id="d", sender="y"), message("rex: try again", id="e", sender="z")]  # fmt: skip
    found = find_addressees(messages, number_senders(messages))
    assert [[(a.sender, a.how) for a in people] for people in found] == [[], [], [(0, How.AT)], [(1, How.NAMED)], [(1, How.LEADING)]]


def test_a_leading_name_is_found_in_a_tokenised_log_and_a_word_before_a_full_stop_is_none() -> None:
    messages = [message("hello all", id="a", sender="llutz"), message("llutz , you understand ?", id="b", sender="x"),
                message("llutz . said so", id="c", sender="y")]  # fmt: skip
    found = find_addressees(messages, number_senders(messages))
    assert [[a.how for a in people] for people in found] == [[], [How.LEADING], [How.NAMED]]


def test_a_name_that_several_bear_means_who_spoke_last_but_never_the_speaker() -> None:
    said = "小王-北京: 大家好 | 小王-上海: 大家好 | 老李: 问一下小王 | 小王-北京: 在的 | 老李: 问一下小王 | 小王-北京: 小王也在"
    messages = chat(said)
    found = find_addressees(messages, number_senders(messages))
    assert [[a.sender for a in people] for people in found] == [[], [], [1], [], [0], [1]]


def test_a_log_whose_times_are_made_up_is_read_without_its_clock() -> None:
    """The same talks, once with a message every 15 seconds and once every 9 minutes: one clock says as little as the other."""
    lines = [f"{who}: {text}" for k in range(8) for who, text in (("甲", f"第{k}题选什么"), ("乙", f"第{k}题选B，看例题{k}"))]
    found = []
    for step in (timedelta(seconds=15), timedelta(minutes=9)):
        messages = [replace(m, sent_at=START + timedelta(days=n // 8) + step * n) for n, m in enumerate(chat(" | ".join(lines * 2)))]
        found.append([link.parent_id for link in untangled(messages)[0]])
    assert found[0] == found[1]
    assert len(set(found[0])) > 10
    assert found[0][8] is None  # a pause of a day is real


def test_steps_of_one_length_say_nothing_and_a_real_clock_does() -> None:
    even = many(60, senders=3, step=timedelta(seconds=15))
    real = [replace(m, sent_at=m.sent_at + timedelta(seconds=k * k % 11)) for k, m in enumerate(even)]
    assert says_nothing(even)
    assert says_nothing([replace(m, sent_at=START) for m in even])
    assert not says_nothing(real)
    assert not says_nothing(even[:10])


@pytest.mark.parametrize("senders", [1, 2])
def test_one_or_two_senders_make_sensible_threads(senders: int) -> None:
    messages = many(60, senders=senders, step=timedelta(seconds=20))
    links, threads = untangled(messages)
    check_partition(messages, links, threads)
    assert len(threads) < 30


def test_no_names_equal_times_a_clock_that_jumps_back_and_a_gap_of_years_are_survived() -> None:
    messages = [
        message(f"第{i}句话说点什么", id=f"m{i}", sender="" if i % 3 else "乙", at=START + timedelta(days=days))
        for i, days in enumerate([0, 0, 0, 0, -2, -2, 1100, 1100, 0])
    ]  # fmt: skip
    links, threads = untangled(messages)
    check_partition(messages, links, threads)
    assert place(threads)["m6"] != place(threads)["m0"]


@pytest.mark.parametrize("n", [0, 1])
def test_an_empty_log_and_a_single_message(n: int) -> None:
    messages = many(n, senders=1, step=timedelta(seconds=1))
    links, threads = untangled(messages)
    assert (len(links), len(threads)) == (n, n)


def test_only_system_messages_make_no_thread() -> None:
    messages = [replace(m, kind=Kind.SYSTEM) for m in chat("甲: 入群 | 乙: 入群")]
    links, threads = untangled(messages)
    assert [link.parent_id for link in links] == [None, None]
    assert threads == []


def test_the_same_log_gives_the_same_threads() -> None:
    messages = chat(BUSY)
    assert untangled(messages) == untangled(messages)


def test_threads_do_not_break_where_blocks_and_slabs_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = many(400, senders=5, step=timedelta(seconds=40), text="关于报名的第{i}个问题怎么办")
    whole = untangled(messages)
    monkeypatch.setattr("pipeline.thread.linking.BLOCK", 64)
    assert untangled(messages) == whole
    monkeypatch.setattr("pipeline.thread.linking.SLAB", 150)
    links, threads = untangled(messages)
    check_partition(messages, links, threads)
    assert len(threads) <= len(whole[1]) + 8


def test_ten_thousand_identical_lines_take_time_in_proportion() -> None:
    """The whole log is never compared with itself: each message sees a fixed number of candidates."""
    messages = many(10_000, senders=7, step=timedelta(seconds=3), text="签到")
    links, threads = untangled(messages)
    check_partition(messages, links, threads)


@pytest.mark.slow
def test_a_thread_of_fifty_thousand_messages_stays_one() -> None:
    messages = [replace(m, reply_to=f"m{k - 1}") for k, m in enumerate(many(50_000, senders=9, step=timedelta(seconds=41)))]
    _, threads = untangled(messages)
    assert [len(t.messages) for t in threads] == [50_000]


@pytest.mark.slow
def test_a_hundred_thousand_identical_lines_are_sensible_threads() -> None:
    messages = [replace(m, text="收到") for m in many(100_000, senders=200, step=timedelta(seconds=7))]
    _, threads = untangled(messages)
    assert len(threads) < 1000


def test_explain_names_the_quote_the_pause_and_the_shared_words() -> None:
    messages = [*chat("甲: 长投的权益法怎么做分录 | 乙: 权益法先看投资当天的份额 +1m | 甲: 谢谢")]
    messages[1] = replace(messages[1], reply_to="m1")
    links, threads = untangled(messages)
    why = explain_link(messages, "m2", links, threads)
    assert (why.parent_id, why.by, why.place, why.seconds_since_parent) == ("m1", "quote", 2, 60.0)
    assert {"权益", "益法"} & set(why.shared_words)
    assert not why.same_sender
    start = explain_link(messages, "m1", links, threads)
    assert (start.parent_id, start.place, start.seconds_since_parent) == (None, 1, None)


def test_the_threads_command_shows_each_conversation_in_one_place(tmp_path: Path) -> None:
    lines = [
        {"id": m.id, "time": m.sent_at.isoformat(), "sender_id": m.sender, "sender": m.sender, "text": m.text,
        "type": "text"} for m in chat(BUSY)
    ]  # fmt: skip
    log = tmp_path / "群.jsonl"
    log.write_text("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines), encoding="utf-8")
    shown = CliRunner().invoke(cli, ["threads", str(log)])
    assert shown.exit_code == 0, shown.output
    assert "10" in shown.output.splitlines()[0]
    assert "麻辣烫" in shown.output
    found = CliRunner().invoke(cli, ["threads", str(log), "--json", "--min", "1"])
    documents = [json.loads(line) for line in found.output.splitlines() if line.startswith("{")]
    assert sorted(m["id"] for d in documents for m in d["messages"]) == sorted(x["id"] for x in lines)
