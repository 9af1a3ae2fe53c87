"""Quoting, proof, choice under a budget, and the digest that they make."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import chat, message
from hypothesis import given
from hypothesis import strategies as st

from pipeline.digest import DigestOptions, build_digest, digest_from_json, digest_json
from pipeline.digest.candidates import Desk
from pipeline.digest.cite import is_proved, printable_text
from pipeline.digest.quote import WORD_OVER, Part, Quoter, cut, find_phrase, rarity
from pipeline.digest.select import Unit, select
from pipeline.mask import mask
from pipeline.model import (
    Analysis,
    Answer,
    Chat,
    Entry,
    Item,
    Noise,
    QAPair,
    ReplyLink,
    Scored,
    Segment,
    Session,
    Talk,
    Thread,
    Topic,
)
from pipeline.moments import main_time


def analysis(line: str, *, noise: dict[str, Noise] | None = None, value: dict[str, float] | None = None, **more: object) -> Analysis:
    """An analysis by hand: one session, one segment, one thread, one topic; value 0.6 unless given."""
    messages = chat(line)
    scored = tuple(
        Scored(
            message_id=m.id,
            value=(value or {}).get(m.id, 0.6),
            why={},
            noise=(noise or {}).get(m.id),
            question=float("?" in m.text or "？" in m.text),
        )
        for m in messages
    )
    made = Analysis(
        chat=Chat(name="测试群"), messages=messages, sessions=(Session(id="s1", messages=messages),),
        segments=(Segment(id="s1.1", messages=messages),), links=tuple(ReplyLink(message_id=m.id, parent_id=None) for m in messages),
        threads=(Thread(id="t1", messages=messages),), scored=scored,
        topics=(Topic(id="k1", title="话题", keywords=(), thread_ids=("t1",)),),
        qa=(), items=(), talks=(),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


ROOMY = DigestOptions(long_share=2.0)
TALK = "甲: 续费率怎么算？ | 乙: 用到期用户里续费的人数除以到期人数 | 丙: 我们三月是百分之四十二 | 甲: 谢谢"


def masked(a: Analysis) -> dict[str, str]:
    return {m.id: mask(printable_text(m)) for m in a.messages}


# ---- proof ----


def test_a_piece_that_is_not_in_the_cited_message_is_not_proved() -> None:
    sources = {"m1": "六月十二日开始报名", "m2": "别拖到最后一天"}
    assert is_proved(Entry(text="六月十二日…报名", message_ids=("m1",)), sources)
    assert not is_proved(Entry(text="六月十三日", message_ids=("m1",)), sources)
    assert not is_proved(Entry(text="别拖到最后一天", message_ids=("m1",)), sources)


def test_pieces_must_stand_in_the_order_of_the_message() -> None:
    sources = {"m1": "先备份再升级"}
    assert is_proved(Entry(text="先备份…升级", message_ids=("m1",)), sources)
    assert not is_proved(Entry(text="升级…先备份", message_ids=("m1",)), sources)


def test_an_entry_that_cites_nothing_or_an_unknown_message_is_not_proved() -> None:
    assert not is_proved(Entry(text="", message_ids=()), {})
    assert not is_proved(Entry(text="a", message_ids=("m9",)), {"m1": "a"})


def test_a_context_must_be_proved_too() -> None:
    sources = {"m1": "好的", "m2": "周五截止"}
    invented = Entry(text="周六截止", message_ids=("m2",))
    assert not is_proved(Entry(text="好的", message_ids=("m1",), context=invented), sources)


# ---- quoting ----

TEXTS = st.text(alphabet=st.sampled_from("第一步安装。第二步重启！还是不行？看日志；\n 123abc，、"), min_size=1, max_size=300)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(min_value=20, max_value=120))
def test_every_quote_is_proved_by_its_messages(texts: list[str], limit: int) -> None:
    messages = [message(t, id=f"m{i}") for i, t in enumerate(texts)]
    quoter = Quoter(mask=mask, rarity=rarity(messages))
    entry = Entry(text=quoter.quote(messages, limit), message_ids=tuple(m.id for m in messages))
    assert is_proved(entry, {m.id: mask(printable_text(m)) for m in messages})


@given(TEXTS, st.integers(min_value=15, max_value=80), st.sampled_from(["", "question", "answer"]))
def test_a_quote_of_one_message_keeps_to_its_limit_and_is_proved(text: str, limit: int, part: Part) -> None:
    quoter = Quoter(mask=mask, rarity=rarity([message(text)]))
    entry = Entry(text=quoter.quote([message(text)], limit, part), message_ids=("m1",))
    assert len(entry.text) <= limit * WORD_OVER + 2
    assert is_proved(entry, {"m1": printable_text(message(text))})


def test_an_emoji_of_several_characters_stays_whole_and_is_proved() -> None:
    family = message("周末带上👨\u200d👩\u200d👧来爬山\u3000九点集合")
    quoter = Quoter(mask=mask, rarity=rarity([family]))
    entry = Entry(text=quoter.quote([family], 80), message_ids=("m1",))
    assert "👨\u200d👩\u200d👧" in entry.text
    assert is_proved(entry, {"m1": mask(printable_text(family))})


def test_a_long_message_is_cut_to_key_sentences_in_order() -> None:
    text = "大家好。今天说一下报名。时间是6月12日到7月2日。今天天气不错。缴费到当天18点截止。"
    short = Quoter(mask=mask, rarity=rarity([message(text), message("大家好。今天天气不错。今天说一下。", id="m2")])).shorten(text, 34)
    assert "6月12日" in short
    assert "缴费到当天18点" in short
    assert short.index("6月12日") < short.index("缴费")


@pytest.mark.parametrize("heading", ["六、结果和成本。", "家用够用的我这么做，直接抄："])
def test_a_sentence_that_only_names_what_follows_does_not_stand_for_it(heading: str) -> None:
    text = f"{heading}\n一个月花了四百多块，来了三百人。\n最后留下九十六个，每天有二十个说话。"
    short = Quoter(mask=mask, rarity=rarity([message(text), message("大家好", id="m2")])).shorten(text, 24)
    assert heading not in short
    assert "一个月" in short or "最后留下" in short


def test_an_address_is_never_cut_in_half() -> None:
    assert cut("模板在这里 https://example.com/a/b?x=1;y=2 大家自取", 20) == "模板在这里…"


def test_of_a_message_that_opens_with_an_address_the_words_are_kept() -> None:
    text = "https://docs.example.com/camp/pitfalls/2026 前三章的易错点整理好了 有错直接改 谢谢大家"
    assert cut(text, 24) == "…前三章的易错点整理好了 有错直接改 谢谢大家"


def test_the_beginning_of_what_matters_beats_a_whole_aside() -> None:
    text = "电脑版左侧按住 Ctrl 多选笔记本再右键导出成 Markdown 压缩包就行。手机没有。"
    assert Quoter(mask=mask, rarity=rarity([message(text)])).shorten(text, 24).startswith("电脑版左侧按住 Ctrl")


def test_cut_prefers_a_pause() -> None:
    assert cut("先备份数据，再升级系统版本", 8) == "先备份数据…"


def test_a_clause_that_ends_just_beyond_the_limit_is_printed_whole() -> None:
    assert cut("线下全真模考改到滨江校区三楼机房，来的人在下面接龙", 15) == "线下全真模考改到滨江校区三楼机房…"


@pytest.mark.parametrize("text", ["定在6月27日星期六上午9:00开始签到别迟到", "登录以后打开管理后台里的configuration页面就行"])
def test_neither_a_figure_nor_a_word_is_cut_in_half(text: str) -> None:
    for limit in range(10, len(text)):
        kept = cut(text, limit).removesuffix("…")
        assert not (kept[-1:].isascii() and text[len(kept) : len(kept) + 1].isascii() and text[len(kept) :]), kept


def test_a_long_question_keeps_the_clause_that_asks() -> None:
    text = "我们公司去年换了新的报销系统，所有单据都要先拍照上传再贴纸质件，领导说这样方便查，那出差补贴的单子要不要也走这个系统"
    short = Quoter(mask=mask, rarity=rarity([message(text)])).shorten(text, 30, "question")
    assert short.endswith("要不要也走这个系统")
    assert short.startswith("…")


def test_of_a_question_with_code_the_words_get_room_first() -> None:
    words = message("左连之后求和的金额直接翻了快三倍，是我哪里写错了吗？单独查只有四十八万")
    code = message("select sum(o.amount) from orders o left join items i on i.order_id = o.id where o.paid = 1;", id="m2")
    text = Quoter(mask=mask, rarity=rarity([words, code])).quote([words, code], 60, "question")
    assert text.startswith(words.text)
    assert "\nselect sum(" in text


def test_of_an_invitation_the_sentence_with_the_title_is_kept() -> None:
    text = (
        "【六月公益微讲座】大家好。题目:《孩子回家不练琴》。周六晚开始,讲一小时。要听的老师明早接龙,有问题可以先私信我,录音之后发到群文件"
    )
    assert "《孩子回家不练琴》" in Quoter(mask=mask, rarity=rarity([message(text)])).shorten(text, 30, "title")


def test_a_transcript_is_quoted_without_its_mark_and_cut_where_a_clause_begins() -> None:
    text = "[语音转文字] 合并大题不要从头读到尾你先把股权图画出来谁持有谁多少然后把内部交易一笔一笔列出来存货一笔固定资产一笔"
    said = Quoter(mask=mask, rarity=rarity([message(text)])).quote([message(text)], 34)
    assert said == "合并大题不要从头读到尾你先把股权图画出来谁持有谁多少…"


def test_the_heading_of_a_notice_stays_with_its_key_sentence() -> None:
    text = (
        "【中级报名准备清单】\n学历证书。身份证。起止日期以财政部会计财务评价中心和各省会计管理机构公告为准。"
        "照片，白底，不大于三百。交费，只收银联。"
    )
    notice = message(text)
    said = Quoter(mask=mask, rarity=rarity([notice, *(message("中级报名准备清单", id=f"n{k}") for k in range(9))])).quote([notice], 38)
    assert said.startswith("【中级报名准备清单】")
    assert "…" in said
    assert is_proved(Entry(text=said, message_ids=(notice.id,)), {notice.id: text})


@pytest.mark.parametrize("opening", ["问：", "Q: ", "@所有人 ", "@all ", "[语音转文字] "])
def test_what_says_only_for_whom_or_how_it_was_said_is_left_out(opening: str) -> None:
    assert Quoter(mask=mask, rarity=rarity([])).quote([message(f"{opening}一份简历投所有岗行不行")], 40) == "一份简历投所有岗行不行"


def test_a_stand_in_for_a_picture_is_never_a_line() -> None:
    digest = build_digest(analysis("甲: [图片] | 乙: 续费率用到期用户里续费的人数除以到期人数", value={"m1": 0.9}), ROOMY)
    assert "[图片]" not in {e.text for t in digest.topics for e in t.highlights}


def test_an_answer_does_not_spend_its_room_on_whom_it_answers() -> None:
    text = "补昨晚大橘问的：在第六十天发了一次匿名投票，让他们选想看什么，八十六个人投了，其中十九个后来开了口"
    quoter = Quoter(mask=mask, rarity=rarity([message(text)]))
    assert quoter.shorten(text, 30, "answer").startswith("…在第六十天发了一次匿名投票")
    assert quoter.shorten(text, 30).startswith("补昨晚大橘问的")
    assert quoter.shorten("@大橘 投票就行", 30, "answer") == "@大橘 投票就行"


def test_a_long_word_is_printed_whole_where_only_what_leads_up_to_it_would_be_left() -> None:
    text = "compose的话是deploy.resources.reservations.devices那段 别漏了capabilities"
    assert cut(text, 32) == "compose的话是deploy.resources.reservations.devices…"


def test_a_cut_does_not_end_inside_an_aside() -> None:
    assert cut("顺序是先冲长期股权投资的账面（长期应收款那些实质上构成净投资的权益）再冲预计负债", 22) == "顺序是先冲长期股权投资的账面…"


def test_the_find_phrase_occurs_once_in_the_log() -> None:
    messages = chat("甲: 报名时间是六月 | 乙: 报名时间是七月")
    log = "\n".join(m.text for m in messages)
    assert log.count(find_phrase(messages[0], log, mask)) == 1


# ---- choice ----


def unit(key: str, gain: float, cost: int) -> Unit:
    return Unit(key=key, gain={key: gain}, cost=cost)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 50)), max_size=20), st.integers(0, 200))
def test_a_choice_never_exceeds_its_budget(rows: list[tuple[float, int]], budget: int) -> None:
    units = [unit(str(i), gain, cost) for i, (gain, cost) in enumerate(rows)]
    assert sum(u.cost for u in select(units, budget, {})) <= budget


def test_what_was_said_already_gives_way_to_what_is_new() -> None:
    units = [unit("a", 0.9, 10), unit("b", 0.85, 10), unit("c", 0.7, 10)]
    words = {"a": {"报名": 1.0}, "b": {"报名": 1.0}, "c": {"缴费": 1.0}}
    assert [u.key for u in select(units, 20, words)] == ["a", "c"]


# ---- the digest ----


def test_coverage_adds_up() -> None:
    digest = build_digest(analysis(TALK, noise={"m4": Noise.ACK}), ROOMY)
    c = digest.coverage
    assert c.messages == 4 == sum(c.noise.values()) + c.in_digest + c.left_over
    assert c.noise == {"ack": 1}


def test_noise_is_never_printed() -> None:
    digest = build_digest(analysis(TALK, noise={"m2": Noise.AD}), ROOMY)
    assert "m2" not in digest.sources


def test_every_entry_of_a_digest_is_proved() -> None:
    a = analysis(TALK)
    digest = build_digest(a, ROOMY)
    assert digest.coverage.unproved == 0
    assert all(is_proved(e, masked(a)) for e in (*digest.short, *digest.tldr, *(h for t in digest.topics for h in t.highlights)))
    assert digest.topics[0].highlights


def test_a_pair_prints_question_and_answer_with_their_ids() -> None:
    pair = QAPair(question_ids=("m1",), answers=(Answer(message_ids=("m2",)),), status="answered", confidence=0.9)
    digest = build_digest(analysis(TALK, qa=(pair,)), ROOMY)
    assert digest.qa[0].question.text == "续费率怎么算？"
    assert digest.qa[0].answers[0].message_ids == ("m2",)


def test_an_answer_among_the_three_lines_stands_under_its_question() -> None:
    pair = QAPair(question_ids=("m1",), answers=(Answer(message_ids=("m2",)),), status="answered", confidence=0.9)
    digest = build_digest(analysis(TALK, qa=(pair,), value={"m2": 0.9}), ROOMY)
    assert digest.tldr[0].message_ids == ("m2",)
    assert digest.tldr[0].context == digest.qa[0].question


def test_a_talk_is_printed_with_its_own_questions_even_where_room_is_short() -> None:
    said = [f"第{k}点，群要活起来先看清楚谁说过话谁没说过，第{k}周再做第{k}件事" for k in range(1, 10)]
    talk = " | ".join(
        ["主持: 今晚分享马上开始", *(f"讲者: {text}" for text in said), "听众: 第一周要花多少时间？", "讲者: 每天一小时，主要是私聊"]
    )
    pair = QAPair(question_ids=("m11",), answers=(Answer(message_ids=("m12",)),), status="answered", confidence=0.9)
    outline = tuple(f"m{k}" for k in range(2, 11))
    given = Talk(kind="talk", title_id="m1", speaker_id=chat(talk)[1].sender_id, outline_ids=outline, qa=(pair,))
    digest = build_digest(analysis(talk, qa=(pair,), talks=(given,)), DigestOptions(long_share=0.9))
    (printed,) = digest.talks
    assert (printed.title, printed.speaker, len(printed.outline)) == ("今晚分享马上开始", "讲者", DigestOptions().talk_lines)
    assert [p.question.text for p in printed.qa] == ["第一周要花多少时间？"]
    assert not digest.qa
    without_host = build_digest(
        analysis(talk, qa=(pair,), talks=(given,)), DigestOptions(long_share=0.9, opted_out=frozenset({chat(talk)[0].sender_id}))
    )
    assert "今晚分享" not in str(without_host)
    assert without_host.talks[0].title.startswith("第")


def test_a_sentence_out_of_a_talk_is_the_last_of_the_lines_to_read_first() -> None:
    said = [f"第{k}点，群要活起来先看清楚谁说过话谁没说过，第{k}周再做第{k}件事" for k in range(1, 5)]
    talk = " | ".join([*(f"讲者: {text}" for text in said), "群主: 从下周起夜话固定每周三晚上八点，嘉宾提前一周公布"])
    given = Talk(kind="talk", title_id="m1", speaker_id=chat(talk)[0].sender_id, outline_ids=("m1", "m2", "m3", "m4"), qa=())
    digest = build_digest(analysis(talk, talks=(given,), value={"m2": 0.9, "m5": 0.5}), ROOMY)
    assert digest.tldr[0].message_ids == ("m5",)


def test_what_announced_a_talk_heads_it_and_is_no_highlight() -> None:
    said = [f"第{k}点，群要活起来先看清楚谁说过话谁没说过，第{k}周再做第{k}件事" for k in range(1, 5)]
    talk = " | ".join(["主持: 明晚八点讲者老师来讲《群怎么活起来》，大概一小时", *(f"讲者: {text}" for text in said)])
    given = Talk(kind="talk", title_id="m1", speaker_id=chat(talk)[1].sender_id, outline_ids=("m2", "m3", "m4", "m5"), qa=())
    desk = Desk(analysis(talk, talks=(given,)), DigestOptions())
    assert "m1" not in {i for c in desk.highlights() for i in c.unit.gain}


def test_a_short_highlight_stands_under_what_it_responds_to() -> None:
    pair = QAPair(question_ids=("m1",), answers=(Answer(message_ids=("m2", "m3")),), status="answered", confidence=0.9)
    talk = (
        "甲: 续费率怎么算？ | 乙: 用到期用户里续费的人数除以到期人数 | 丙: 到期三十天内都算"
        " | 丁: 我们群三月份的续费率是百分之四十二，比二月高六个点多"
    )
    desk = Desk(analysis(talk, qa=(pair,)), DigestOptions())
    short, long = desk.highlights()[1].printed, desk.highlights()[2].printed
    assert isinstance(short, Entry)
    assert isinstance(long, Entry)
    assert short.context is not None
    assert (short.text, short.context.text) == ("到期三十天内都算", "续费率怎么算？")
    assert long.context is None


def test_a_time_stands_on_the_line_that_names_it_alone() -> None:
    line = "甲: 读书会定在周六晚上八点，地点是市图书馆三楼 | 甲: 要带身份证，停车场入口在图书馆的东侧"
    when = main_time("周六晚上八点", chat(line)[0].sent_at)
    event = Item(kind="announcement", message_ids=("m1", "m2"), confidence=0.9, when=when)
    short = {e.message_ids[0]: e.when for e in build_digest(analysis(line, items=(event,)), ROOMY).short}
    assert when is not None
    assert short == {"m1": when, "m2": None}


def test_one_member_with_two_accounts_is_named_once() -> None:
    messages = tuple(replace(m, sender="老秦") for m in chat("甲: 我周五前把表整理好发出来 | 乙: 我也周五前一起整理发出来"))
    both = Item(kind="action", message_ids=("m1", "m2"), confidence=0.9, who=tuple(m.sender_id for m in messages))
    found = analysis("甲: 我周五前把表整理好发出来 | 乙: 我也周五前一起整理发出来", items=(both,))
    found = replace(found, messages=messages, threads=(Thread(id="t1", messages=messages),))
    assert build_digest(found, ROOMY).actions[0].who == ("老秦",)


def test_a_pair_below_the_line_is_not_printed() -> None:
    pair = QAPair(question_ids=("m1",), answers=(Answer(message_ids=("m2",)),), status="answered", confidence=0.1)
    assert build_digest(analysis(TALK, qa=(pair,)), ROOMY).qa == ()


@pytest.mark.parametrize("passed_on", ["《看完沉默了》", "【转】一定要看完的28句话 "])
def test_an_article_passed_on_without_a_word_is_no_recommendation(passed_on: str) -> None:
    line = f"甲: {passed_on}https://example.com/a | 乙: 这份清单我们用了三年 https://example.com/b"
    items = tuple(Item(kind="resource", message_ids=(i,), confidence=0.9) for i in ("m1", "m2"))
    digest = build_digest(analysis(line, items=items, value={"m1": 0.2, "m2": 0.2}), replace(ROOMY, least_value=0.9))
    assert [e.message_ids for e in digest.resources] == [("m2",)]


def test_an_open_question_is_printed_though_its_confidence_is_modest() -> None:
    pair = QAPair(question_ids=("m1",), answers=(), status="unanswered", confidence=0.32)
    assert build_digest(analysis(TALK, qa=(pair,)), ROOMY).unanswered[0].message_ids == ("m1",)


def test_a_statement_without_a_word_that_asks_is_no_open_question_unless_it_is_surely_one() -> None:
    pair = QAPair(question_ids=("m1",), answers=(), status="unanswered", confidence=0.6)
    line = "甲: 周六我们要去模考 故事会就不来了 | 乙: 好的"
    doubtful, sure = (
        replace(a, scored=tuple(replace(s, question=chance) for s in a.scored))
        for a in [analysis(line, qa=(pair,))]
        for chance in (0.7, 0.95)
    )
    assert build_digest(doubtful, ROOMY).unanswered == ()
    assert build_digest(sure, ROOMY).unanswered[0].message_ids == ("m1",)


def test_who_opted_out_is_neither_quoted_nor_named() -> None:
    a = analysis("甲: 续费率怎么算？ | 老王: 用续费人数除以到期人数 | 丙: 同意老王的算法，我们也是这样")
    printed = str(digest_json(build_digest(a, replace(ROOMY, opted_out=frozenset({"老王"})))))
    assert "到期人数" not in printed
    assert "老王" not in printed


def test_what_the_operator_struck_does_not_come_back() -> None:
    digest = build_digest(analysis(TALK), replace(ROOMY, dismissed=frozenset({"m2"})))
    assert "m2" not in digest.sources


def test_a_phone_number_is_masked_everywhere() -> None:
    a = analysis(
        "甲: 场地联系人的电话是13912345678，提前一天打 | 乙: 好，我周五联系场地",
        items=(Item(kind="resource", message_ids=("m1",), confidence=0.9),),
    )
    digest = build_digest(a, ROOMY)
    assert digest.resources[0].text == "场地联系人的电话是***，提前一天打"
    assert "13912345678" not in str(digest_json(digest))


def test_a_chat_of_nothing_but_noise_gives_an_empty_digest() -> None:
    a = analysis(TALK, noise=dict.fromkeys(("m1", "m2", "m3", "m4"), Noise.BANTER))
    digest = build_digest(a, ROOMY)
    assert not (digest.short)
    assert not (digest.qa)
    assert not (digest.topics)
    assert digest.coverage.noise == {"banter": 4}


@pytest.mark.slow
def test_a_thread_of_fifty_thousand_messages_is_digested_within_its_budget() -> None:
    lines = tuple(message(f"第{i}步先看日志第{i * 7}行，再把参数改成{i % 97}，别的不要动", id=f"m{i}") for i in range(50_000))
    made = analysis("甲: 好")
    digest = build_digest(
        replace(
            made, messages=lines, sessions=(Session(id="s1", messages=lines),), segments=(Segment(id="s1.1", messages=lines),),
            links=tuple(ReplyLink(message_id=m.id, parent_id=None) for m in lines), threads=(Thread(id="t1", messages=lines),),
            scored=tuple(Scored(message_id=m.id, value=0.2 + 0.7 * (i % 100 == 0), why={}) for i, m in enumerate(lines)),
        )
    )  # fmt: skip
    assert digest.coverage.messages == 50_000
    printed = [e for t in digest.topics for e in t.highlights]
    assert printed
    assert sum(len(e.text) for e in printed) < 80_000  # a week is still read in minutes


def test_everybody_asking_and_nobody_answering_gives_open_questions_only() -> None:
    asking = " | ".join(f"{who}: 请问第{i}天的作业在哪里交？" for i, who in enumerate("甲乙丙丁戊"))
    opened = tuple(QAPair(question_ids=(f"m{i}",), answers=(), status="unanswered", confidence=0.5) for i in range(1, 6))
    digest = build_digest(analysis(asking, qa=opened), ROOMY)
    assert len(digest.unanswered) == 5
    assert digest.qa == ()


def test_a_question_that_scoring_hardly_reads_as_one_is_not_listed_as_open() -> None:
    opened = (QAPair(question_ids=("m1",), answers=(), status="unanswered", confidence=0.5),)
    assert build_digest(analysis("甲: 我妈说问题不大 | 乙: 嗯", qa=opened), ROOMY).unanswered == ()


def test_a_childs_name_used_mostly_in_what_is_unfit_heads_no_topic() -> None:
    made = analysis("甲: 糖糖昨晚烧到四十度 | 乙: 糖糖现在怎么样 | 丙: 大班拼音不用提前学，一年级从零教")
    unfit = tuple(replace(s, unfit=0.9 if i < 2 else 0.0) for i, s in enumerate(made.scored))
    topic = Topic(id="k1", title="糖糖、拼音", keywords=("糖糖", "拼音"), thread_ids=("t1",))
    digest = build_digest(replace(made, scored=unfit, topics=(topic,)), ROOMY)
    assert [t.title for t in digest.topics] == ["拼音"]
    assert digest.topics[0].keywords == ("拼音",)


def test_json_and_back_is_the_same_digest() -> None:
    pair = QAPair(question_ids=("m1",), answers=(Answer(message_ids=("m2",)),), status="answered", confidence=0.9)
    written = digest_json(build_digest(analysis(TALK, qa=(pair,)), ROOMY))
    assert digest_json(digest_from_json(written)) == written


def test_the_short_form_fits_one_phone_screen() -> None:
    long = " | ".join(f"成员{i}: 第{i}条经验，先看文档第{i}节，再按步骤{i}配置，最后记得重启服务{i}" for i in range(60))
    digest = build_digest(analysis(long))
    assert 0 < sum(len(e.text) for e in digest.short) <= 600
