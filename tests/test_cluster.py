"""Threads into topics, their titles, their identity over weeks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from pipeline.cluster import TopicOptions, group_into_topics, match_topics, topic_centroids
from pipeline.cluster.affinity import FEATURES, pair_features
from pipeline.cluster.grouping import among_neighbours, by_expected_f1, by_k_means, how_many
from pipeline.cluster.table import thread_table
from pipeline.cluster.titles import name_words, telling_words, tells, title_topics
from pipeline.embedding import FAST, MessageVectors, load_embedder, unit_rows
from pipeline.model import Message, Noise, Scored, Thread, Topic

MONDAY = datetime(2026, 3, 9, 20, tzinfo=UTC)
NETWORK = [
    ["家里路由器经常断网怎么办", "先看看光猫的灯，再重启路由器", "重启路由器好了"],
    ["路由器的5G信道怎么选", "信道选149，路由器后台可以改"],
    ["换了新路由器网速还是慢", "宽带套餐多少兆？网线是不是五类线"],
]
KITCHEN = [
    ["红烧肉要炖多久才烂", "小火炖一个小时，红烧肉要先焯水"],
    ["炖牛肉放什么香料", "八角桂皮香叶，牛肉焯水以后再炖"],
    ["糖醋排骨的糖醋比例", "排骨一斤，糖两勺醋三勺"],
]
CHATTER = [["早上好", "早"], ["哈哈哈哈"]]


class Log:
    """Threads of invented texts, two minutes a message, as the stages would give them."""

    def __init__(self, threads: list[list[str]], minutes: float = 2.0, noise: frozenset[int] = frozenset()) -> None:
        self.messages: list[Message] = []
        self.threads: list[Thread] = []
        self.scored: list[Scored] = []
        for n, texts in enumerate(threads):
            mine = []
            for i, text in enumerate(texts):
                at = MONDAY + timedelta(minutes=minutes * len(self.messages))
                mine.append(
                    Message(id=f"m{len(self.messages) + i}", sender_id=f"u{i}", sender=["阿泽-杭州", "小满"][i % 2], sent_at=at, text=text)
                )
            self.messages += mine
            self.threads.append(Thread(id=f"t{n}", messages=tuple(mine)))
            self.scored += [Scored(message_id=m.id, value=0.6, why={}, noise=Noise.BANTER if n in noise else None) for m in mine]
        fast = load_embedder(FAST)
        self.vectors = MessageVectors(self.messages, fast, fast)

    def topics(self, options: TopicOptions | None = None) -> list[Topic]:
        return group_into_topics(self.messages, self.threads, self.scored, self.vectors, options)


def test_every_thread_is_in_one_topic_at_most_and_largest_come_first() -> None:
    log = Log(NETWORK + KITCHEN + CHATTER)
    topics = log.topics()
    inside = [t for k in topics for t in k.thread_ids]
    assert len(inside) == len(set(inside))
    assert set(inside) <= {t.id for t in log.threads}
    size = {t.id: len(t.messages) for t in log.threads}
    totals = [sum(size[t] for t in k.thread_ids) for k in topics]
    assert all(a >= b for a, b in pairwise(totals))
    assert [k.id for k in topics] == [f"k{n}" for n in range(1, len(topics) + 1)]


def test_greetings_and_noise_stay_out() -> None:
    log = Log(NETWORK + CHATTER + KITCHEN, noise=frozenset({0}))
    inside = {t for k in log.topics() for t in k.thread_ids}
    assert not inside & {"t0", "t3", "t4"}
    assert "t1" in inside


def test_texts_that_stand_alone_are_grouped_by_meaning() -> None:
    log = Log([["".join(t)] for t in NETWORK + KITCHEN], minutes=300.0)
    of = {t: k.id for k in log.topics() for t in k.thread_ids}
    agree = sum((of[f"t{a}"] == of[f"t{b}"]) == ((a < 3) == (b < 3)) for a in range(6) for b in range(a))
    assert agree >= 10  # of 15 pairs


def test_titles_are_the_logs_own_words_without_names() -> None:
    log = Log([*NETWORK, *KITCHEN, ["阿泽 阿泽 阿泽 你的路由器", "小满 路由器 光猫 网线"]])
    everything = " ".join(m.text for m in log.messages)
    for topic in log.topics():
        assert topic.title
        assert all(part in everything for part in topic.title.split("、"))
        assert all(word in everything for word in topic.keywords)
        assert not {"阿泽", "小满", "杭州"} & {topic.title, *topic.keywords}


def test_the_same_log_gives_the_same_topics() -> None:
    assert Log(NETWORK + KITCHEN).topics() == Log(NETWORK + KITCHEN).topics()


@pytest.mark.parametrize("threads", [[], [["在吗"]], [["红烧肉要炖多久才烂"]]])
def test_tiny_logs_have_at_most_one_topic(threads: list[list[str]]) -> None:
    assert len(Log(threads).topics()) <= 1


def test_identical_lines_make_no_crowd_of_topics() -> None:
    log = Log([["路由器断网了，重启光猫"]] * 60)
    assert len(log.topics()) <= how_many(60)


def test_pair_features_are_symmetric_and_as_many_as_named() -> None:
    log = Log(NETWORK + KITCHEN)
    x = pair_features(thread_table(log.messages, log.threads, log.scored, log.vectors, TopicOptions()))
    assert x.shape == (6, 6, len(FEATURES))
    assert np.allclose(x, x.transpose(1, 0, 2), atol=1e-6)
    assert np.isfinite(x).all()


def test_expected_f1_merges_what_is_likely_and_leaves_the_rest() -> None:
    same = np.full((5, 5), 0.02)
    same[:3, :3] = 0.9
    same[3:, 3:] = 0.8
    assert by_expected_f1(same, np.ones(5)) == [0, 0, 0, 3, 3]
    assert by_expected_f1(np.full((4, 4), 0.01), np.full(4, 5.0)) == [0, 1, 2, 3]
    assert by_expected_f1(np.ones((1, 1)), np.ones(1)) == [0]


def test_expected_f1_stops_where_no_other_level_of_its_own_tree_is_better() -> None:
    random = np.random.default_rng(3)
    same = random.random((8, 8)) ** 3
    same = (same + same.T) / 2
    size = random.integers(1, 6, 8).astype(float)

    def expected(labels: list[int]) -> float:
        inside = sum(size[i] * size[j] for i in range(8) for j in range(i) if labels[i] == labels[j]) + (size * (size - 1) / 2).sum()
        right = (
            sum(same[i, j] * size[i] * size[j] for i in range(8) for j in range(i) if labels[i] == labels[j])
            + (size * (size - 1) / 2).sum()
        )
        wanted = sum(same[i, j] * size[i] * size[j] for i in range(8) for j in range(i)) + (size * (size - 1) / 2).sum()
        return float(2 * right / (inside + wanted))

    found = expected(by_expected_f1(same, size))
    assert found >= expected(list(range(8)))
    assert found >= expected([0] * 8)


def test_k_means_finds_clear_groups_and_repeats_itself() -> None:
    random = np.random.default_rng(1)
    centres = unit_rows(random.normal(size=(3, 16)))
    rows = unit_rows(np.repeat(centres, 30, axis=0) + 0.05 * random.normal(size=(90, 16)))
    labels = by_k_means(rows, 3)
    assert labels == by_k_means(rows, 3)
    assert [len(set(labels[i : i + 30])) for i in (0, 30, 60)] == [1, 1, 1]
    assert len(set(labels)) == 3


def test_neighbours_draw_a_row_towards_its_group() -> None:
    random = np.random.default_rng(2)
    centres = unit_rows(random.normal(size=(2, 16)))
    rows = unit_rows(np.repeat(centres, 60, axis=0) + 0.3 * random.normal(size=(120, 16)))
    drawn = among_neighbours(rows)
    own = np.repeat(centres, 60, axis=0)
    assert (drawn * own).sum(1).mean() > (rows * own).sum(1).mean()
    assert among_neighbours(rows[:10]) is not None
    assert (among_neighbours(rows[:10]) == rows[:10]).all()


def test_stop_words_names_numbers_and_calls_tell_nothing() -> None:
    assert tells("路由器")
    assert tells("docker")
    assert not any(tells(w) for w in ("我们", "the", "2026", "？", "a", "王老师"))
    names = name_words({"阿泽-杭州", "Kiki"})
    assert telling_words("@小满 阿泽 kiki 的路由器 [图片] [voice message transcript] https://a.cn/x", names) == ["路由器"]


def test_paths_switches_and_identifiers_of_code_name_no_subject() -> None:
    words = telling_words("阵列/dev/md0起不来，mdadm --assemble 之前先看 max_depth=3，AI/ML 也一样", frozenset())
    assert {"阵列", "mdadm", "ai", "ml"} <= set(words)
    assert not {"dev", "md0", "assemble", "max", "depth", "max_depth"} & set(words)


def test_a_nickname_is_no_title_where_the_cutting_takes_it_apart_or_only_its_beginning_is_said() -> None:
    talk = ["谢谢静水流深老师的作业单", "静水老师的作业单好用", "作业单要写清楚", "静水老师明天还讲作业单"]
    ((_title, words),) = title_topics([talk], name_words({"静水流深"}), 5)
    assert any("作业" in w for w in words)
    assert not {"静水", "流深", "静水流深"} & set(words)


def test_what_comes_back_in_a_group_and_not_elsewhere_makes_the_title() -> None:
    groups = [["递延所得税怎么算", "递延所得税负债的例题", "这道题选什么"], ["周六团建去哪", "团建预算多少", "这道菜不错"]]
    titles = title_topics(groups, frozenset(), 5)
    assert "所得税" in titles[0][0]
    assert "团建" in titles[1][0]


def test_a_topic_keeps_its_identity_next_week() -> None:
    this, then = Log(NETWORK + KITCHEN), Log([["路由器又断网了", "重启光猫和路由器"], ["炖羊肉要不要焯水", "羊肉焯水去膻再炖"]])
    old, new = (
        topic_centroids(
            [Topic(id=f"k{n}", title="x", keywords=(), thread_ids=tuple(t)) for n, t in enumerate(groups)],
            log.threads,
            log.messages,
            log.scored,
            log.vectors,
        )
        for log, groups in ((this, [["t0", "t1", "t2"], ["t3", "t4", "t5"]]), (then, [["t1"], ["t0"]]))
    )
    assert match_topics(new, old, TopicOptions(same_topic=0.3)) == {"k0": "k1", "k1": "k0"}
    assert match_topics(new, {}) == {}
    assert match_topics(new, old, TopicOptions(same_topic=1.1)) == {}


def test_two_new_topics_never_take_the_same_earlier_one() -> None:
    one = np.array([1, 0], dtype=np.float32)
    near = unit_rows(np.array([[1, 0.1]], dtype=np.float32))[0]
    assert match_topics({"k1": near, "k2": one}, {"old": one}) == {"k2": "old"}


def test_where_every_message_stands_alone_a_guess_that_it_is_banter_keeps_none_out() -> None:
    apart = Log(NETWORK + KITCHEN)
    messages = [replace(m, sent_at=m.sent_at + timedelta(hours=5 * i)) for i, m in enumerate(apart.messages)]
    threads = [Thread(id=f"t{i}", messages=(m,)) for i, m in enumerate(messages)]
    banter = [replace(s, noise=Noise.BANTER) for s in apart.scored]
    assert thread_table(messages, threads, banter, apart.vectors, TopicOptions()).threads
    assert not thread_table(messages, threads, [replace(s, noise=Noise.AD) for s in banter], apart.vectors, TopicOptions()).threads
    assert not thread_table(apart.messages, apart.threads, banter, apart.vectors, TopicOptions()).threads
