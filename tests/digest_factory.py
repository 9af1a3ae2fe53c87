"""Digests made by hand: a rich one, an empty one, a hostile one, a very large one."""
# ruff: noqa: E501  (invented chat lines; a Chinese character counts as two columns)

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from pipeline.model import (
    AskedBefore,
    Chat,
    Coverage,
    Digest,
    Entry,
    Kind,
    Message,
    QAEntry,
    QAStatus,
    StartHere,
    TalkEntry,
    TopicEntry,
)  # fmt: skip

CST = timezone(timedelta(hours=8))
NOW = datetime(2026, 5, 21, 9, 0, tzinfo=UTC)


class Log:
    """Messages made as a digest needs them; every entry cites what it quotes."""

    def __init__(self) -> None:
        self.sources: dict[str, Message] = {}

    def say(self, sender: str, text: str, time: str, **more: Any) -> str:
        key = f"m{len(self.sources) + 1:03d}"
        at = datetime.fromisoformat(f"2026-05-{time}:00+08:00")
        self.sources[key] = Message(id=key, sender_id=f"u-{sender}", sender=sender, sent_at=at, text=text, **more)
        return key

    def line(self, sender: str, text: str, time: str, **more: Any) -> Entry:
        key = self.say(sender, text, time)
        return Entry(text=text, message_ids=(key,), sender=sender, time=self.sources[key].sent_at, **more)

    def pair(self, question: Entry, *answers: Entry, status: QAStatus = "answered", before: AskedBefore | None = None) -> QAEntry:
        return QAEntry(question=question, answers=answers, status=status, confidence=0.91, asked_before=before)


def rich_digest() -> Digest:
    """Every section, two days, Chinese."""
    log = Log()
    link = log.line(
        "班班小葵", "大纲对照表放这里了，左边去年右边今年，变动的都标黄 https://example.org/doc/outline-2026?from=group", "18T09:12",
        url="https://example.org/doc/outline-2026?from=group", title="2026 中级大纲变动对照表",
    )  # fmt: skip
    tool = log.line(
        "老秦-事务所", "这个分录练习站不要钱，错题会自己攒起来", "18T21:40", url="https://fenlu.example.com/", title="分录每日一练"
    )
    q1 = log.line("小鱼", "权益法下 乙公司宣告发放现金股利 甲公司咋做分录", "18T19:32", find="甲公司咋做分录")
    a1 = log.line("老秦-事务所", "权益法：借 应收股利 贷 长期股权投资—损益调整", "18T19:37")
    a1b = log.line("Lina-深圳-一年三科", "因为人家赚钱的时候你已经按份额确认过投资收益了，分红只是把账面变成现金", "18T19:38")
    q2 = log.line("木子李", "多选题少选到底给不给分", "18T12:40")
    a2 = log.line("Lina-深圳-一年三科", "多选少选给相应分，错选多选0分。所以拿不准的选项宁可不选", "18T12:43")
    q3 = log.line("风吹麦浪", "实务可以自己带计算器进去吗", "19T12:17")
    a3 = log.line("大白菜", "去年我们考点不让带", "19T12:19")
    a4 = log.line("Momo🍑", "我们这边可以的啊，没有存储功能就行", "19T12:21")
    open_question = log.line("瑶瑶子-杭州", "有人知道杭州考点今年还在下沙吗，想提前订酒店", "19T22:05", find="考点今年还在下沙吗")
    notice = log.line(
        "班班小葵", "【直播通知】周四晚八点 长投专场\n主讲：陈老师\n地点：小程序「中级直播间」\n没空的同学有回放", "19T10:02",
        when="2026-05-21T20:00+08:00", place="小程序「中级直播间」",
    )  # fmt: skip
    decision = log.line("班班小葵", "那就定了，打卡从每天早上改到晚上十点前，大家按自己的节奏来", "19T13:30")
    todo = log.line(
        "老赵45岁再战",
        "摸底测交卷0分的，把手机型号和截图发我，我统一整理给技术",
        "19T12:31",
        due="2026-05-22",
        who=("老赵45岁再战", "大白菜"),
    )
    asked = log.line("大白菜", "摸底测交卷0分那个有人管吗", "19T12:15")
    todo = replace(todo, context=asked)
    feedback = log.line("老赵45岁再战", "我是华为手机 题库小程序里做的 交卷转圈十几秒然后0分", "19T12:15")
    chance = log.line("不想加班的会计狗", "我们所招两个实习，审计方向，杭州，一天两百管午饭，私我", "19T18:20")
    start = log.line("二胎妈妈在备考", "大家长投都怎么复习的 我看了三遍还是乱", "18T20:10")
    high = log.line(
        "Lina-深圳-一年三科",
        "长投别背分录，先画一条时间轴：取得、持有、处置，每一步问自己账面变了没有，我就是这么从四十分救回来的",
        "18T20:14",
    )
    high2 = log.line("老秦-事务所", "成本法看分红，权益法看净利润，就这一句话", "18T20:20")
    high3 = log.line("糖糖要上岸", "三科一起的话先啃实务，经济法考前一个月冲刺也来得及", "19T08:30")
    talk1 = log.line("陈老师|中级实务", "今天只讲一件事：合并报表的抵销为什么要做两遍", "19T20:01")
    talk2 = log.line("陈老师|中级实务", "第一遍抵的是权益，第二遍抵的是内部交易，两遍的对象不一样", "19T20:06")
    tq = log.line("小鱼", "老师 内部存货第二年怎么抵", "19T20:31")
    ta = log.line("陈老师|中级实务", "先把上年的未实现利润从期初未分配利润里调掉，再看今年卖出去多少", "19T20:33")
    old_q = log.line("大白菜", "准考证什么时候能打", "18T12:13")
    old_a = log.line("班班小葵", "省里出了：准考证 8 月 25 号开始打印", "19T16:40")
    promised = log.line("木子李", "讲义的页码我核对一遍，周三前发群里", "16T21:10", due="2026-05-20")
    told = log.line("老秦-事务所", "经济法别按章背，按案例背，一个案例能带出三个考点", "02T22:18")
    said = log.line("老赵45岁再战", "考试这东西，拼的不是聪明，是今天学了没有", "19T23:01")
    tldr = (high, decision, old_a)
    topics = (
        TopicEntry(
            title="长投怎么复习", keywords=("长投", "权益法", "时间轴"), highlights=(high, high2), participants=9, messages=64, threads=("t3", "t7"),
            start_here=StartHere(message_id=start.message_ids[0], time=start.time or NOW, sender=start.sender, find="看了三遍还是乱"),
        ),
        TopicEntry(
            title="三科顺序", keywords=("经济法", "实务"), highlights=(high3,), participants=5, messages=21, threads=("t9",),
            start_here=StartHere(message_id=high3.message_ids[0], time=high3.time or NOW, sender=high3.sender, find="先啃实务"),
        ),
        TopicEntry(
            title="", keywords=(), highlights=(feedback,), participants=3, messages=7, threads=("t12",),
            start_here=StartHere(message_id=feedback.message_ids[0], time=feedback.time or NOW, sender=feedback.sender, find="交卷转圈"),
        ),
    )  # fmt: skip
    hours = [2, 0, 0, 0, 0, 1, 6, 14, 18, 15, 9, 8, 41, 22, 9, 7, 10, 12, 16, 52, 78, 61, 48, 21]
    return Digest(
        chat=Chat(name="中级会计备考 3 群", id="g42", platform="wechat"),
        start=datetime(2026, 5, 18, 6, 41, tzinfo=CST), end=datetime(2026, 5, 19, 23, 10, tzinfo=CST),
        coverage=Coverage(
            messages=450, noise={"greeting": 84, "banter": 71, "ack": 50, "checkin": 24, "ad": 13, "sticker": 9}, in_digest=61, left_over=138,
            unreadable=2, unproved=0, media={"image": 37, "voice": 12},
        ),
        short=(high, decision, old_a, a1, a2, notice), tldr=tldr, resources=(link, tool),
        qa=(log.pair(q1, a1, a1b), log.pair(q2, a2), log.pair(q3, a3, a4, status="disputed", before=AskedBefore(message_id="x1", time=NOW))),
        unanswered=(open_question,), announcements=(notice,), decisions=(decision,), actions=(todo,), feedback=(feedback,), opportunities=(chance,),
        topics=topics, talks=(TalkEntry(title="合并报表抵销", speaker="陈老师|中级实务", outline=(talk1, talk2), qa=(log.pair(tq, ta),),
                                        message_ids=talk1.message_ids),),
        quotes=(said,), closed=(log.pair(old_q, old_a),), due=(promised,), again=(
            TopicEntry(
                title="经济法怎么背", keywords=("案例",), highlights=(told,), participants=6, messages=31, threads=("t2",),
                start_here=StartHere(message_id=told.message_ids[0], time=told.time or NOW, sender=told.sender, find="按案例背"),
            ),
        ),
        stats={"by_hour": hours, "members": 38, "sessions": 6, "top_topics": [
            {"title": "长投怎么复习", "messages": 64}, {"title": "摸底测交卷 0 分", "messages": 33}, {"title": "三科顺序", "messages": 21},
            {"title": "准考证与考点", "messages": 17}, {"title": "打卡时间", "messages": 9}]},
        sources=log.sources,
    )  # fmt: skip


def empty_digest() -> Digest:
    """All noise: nothing worth passing on."""
    rich = rich_digest()
    nothing: dict[str, Any] = dict.fromkeys(("short", "tldr", "resources", "qa", "unanswered", "announcements", "decisions", "actions", "feedback", "opportunities", "topics", "talks", "quotes", "closed", "due", "again"), ())  # fmt: skip
    coverage = Coverage(messages=12, noise={"greeting": 12}, in_digest=0, left_over=0, unreadable=0, unproved=0, media={})
    return replace(
        rich, coverage=coverage, stats={"by_hour": [0] * 24, "members": 3, "sessions": 1, "top_topics": []}, sources={}, **nothing
    )


NASTY = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"><svg onload=alert(3)>' onmouseover='alert(4)",
    "{{ 7 * 7 }}{% raw %}{# x #}${7*7}<%= 7 %>",
    "# 标题\n> 引用\n- 列表\n1. 一\n```\ncode\n```\n| a | b |\n|---|---|",
    "[点我](javascript:alert(5)) ![x](https://evil.example/p.png) <https://evil.example> **粗** _斜_ ~~删~~ `码`",
    "\u202e反着读\u202c 零\u200b宽\u2066隔离\u2069\ufeff",
    "控制\x00字\x07符\x1b[31m红\x9b",
    "</style></script></title><!-- --><![CDATA[ ]]>&lt;b&gt;&#60;i&#62;",
    "@everyone <@U123> <!channel> <at id=all></at> <font color=\"warning\">x</font>",
    "一" * 10_000,
    "https://evil.example/\"onclick=alert(6)//?a=<b>&c=)](x) javascript:alert(7)",
    "「假引号」— 别人 20:14\n【伪标题】\n（2/3）",
    "]]>{{{{}}}}\\\\[\\](x)\\`",
    "👨‍👩‍👧‍👦🏳️‍🌈 e\u0301 ﷽ 𝒜𝓁𝓅𝒽𝒶",
)  # fmt: skip


def hostile_digest() -> Digest:
    """Everything an attacker can type, in every field that comes from a chat."""
    log = Log()
    entries = tuple(
        replace(log.line(NASTY[-i - 1][:200], text, "18T20:14"), url=f"javascript:alert({i})" if i % 2 else text[:80], title=text, place=text, who=(text[:50],),
                find=text[:20], when=text[:30], due=text[:30])
        for i, text in enumerate(NASTY)
    )  # fmt: skip
    entries = tuple(replace(e, context=entries[0]) for e in entries)
    pairs = tuple(log.pair(e, *entries[:2], status="disputed") for e in entries)
    topics = tuple(
        TopicEntry(title=text[:300], keywords=(text[:40],), highlights=(entries[i],), participants=2, messages=9, threads=("t1",),
                   start_here=StartHere(message_id="m001", time=NOW, sender=text[:100], find=text[:30]))
        for i, text in enumerate(NASTY)
    )  # fmt: skip
    talk = TalkEntry(title=NASTY[0], speaker=NASTY[1], outline=entries[:3], qa=pairs[:1], message_ids=("m001",))
    sources = {
        k: replace(m, url="javascript:alert(8)", title=NASTY[0], file_name=NASTY[7], kind=Kind.LINK) for k, m in log.sources.items()
    } | {NASTY[1]: replace(log.sources["m001"], id=NASTY[1])}
    return replace(
        rich_digest(), chat=Chat(name=NASTY[0] + NASTY[2] + "\u202egnp.exe", id=NASTY[1]), short=entries[:6], tldr=entries[:3], resources=entries, qa=pairs,
        unanswered=entries, announcements=entries, decisions=entries, actions=entries, feedback=entries, opportunities=entries, quotes=entries,
        closed=pairs[:2], due=entries, again=topics[:1], topics=topics, talks=(talk,), sources=sources,
        coverage=Coverage(messages=9, noise={NASTY[0]: 3, "ad": 1}, in_digest=5, left_over=0, unreadable=0, unproved=0, media={NASTY[1]: 1}),
        stats={"by_hour": [1] * 24, "members": 2, "sessions": 1, "top_topics": [{"title": t, "messages": 3} for t in NASTY]},
    )  # fmt: skip


def large_digest(messages: int = 5000) -> Digest:
    """A very long session: about a quarter of it printed."""
    rich, log = rich_digest(), Log()
    text = "第{}条：权益法下乙公司宣告发放现金股利的时候，甲公司借记应收股利，贷记长期股权投资，损益调整在这里体现"
    lines = tuple(log.line(f"群友{i % 60}", text.format(i), f"18T{8 + i // 60 % 12:02d}:{i % 60:02d}") for i in range(messages // 8))
    topics = tuple(replace(rich.topics[0], title=f"话题{i}", highlights=lines[i * 8 : i * 8 + 8]) for i in range(40))
    pairs = tuple(log.pair(lines[i], lines[i + 1], lines[i + 2]) for i in range(330, 600, 3))
    return replace(rich, resources=lines[600:], qa=pairs, topics=topics, sources=log.sources)
