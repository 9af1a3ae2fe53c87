"""Looks: every format of every kind of digest, and chat text that tries to be more than text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import html5lib
import pytest
from digest_factory import NASTY, empty_digest, hostile_digest, large_digest, rich_digest
from markdown_it import MarkdownIt

from pipeline.errors import ConfigError
from pipeline.model import Digest, Entry
from pipeline.render import FORMATS, SECTIONS, RenderOptions, render
from pipeline.render.chart import timeline, topic_bars
from pipeline.render.escape import md, md_target, safe_url, visible
from pipeline.render.page import MOST_HTML_BYTES, template_folder
from pipeline.render.words import SCREEN_CHARS, entries_of

LANGUAGES = ("zh-hans", "zh-hant", "en")


def elements(html: str) -> Iterator[Any]:
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    yield from tree.iter()


@cache
def page(digest: Callable[[], Digest]) -> str:
    """The page of a digest, made once."""
    return render(digest(), "html")


@cache
def tree(digest: Callable[[], Digest]) -> tuple[Any, ...]:
    return tuple(elements(page(digest)))


def shape(digest: Callable[[], Digest]) -> set[tuple[str, str]]:
    """Every element with each attribute it has."""
    return {(str(e.tag), a) for e in tree(digest) if isinstance(e.tag, str) for a in (*e.attrib, "")}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_entry_is_printed_in_every_format(format: str, lang: str) -> None:
    text = render(rich_digest(), format, RenderOptions(lang=lang))
    plain = re.sub(r"\s+", "", re.sub(r"\\|<[^>]*>|\]\([^)]*\)|\[", "", text))
    for entry in entries_of(rich_digest()):
        for piece in entry.text.split("\n"):
            assert re.sub(r"\s+", "", piece.partition("http")[0]) in plain


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_digest_gives_the_same_bytes(format: str) -> None:
    assert render(rich_digest(), format) == render(rich_digest(), format)


def test_sections_come_in_the_order_readers_asked_for() -> None:
    ids = [e.get("id") for e in tree(rich_digest) if e.tag == "section" and e.get("id")]
    assert ids == list(SECTIONS)


def test_sections_can_be_left_out_and_reordered() -> None:
    html = render(rich_digest(), "html", RenderOptions(sections=("qa", "tldr")))
    assert [e.get("id") for e in elements(html) if e.tag == "section" and e.get("id")] == ["qa", "tldr"]


@pytest.mark.parametrize("format", FORMATS)
def test_coverage_numbers_stand_in_every_format(format: str) -> None:
    text = render(rich_digest(), format)
    for number in ("450", "251", "61", "138", "37", "12"):
        assert number in text


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_worth_passing_on_is_said_in_every_format(format: str, lang: str) -> None:
    few, many = render(empty_digest(), format, RenderOptions(lang=lang)), render(rich_digest(), format, RenderOptions(lang=lang))
    assert few.strip()
    assert len(few) < len(many) or format == "html"


def test_a_digest_over_years_says_which_years() -> None:
    digest = rich_digest()
    long = replace(digest, end=digest.start.replace(year=digest.start.year + 3))
    text = render(long, "txt", RenderOptions(lang="en"))
    assert str(long.start.year) in text.splitlines()[0]
    assert str(long.end.year) in text.splitlines()[0]


def test_what_is_due_at_midnight_is_due_at_the_end_of_the_day_before() -> None:
    d = rich_digest()
    d = replace(d, actions=(replace(d.actions[0], due="2026-09-28T00:00:00+08:00"),))
    assert "9月27日（周日） 24:00" in render(d, "txt", RenderOptions(lang="zh-hans"))


def test_a_name_can_be_an_initial_or_left_out() -> None:
    full = render(rich_digest(), "txt")
    assert "老秦-事务所" in full
    initial = render(rich_digest(), "txt", RenderOptions(name_display="initial"))
    assert "老秦" not in initial
    assert "老*" in initial
    none = render(rich_digest(), "html", RenderOptions(name_display="none"))
    assert "老秦" not in none
    assert "班班" not in none


def test_mentions_are_masked_where_names_are_not_shown() -> None:
    d = rich_digest()
    e = replace(d.qa[0].question, text="@班班小葵 摸底测有人管吗 邮箱 a@b.cn 也行")
    d = replace(d, unanswered=(e,))
    text = render(d, "txt", RenderOptions(name_display="none"))
    assert "@*** 摸底测有人管吗 邮箱 a@b.cn 也行" in text


def test_words_that_are_not_verbatim_stand_in_no_quotation_marks() -> None:
    own = Entry(text="群主说本周不打卡", message_ids=(), written_by="operator")
    d = replace(rich_digest(), decisions=(own,))
    for format in FORMATS:
        text = render(d, format, RenderOptions(lang="en"))
        assert "群主说本周不打卡" in text
        assert "“群主说本周不打卡" not in text
        assert "“</span>群主说" not in text


@pytest.mark.parametrize("format", FORMATS)
def test_the_question_of_a_line_to_read_first_is_printed_with_it_and_not_folded_away(format: str) -> None:
    d = rich_digest()
    question, answer = d.qa[0].question, d.qa[0].answers[0]
    d = replace(d, tldr=(replace(answer, context=question),), sources={})
    out = render(d, format, RenderOptions(sections=("tldr",)))
    assert visible(question.text)[:12] in out
    if format == "md":
        assert re.search(r"^   - .*" + question.text[:12], out, re.MULTILINE), "the question is nested under its line"


def test_an_operators_note_stands_beside_the_line() -> None:
    d = rich_digest()
    d = replace(d, decisions=(replace(d.decisions[0], note="以群公告为准"),))
    for format in FORMATS:
        assert "以群公告为准" in render(d, format)


def test_labels_and_what_follows_are_apart_in_english() -> None:
    text = render(rich_digest(), "txt", RenderOptions(lang="en"))
    assert "Start here: 二胎妈妈在备考 May 18, 20:10" in text
    assert "长投怎么复习 (64 messages, 9 people)" in text
    assert "Q: “权益法下" in text
    assert "Start here: 二胎" in render(rich_digest(), "md", RenderOptions(lang="en"))


def test_the_short_form_fits_one_phone_screen() -> None:
    for digest in (rich_digest(), large_digest()):
        text = render(digest, "txt", RenderOptions(short=True))
        assert len(text.strip()) <= 600
    crowded = replace(rich_digest(), short=large_digest().resources[:40])
    assert 300 < len(render(crowded, "txt", RenderOptions(short=True)).strip()) <= SCREEN_CHARS + 20


def test_a_five_thousand_message_session_stays_small() -> None:
    html = render(large_digest(), "html")
    assert len(html.encode()) <= MOST_HTML_BYTES
    assert html.count('class="e') > 100


# ---- hostile chats ----


def test_no_element_or_attribute_comes_from_the_chat() -> None:
    benign = shape(rich_digest) | {("b", ""), ("bdi", ""), ("p", "class")}
    hostile = shape(hostile_digest)
    assert hostile <= benign, hostile - benign


def test_scripts_and_styles_of_a_hostile_page_are_our_own() -> None:
    ours = {e.tag: e.text for e in tree(rich_digest) if e.tag in ("script", "style")}
    for e in tree(hostile_digest):
        if e.tag in ("script", "style"):
            assert e.text == ours[e.tag]


def test_links_lead_to_the_web_or_into_the_page_only() -> None:
    for digest in (hostile_digest, rich_digest):
        for e in tree(digest):
            if e.tag == "a":
                assert re.match(r"https?://|#", e.get("href"))


def test_the_page_may_load_nothing_and_run_only_its_own_script() -> None:
    html = render(rich_digest(), "html")
    policy = next(e.get("content") for e in elements(html) if e.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<(?:script|style|link|img)[^>]+(?:src|href)=\"(?!data:)", html)


def test_hostile_text_is_still_readable_in_html() -> None:
    text = "".join(t for e in tree(hostile_digest) for t in e.itertext() if e.tag == "main")
    for nasty in (NASTY[0], NASTY[2].split("\n")[0], NASTY[7], NASTY[8]):
        assert nasty in text


@pytest.mark.parametrize("nasty", NASTY)
def test_markdown_of_chat_text_is_one_plain_paragraph(nasty: str) -> None:
    parser = MarkdownIt("gfm-like", {"linkify": False, "html": True})
    tokens = parser.parse(f"- 「{md(nasty).replace(chr(10), '  ' + chr(10) + '  ')}」")
    kinds = {t.type for t in tokens}
    assert kinds == {
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
        "inline",
        "paragraph_close",
        "list_item_close",
        "bullet_list_close",
    }
    inline = next(t for t in tokens if t.type == "inline")
    assert {t.type for t in inline.children or []} <= {"text", "text_special", "hardbreak", "softbreak", "link_open", "link_close"}
    for token in inline.children or []:
        if token.type == "link_open":
            assert str(token.attrGet("href")).startswith(("https://", "http://"))


def test_markdown_of_a_hostile_digest_has_our_structure_only() -> None:
    text = render(hostile_digest(), "md")
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(text)
    assert not {t.type for t in tokens} & {"html_block", "fence", "code_block", "table_open"}
    headings = [t.tag for t in tokens if t.type == "heading_open"]
    assert headings.count("h1") == 1
    assert headings.count("h2") == len(SECTIONS)


@pytest.mark.parametrize("format", FORMATS)
def test_what_cannot_be_seen_is_not_printed(format: str) -> None:
    text = render(hostile_digest(), format)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ufeff]", text)


def test_template_syntax_in_a_chat_is_text() -> None:
    for format in FORMATS:
        assert "49" not in re.sub(r"sha256-\S+|<style>.*?</style>|<script>.*?</script>", "", render(hostile_digest(), format), flags=re.S)


def test_joined_emoji_survive() -> None:
    family = "👨‍👩‍👧‍👦🏳️‍🌈"
    assert visible(family) == family
    assert family in render(hostile_digest(), "txt")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x?y=1&z=<b>", "https://a.example/x?y=1&z=%3Cb%3E"),
        ("HTTP://a.example/中文", "HTTP://a.example/%E4%B8%AD%E6%96%87"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//a.example", None),
        ("http://[::bad", None),
        ("", None),
        ("https://" + "a" * 2000, None),
    ],
)
def test_only_web_addresses_become_links(url: str, safe: str | None) -> None:
    assert safe_url(url) == safe


def test_a_bare_address_with_a_title_is_printed_as_the_link_alone() -> None:
    d = rich_digest()
    bare = replace(d.resources[1], text="https://fenlu.example.com/")
    d = replace(d, resources=(bare,), tldr=())
    assert "[分录每日一练](https://fenlu.example.com/)** — 老秦" in render(d, "md")
    assert render(d, "txt").count("https://fenlu.example.com/") == 1
    assert render(replace(d, sources={}), "html").count("https://fenlu.example.com/") == 1


def test_an_address_that_was_cut_leads_nowhere() -> None:
    d = rich_digest()
    cut = replace(d.decisions[0], text="看 https://docs.example.org/doc… 和 https://example.org/whole 两个")
    d = replace(d, decisions=(cut,))
    assert "](https://docs.example.org" not in render(d, "md")
    assert 'href="https://docs.example.org' not in render(d, "html")
    assert "(https://example.org/whole)" in render(d, "md")


def test_a_markdown_link_target_cannot_end_its_link() -> None:
    assert ")" not in md_target(safe_url("https://a.example/)](evil)") or "")


# ---- templates ----


def test_a_folder_of_templates_wins_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "digest.txt.j2").write_text("{{ words.chat }}|{{ d.tldr | length }}", "utf-8")
    options = RenderOptions(templates=tmp_path)
    assert render(rich_digest(), "txt", options) == "中级会计备考 3 群|3\n"
    assert render(rich_digest(), "md", options) == render(rich_digest(), "md")


def test_a_template_of_ones_own_is_escaped_too(tmp_path: Path) -> None:
    (tmp_path / "digest.html.j2").write_text("<p>{{ d.chat.name }}</p>", "utf-8")
    assert "<script>" not in render(hostile_digest(), "html", RenderOptions(templates=tmp_path))


def test_a_broken_template_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "digest.md.j2").write_text("one\n{{ d.nothing_like_that.x }}", "utf-8")
    with pytest.raises(ConfigError, match=r"digest\.md"):
        render(rich_digest(), "md", RenderOptions(templates=tmp_path))
    (tmp_path / "digest.md.j2").write_text("one\n{% if %}", "utf-8")
    with pytest.raises(ConfigError, match="2"):
        render(rich_digest(), "md", RenderOptions(templates=tmp_path))
    with pytest.raises(ConfigError):
        render(rich_digest(), "md", RenderOptions(templates=tmp_path / "none"))


def test_the_templates_are_where_the_package_looks() -> None:
    assert {f"digest.{f}.j2" for f in FORMATS} <= {p.name for p in template_folder().iterdir()}


def test_an_entry_without_sources_has_nothing_to_unfold() -> None:
    d: Digest = replace(rich_digest(), sources={})
    assert 'class="src"' not in render(d, "html")


def test_a_title_with_an_address_in_it_makes_one_whole_link() -> None:
    d = rich_digest()
    card = replace(d.resources[1], title="周报明细 https://docs.example.org/a", text="发一下明细…", url="https://docs.example.org/a")
    d = replace(d, resources=(card,), tldr=())
    assert "- **[周报明细](https://docs.example.org/a)** 「发一下明细…」" in render(d, "md")
    assert "· 周报明细 「发一下明细…」" in render(d, "txt")
    anchors = [e for e in elements(render(replace(d, sources={}), "html")) if e.get("href") == "https://docs.example.org/a"]
    assert ["".join(a.itertext()) for a in anchors] == ["周报明细"]


def test_a_cut_message_that_was_only_an_address_still_leads_there() -> None:
    d = rich_digest()
    cut = replace(d.resources[1], title=None, text="https://docs.example.org/rules…", url="https://docs.example.org/rules")
    d = replace(d, resources=(cut,), tldr=())
    assert "- [docs.example.org/rules](https://docs.example.org/rules) — 老秦" in render(d, "md")
    assert "· https://docs.example.org/rules — 老秦" in render(d, "txt")
    assert "rules…" not in render(replace(d, sources={}), "html")


DAYS = {"2026-05-18": 8, "2026-05-19": 4}


def test_the_timeline_shows_every_hour_of_a_few_days() -> None:
    line = timeline({"by_day": DAYS, "timeline": {"2026-05-18T08": 8, "2026-05-19T23": 4}, "by_hour": [0] * 24})
    assert line is not None
    assert [(b.label, b.value, b.peak) for b in line.bars] == [("2026-05-18T08", 8, True), ("2026-05-19T23", 4, False)]
    assert line.bars[1].x + line.bars[1].width <= 720 < line.bars[1].x + line.bars[1].width + 15
    assert [day.day for day in line.days] == [18, 19]
    assert line.borders == (360,)


def test_the_timeline_of_a_long_digest_shows_its_days_those_without_a_word_too() -> None:
    line = timeline({"by_day": {"2026-05-01": 5, "2026-05-31": 10}, "timeline": {}})
    assert line is not None
    assert (line.unit, len(line.days), line.peak.label) == ("day", 7, "2026-05-31")
    assert sum(b.value for b in line.bars) == 15


def test_no_figures_no_timeline() -> None:
    assert timeline({"by_hour": [0] * 24}) is None
    assert "<figure>" not in render(empty_digest(), "html")


def test_the_largest_topic_stands_first_in_the_figures() -> None:
    d = rich_digest()
    mixed = [{"title": "小", "messages": 3}, {"title": "大", "messages": 30}]
    assert [b.label for b in topic_bars(replace(d, stats={"top_topics": mixed}))] == ["大", "小"]
