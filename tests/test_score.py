"""What a message is worth, why, and what is noise."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from pipeline.embedding import FAST, MessageVectors, load_embedder
from pipeline.learned import read_trees
from pipeline.model import Kind, Message, Noise, Scored
from pipeline.score import ScoreOptions, explain_value, score_messages
from pipeline.score.adverts import whole_adverts
from pipeline.score.again import AGAIN, SEEN, again_table
from pipeline.score.around import AROUND, around_table
from pipeline.score.context import context_table
from pipeline.score.cues import COLUMN, cue_table
from pipeline.score.hard import hard_reasons
from pipeline.score.meaning import TARGETS, meaning_table, shifted
from pipeline.score.private import tells_illness
from pipeline.score.quarrel import CORE, whole_quarrels
from pipeline.score.table import COLUMNS, SIGNAL, SIGNALS, WIDE, score_table

FAST_ONLY = ScoreOptions(quality_texts=0)
START = datetime(2026, 3, 10, 12, tzinfo=UTC)


def chat(*lines: str, kind: Kind = Kind.TEXT, gap: float = 30.0) -> list[Message]:
    """ "ann: text" a line, half a minute apart."""
    messages = []
    for i, line in enumerate(lines):
        who, _, text = line.partition(": ")
        messages.append(Message(id=f"m{i}", sender_id=who, sender=who, sent_at=START + timedelta(seconds=gap * i), text=text, kind=kind))
    return messages


def score(messages: list[Message], options: ScoreOptions = FAST_ONLY) -> list[Scored]:
    fast = load_embedder(FAST)
    return score_messages(messages, [], [], MessageVectors(messages, fast, fast), options)


HELP = chat(
    "ann: 早",
    "bob: 早啊",
    "cat: 请问容器里一直报 Permission denied 是怎么回事?",
    "dan: 哈哈哈哈哈",
    "eve: 先用 id 看一下 uid 和 gid,比如 1000 和 1001,在 compose 里填 PUID=1000 PGID=1001,再 chown -R 1000:1001 下载目录就好",
    "cat: 好了 谢谢",
    "dan: 哈哈哈哈哈",
    "bob: 晚安",
)


def test_the_answer_is_worth_more_than_greeting_laughter_and_thanks() -> None:
    values = [s.value for s in score(HELP)]
    assert max(range(len(values)), key=values.__getitem__) == 4
    assert min(values[2], values[4]) > max(values[i] for i in (0, 1, 3, 6, 7))


def test_greeting_and_laughter_are_noise_with_a_reason_and_the_answer_is_not() -> None:
    scored = score(HELP)
    assert scored[0].noise is Noise.GREETING
    assert scored[3].noise is Noise.BANTER
    assert scored[4].noise is None


def test_a_question_is_seen_and_never_noise() -> None:
    scored = score(HELP)
    assert scored[2].is_question
    assert scored[2].noise is None
    assert not scored[4].is_question


def test_the_named_parts_add_up_to_the_value() -> None:
    for one in score(HELP):
        assert one.value == pytest.approx(1 / (1 + math.exp(-sum(one.why.values()))), abs=1e-3)
        assert set(one.why) <= {*SIGNALS, "base", "highlight", "standing", "noise"}


def test_an_advertisement_and_its_picture_are_ads_and_a_job_notice_is_none() -> None:
    sale = chat(
        "ann: 请问周六的分享几点开始?",
        "bob: 下午两点,图书馆三楼",
        "shop: 🔥限时秒杀 原价1299 今天只要699!名额仅剩6个 加V shop_2026 私信领取优惠券",
        "ann: 我们公司招一名后端,双休五险一金,有兴趣的把简历发我",
    )
    picture = Message(id="p", sender_id="shop", sender="shop", sent_at=START + timedelta(seconds=65), text="[图片]", kind=Kind.IMAGE)
    scored = score([*sale[:3], picture, sale[3]])
    assert [s.noise is Noise.AD for s in scored] == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (Kind.PAT, "ann 拍了拍 bob", Noise.PAT),
        (Kind.RECALL, "ann 撤回了一条消息", Noise.SYSTEM),
        (Kind.SYSTEM, "ann joined", Noise.SYSTEM),
        (Kind.REDPACKET, "[红包] 恭喜发财", Noise.REDPACKET),
        (Kind.STICKER, "[动画表情]", Noise.STICKER),
        (Kind.TEXT, "#接龙 周六\n1. ann\n2. bob", Noise.CHAIN),
        (Kind.TEXT, "签到", Noise.CHECKIN),
    ],
)
def test_kind_and_form_give_the_reason_at_once(kind: Kind, text: str, reason: Noise) -> None:
    assert hard_reasons([Message(id="a", sender_id="u", sender="u", sent_at=START, text=text, kind=kind)]) == [reason]


def test_a_list_that_grows_is_a_chain_without_its_mark() -> None:
    grown = chat("a: 1. ann\n2. bob", "b: 1. ann\n2. bob\n3. cat", "c: 步骤:\n1. 关机\n2. 换线")
    assert hard_reasons(grown) == [None, Noise.CHAIN, None]


def test_the_bots_own_digest_is_a_repost() -> None:
    posted = chat("bot: 昨日摘要:周六下午两点开会", "ann: 收到")
    assert hard_reasons(posted, ("昨日摘要:周六下午两点开会",))[0] is Noise.REPOST


@pytest.mark.parametrize(
    "text", ["【紧急扩散】今晚停水三天，转给家人", "⚠️ *Forwarded many times* free coffee at every station", "这个一定要看，救一个是一个"]
)
def test_a_chain_letter_is_a_repost(text: str) -> None:
    assert hard_reasons(chat(f"a: {text}")) == [Noise.REPOST]


def test_the_illness_of_somebody_whom_the_group_can_tell_is_never_printed_and_advice_is() -> None:
    told = chat(
        "糖糖妈-城西: 糖糖昨晚39度5 一直不退",  # the child by name
        "医生小王: 39度以上先补水，退烧药间隔六小时，两种药不要混着吃",  # advice for all
        "糖糖妈-城西: 医生说是急性肺炎",  # the same mother goes on
        "老李: 我爸上周确诊了 要做手术",  # a relative, by a diagnosis
        "老李: 他家的烧烤不错",
        "Ann: he had a fall and is in hospital",
        "Bob: he fixed the pump",
    )
    assert tells_illness(told).tolist() == [True, False, True, True, False, True, False]


def quarrel(lines: list[Message], chance: list[float], calms: tuple[int, ...] = (), hostile: tuple[int, ...] | None = None) -> list[int]:
    """Rows that are part of a quarrel; where the words of one stand is given, or else everywhere."""
    rows = np.arange(len(lines))
    words = np.ones(len(lines), dtype=bool) if hostile is None else np.isin(rows, hostile)
    noise = np.full(len(lines), 0.8, dtype=np.float32)
    found = whole_quarrels(lines, np.array(chance, dtype=np.float32), noise, np.isin(rows, calms), words)
    return [int(i) for i in (found >= CORE).nonzero()[0]]


def test_a_lone_angry_message_is_no_quarrel_and_what_lies_between_two_is_one() -> None:
    lines = chat("a: x", "b: y", "a: z", "b: w", "d: v", "e: u", "f: t", "g: s", "h: r", "i: q")
    assert quarrel(lines, [0, 0.9, 0.3, 0.9, 0, 0, 0, 0, 0, 0]) == [1, 2, 3]
    assert quarrel(lines, [0, 0, 0, 0, 0.9, 0, 0, 0, 0, 0]) == []


def test_a_quarrel_of_which_no_message_is_sure_is_found_with_the_words_that_opened_it() -> None:
    lines = chat(
        "f: 好的", "a: 十五分钟讲什么 讲广告吗", "b: 人家出钱 讲讲怎么了", "a: 群是大家的", "b: 那你出五千?", "a: 我办七年没收过钱",
        "b: 所以七年还没地方", "c: 停 两位都停一下", "d: 请问周六几点集合",
    )  # fmt: skip
    assert quarrel(lines, [0, 0.01, 0.07, 0.16, 0.5, 0.4, 0.4, 0, 0], calms=(7,), hostile=()) == [1, 2, 3, 4, 5, 6, 7]


def test_two_who_talked_all_day_before_they_quarrelled_are_not_said_to_have_quarrelled_all_day() -> None:
    lines = chat(*(f"{'ab'[i % 2]}: {i}" for i in range(60)))
    assert min(quarrel(lines, [0.02] * 50 + [0.9] * 6 + [0.02] * 4)) >= 46


def test_a_clerk_and_a_customer_who_speak_to_and_fro_do_not_quarrel() -> None:
    lines = chat(*(f"{'ab'[i % 2]}: 这家酒店有健身房吗" for i in range(12)))
    assert quarrel(lines, [0.6] * 12, hostile=()) == []
    assert quarrel(lines, [0.6] * 12, hostile=(3, 8)) == list(range(12))


def test_what_a_stranger_asks_in_the_middle_of_a_quarrel_is_no_part_of_it() -> None:
    lines = chat("a: 智商税", "b: 你不也报了", "c: 业务招待费一百万能扣多少", "a: 你教育我?", "b: 你再说一遍")
    noise = np.array([0.9, 0.9, 0.03, 0.9, 0.9], dtype=np.float32)
    found = whole_quarrels(lines, np.full(5, 0.95, dtype=np.float32), noise, np.zeros(5, dtype=bool), np.ones(5, dtype=bool))
    assert (found >= CORE).tolist() == [True, True, False, True, True]


def adverts(lines: list[Message], chance: list[float], reachable: tuple[int, ...] = (), job: tuple[int, ...] = ()) -> list[int]:
    """Rows that are ads at .1."""
    rows = np.arange(len(lines))
    found = whole_adverts(lines, np.array(chance, dtype=np.float32), 0.1, np.isin(rows, reachable), np.isin(rows, job))
    return [int(i) for i in (found >= 0.1).nonzero()[0]]


def test_bargains_that_a_member_passes_on_are_no_ads_and_who_says_how_to_be_reached_advertises() -> None:
    said = ["【好价】硬盘领券到手1129", "今晚八点还有一轮", "别买那个 叠瓦盘", "我用了三年没坏", "价格汇总 4T 899"]
    lines, chance = chat(*(f"member: {text}" for text in said)), [0.7, 0.2, 0.02, 0.02, 0.3]
    assert adverts(lines, chance) == []
    assert adverts(lines, chance, reachable=(0,)) == [0, 1, 4]


def test_a_job_notice_is_no_ad_and_a_bait_that_calls_itself_one_is() -> None:
    lines = chat("hr: 内推 Python后端 薪资25-38K", "bait: 急招 零基础带薪培训 加V")
    assert adverts(lines, [0.15, 0.95], reachable=(1,), job=(0, 1)) == [1]


def test_of_a_notice_the_one_who_was_thrown_out_is_the_advertiser_not_the_one_who_did_it() -> None:
    lines = chat("owner: 故事会改到湖东店", "seller: 春款上新", "x: 好")
    notice = replace(lines[2], sender="", sender_id="", kind=Kind.SYSTEM, text='"owner"将"seller"移出了群聊')
    assert adverts([*lines[:2], notice], [0.08, 0.08, 0]) == [1]


def test_standing_raises_and_never_lowers_a_value() -> None:
    plain, known = score(HELP), score(HELP, ScoreOptions(quality_texts=0, standing={"eve": 1.0}))
    assert known[4].value > plain[4].value
    assert [a.value for a in plain[:4]] == [b.value for b in known[:4]]


def test_scores_do_not_depend_on_ids_or_on_names_of_senders() -> None:
    names = {"ann": "k1", "bob": "k2", "cat": "k3", "dan": "k4", "eve": "k5"}
    renamed = [
        Message(id=f"x{i}", sender_id=names[m.sender_id], sender=names[m.sender_id], sent_at=m.sent_at, text=m.text)
        for i, m in enumerate(HELP)
    ]
    assert [round(s.value, 5) for s in score(renamed)] == [round(s.value, 5) for s in score(HELP)]


def test_the_same_chat_gives_the_same_scores() -> None:
    assert score(HELP) == score(HELP)


@pytest.mark.parametrize("lines", [[], ["ann: 好"], ["ann: "], ["ann: 。", "ann: 。"], [": 没有发送者", ": 也没有"]])
def test_odd_chats_are_scored_without_fuss(lines: list[str]) -> None:
    scored = score(chat(*lines))
    assert len(scored) == len(lines)
    assert all(0 <= s.value <= 1 and 0 <= s.unfit <= 1 and 0 <= s.question <= 1 for s in scored)


def test_thousands_of_equal_lines_take_linear_time_and_are_repetition() -> None:
    scored = score(chat(*["bot: 在吗在吗"] * 3000, gap=1.0))
    assert len(scored) == 3000
    assert max(s.value for s in scored) < 0.5


def test_what_stands_around_a_message_is_told_and_no_stranger_to_it() -> None:
    calm = chat(*[f"{who}: 哈哈哈今天好热" for who in "abcabcabcabc"])
    table = {}
    for name, lines in (
        ("calm", calm),
        ("grave", calm[:6] + chat("x: 报错了进不去", "y: 先别重启", "x: 好", "y: 看日志第三行") + calm[6:]),
    ):
        cues = cue_table(lines)
        vectors = load_embedder(FAST).passages([m.text for m in lines])
        table[name] = around_table(lines, cues, meaning_table(cues, vectors, FAST), vectors)
        assert table[name].shape == (len(lines), len(AROUND))
    bug = AROUND.index("wide15.bug")
    assert not table["calm"][:, bug].any()
    assert table["grave"][8, bug] > 0


def test_the_second_look_sees_the_neighbours_and_the_senders_own() -> None:
    lines = chat("a: 一", "b: 二", "a: 三")
    rows = again_table(lines, np.zeros((3, len(SEEN)), dtype=np.float32), np.array([0.9, 0.5, 0.1], dtype=np.float32))
    assert rows[1, AGAIN.index("step1")] == pytest.approx(np.log(9), abs=1e-4)
    assert rows[1, AGAIN.index("own_messages")] == 0
    assert rows[2, AGAIN.index("own_before")] == pytest.approx(np.log(9), abs=1e-4)
    assert rows[0, AGAIN.index("own_mean")] == pytest.approx(0.1, abs=1e-4)


@pytest.mark.slow
def test_a_hundred_thousand_equal_lines_are_scored_in_linear_time() -> None:
    assert len(score(chat(*["bot: 在吗在吗"] * 100_000, gap=1.0))) == 100_000


def test_a_value_is_explained_strongest_signal_first() -> None:
    best = score(HELP)[4]
    lines = explain_value(best)
    assert f"{best.value:.2f}" in lines[0]
    shown = [abs(float(line.rsplit("(", 1)[1].rstrip(")"))) for line in lines if line.endswith(")") and line.rsplit("(", 1)[1][0] in "+-"]
    assert shown
    assert all(a >= b for a, b in pairwise(shown))


def test_a_transcript_is_valued_by_what_people_highlight_in_talks() -> None:
    speech = chat(*[f"S{i % 2}: 我们今天主要讲第{i}个问题,就是成本怎么降下来,大家都很关心。" for i in range(60)], gap=15.0)
    assert all("highlight" in s.why for s in score(speech)[20:40])
    assert not any("highlight" in s.why for s in score(HELP))


def test_each_column_has_a_signal_and_the_weights_know_the_columns() -> None:
    assert list(SIGNAL) == list(WIDE)
    assert read_trees("score_value_fast.onnx").features == list(WIDE)
    messages = HELP
    cues = cue_table(messages)
    vectors = load_embedder(FAST).passages([m.text for m in messages])
    meaning = meaning_table(cues, vectors, FAST)
    assert meaning.shape == (len(messages), len(TARGETS))
    assert score_table(messages, cues, context_table(messages, cues, {}), meaning).shape == (len(messages), len(COLUMNS))


def test_cues_see_through_width_and_case() -> None:
    table = cue_table(chat("a: 有人知道吗？", "a: THANKS"))
    assert table[0, COLUMN["question_mark"]] == 1
    assert table[1, COLUMN["thanks"]] == 1


def test_shifting_moves_rows_and_fills_with_zeros() -> None:
    table = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert shifted(table, 1).tolist() == [[0, 0], [0, 1], [2, 3]]
    assert shifted(table, -2).tolist() == [[4, 5], [0, 0], [0, 0]]
    assert not shifted(table, 5).any()
