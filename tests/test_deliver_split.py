"""Parts: within the target's limit, complete, each standing alone, never cut inside a link or code."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from digest_factory import hostile_digest, large_digest, rich_digest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deliver.document import Block, Document, Line, Section, Span, from_markdown, from_text
from pipeline.deliver.paint import harmless, paint
from pipeline.deliver.platforms import PLATFORMS, in_bytes, in_characters, in_utf16, text_of
from pipeline.deliver.split import split
from pipeline.render import RenderOptions, render
from pipeline.text import urls

WIRED = [p for p in PLATFORMS.values() if p.request]
DIGESTS = {"rich": rich_digest, "large": large_digest, "hostile": hostile_digest}


def document(*sections: tuple[str, list[str]], title: str = "群 · 摘要") -> Document:
    return Document(
        title=title,
        sections=tuple(
            Section(title=head, blocks=tuple(Block(lines=(Line(spans=(Span(text=t),), mark="- "),)) for t in texts))
            for head, texts in sections
        ),
    )


@pytest.mark.parametrize("name", DIGESTS)
@pytest.mark.parametrize("platform", WIRED, ids=lambda p: p.name)
def test_every_part_is_within_the_limit(platform, name: str) -> None:  # type: ignore[no-untyped-def]
    full = from_markdown(render(DIGESTS[name](), "md"))
    parts = split(full, platform.limit, platform.measure)
    assert all(platform.measure(p.lines) <= platform.limit for p in parts)
    assert len(parts) > 1 or name == "rich"


def test_limits_are_measured_in_the_targets_own_unit() -> None:
    lines = (Line(spans=(Span(text="中😀a"),)),)
    assert in_bytes("plain")(lines) == 3 + 4 + 1
    assert in_utf16("plain")(lines) == 1 + 2 + 1
    assert in_characters("plain")(lines) == 3


def test_parts_hold_everything_in_order() -> None:
    texts = [f"第{i}条" + "内容" * 20 for i in range(40)]
    parts = split(document(("甲", texts[:20]), ("乙", texts[20:])), 600, in_characters("plain"))
    said = [line.text for p in parts for line in p.lines if line.mark]
    assert said == texts


def test_each_part_is_titled_with_its_number_and_a_section_that_goes_on_repeats_its_heading() -> None:
    parts = split(document(("通知", ["一" * 100] * 10)), 400, in_characters("plain"))
    assert [p.title for p in parts] == [f"群 · 摘要 ({i + 1}/{len(parts)})" for i in range(len(parts))]
    for p in parts:
        text = text_of(p.lines, "plain")
        assert text.startswith(p.title)
        assert "通知" in text
    assert split(document(("通知", ["短"])), 400, in_characters("plain"))[0].title == "群 · 摘要"


def test_borders_between_sections_are_preferred() -> None:
    parts = split(document(("甲", ["一" * 150]), ("乙", ["二" * 100] * 2), ("丙", ["三" * 30])), 300, in_characters("plain"))
    assert len(parts) == 2
    assert "乙" not in text_of(parts[0].lines, "plain")


def test_a_question_stays_with_its_answers() -> None:
    full = from_markdown(render(rich_digest(), "md"))
    for p in split(full, 600, in_characters("plain")):
        texts = [line.text for line in p.lines]
        for i, text in enumerate(texts):
            if text.startswith("答"):
                assert any(t.startswith("问") for t in texts[:i])


@pytest.mark.parametrize("limit", [200, 300, 600])
@pytest.mark.parametrize("source", ["md", "txt"])
def test_no_address_is_cut(limit: int, source: str) -> None:
    long = "看这里 https://example.org/" + "a/" * 60 + " 和 https://example.org/b?x=1 都要。" + "很长的话，" * 80
    d = rich_digest()
    d = replace(d, announcements=(replace(d.announcements[0], text=long),))
    text = render(d, source)
    full = from_markdown(text) if source == "md" else from_text(text)
    wanted = {u for section in full.sections for b in section.blocks for line in b.lines for u in urls(line.text)}
    parts = split(full, limit, in_characters("plain"))
    assert all(len(text_of(p.lines, "plain")) <= limit for p in parts)
    found = {u for p in parts for line in p.lines for u in urls(line.text)}
    assert wanted <= found


def test_a_link_longer_than_a_part_is_replaced_not_cut() -> None:
    url = "https://example.org/" + "x" * 900
    full = document(("甲", ["看 " + url, "后面还有"]))
    parts = split(full, 300, in_characters("plain"))
    text = "\n".join(text_of(p.lines, "plain") for p in parts)
    assert "xxx" not in text
    assert "后面还有" in text


def test_code_is_not_cut() -> None:
    full = from_markdown("# t\n\n## s\n\n- " + "字" * 150 + "`pip install dianti==1.0` " + "字" * 150)
    for limit in range(60, 400, 7):
        texts = [paint(line, "discord") for p in split(full, limit, in_characters("discord")) for line in p.lines]
        assert sum("`pip install dianti==1.0`" in t for t in texts) == 1


def test_a_long_line_is_cut_at_sentences_and_never_inside_one_visible_character() -> None:
    family = "👨‍👩‍👧‍👦"
    parts = split(document(("甲", [family * 200])), 200, in_utf16("plain"))
    for p in parts:
        for line in p.lines[2:]:
            assert set(re.split(f"(?:{family})+", line.text)) <= {"", "甲", p.title} or (not line.mark and "甲" in line.text)
    parts = split(document(("甲", ["今天的题讲完了。" * 60])), 200, in_characters("plain"))
    assert all(line.text.endswith("。") for p in parts for line in p.lines if "今天" in line.text)


@given(
    st.lists(
        st.lists(st.text(alphabet="中文a 。，https://x.y/`*[](){}<>😀\u0301", max_size=120), min_size=1, max_size=5), min_size=1, max_size=4
    ),
    st.integers(min_value=120, max_value=500),
)
def test_splitting_loses_nothing_and_keeps_every_limit(chunks: list[list[str]], limit: int) -> None:
    full = document(*((f"第{i}节", texts) for i, texts in enumerate(chunks)))
    for measure in (in_characters("plain"), in_bytes("wecom"), in_utf16("telegram"), in_utf16("discord")):
        parts = split(full, limit, measure)
        assert all(measure(p.lines) <= limit for p in parts)
        headings = {s.title for s in full.sections}
        said = "".join(
            line.text for p in parts for line in p.lines[1:] if line.text not in headings and not any(s.bold for s in line.spans)
        )
        assert said == "".join(t for texts in chunks for t in texts)


# ---- documents ----


def test_a_digest_in_markdown_and_in_text_gives_the_same_sections() -> None:
    from_md, from_txt = from_markdown(render(rich_digest(), "md")), from_text(render(rich_digest(), "txt"))
    assert from_md.title == from_txt.title
    named = [s.title for s in from_md.sections if s.title]
    assert [s.title.split(" ", 1)[1] for s in from_txt.sections if s.title] == named
    blocks = {s.title: len(s.blocks) for s in from_md.sections}
    for s in from_txt.sections:
        if s.title and "话题" not in s.title:
            assert len(s.blocks) == blocks[s.title.split(" ", 1)[1]], s.title


def test_an_empty_line_between_two_items_opens_no_section() -> None:
    text = render(rich_digest(), "txt").replace("\n问：「多选题", "\n\n问：「多选题")
    assert [s.title for s in from_text(text).sections if s.title] == [
        s.title for s in from_text(render(rich_digest(), "txt")).sections if s.title
    ]
    said = [
        [line.text for s in d.sections for b in s.blocks for line in b.lines]
        for d in (from_text(text), from_text(render(rich_digest(), "txt")))
    ]
    assert said[0] == said[1]


def test_a_struck_line_is_not_posted() -> None:
    text = render(rich_digest(), "md")
    kept = "\n".join(line for line in text.split("\n") if "下沙" not in line)
    assert "下沙" in from_markdown(text).text
    assert "下沙" not in from_markdown(kept).text


def test_markdown_escapes_read_as_what_they_say() -> None:
    full = from_markdown(render(hostile_digest(), "md"))
    assert "# 标题" in full.text
    assert "**粗** _斜_ ~~删~~ `码`" in full.text


# ---- painting ----


def test_quoted_text_pings_nobody() -> None:
    nasty = "@everyone <@U123> <!channel> <@!1> <at id=all></at> <font color=red>x</font>"
    assert "<@" not in harmless(nasty, "wecom")
    assert "<font" not in harmless(nasty, "wecom")
    assert "<at" not in harmless(nasty, "dingtalk")
    assert "<" not in harmless(nasty, "slack")
    assert "<" not in harmless(nasty, "telegram")
    assert "\\<@U123\\>" in harmless(nasty, "discord")


@pytest.mark.parametrize("markup", ["wecom", "dingtalk", "slack"])
def test_markup_without_an_escape_is_shown_with_full_width_twins(markup) -> None:  # type: ignore[no-untyped-def]
    assert "*" not in harmless("**粗** `码`", markup)
    assert "](" not in harmless("[点](http://x)", markup)
    assert harmless("3*4=12", markup) == "3*4=12"


def test_addresses_stay_whole_whatever_stands_around_them() -> None:
    text = "见*https://example.org/a_b*c?x=~1*"
    for markup in ("discord", "wecom", "dingtalk"):
        assert "https://example.org/a_b*c?x=~1*" in harmless(text, markup)  # type: ignore[arg-type]


def test_a_link_is_a_link_in_each_markup() -> None:
    line = Line(spans=(Span(text="对照<表>", url="https://e.org/?a=1&b=2", bold=True),), mark="- ")
    assert paint(line, "telegram") == '· <b><a href="https://e.org/?a=1&amp;b=2">对照&lt;表&gt;</a></b>'
    assert paint(line, "discord") == "- **[对照\\<表\\>](https://e.org/?a=1&b=2)**"
    assert paint(line, "plain") == "· 对照<表> https://e.org/?a=1&b=2 "
    assert paint(line, "slack").startswith("· <https://e.org/?a=1&amp;b=2|")


def test_the_short_form_in_any_language_is_one_part_for_the_clipboard() -> None:
    clipboard = PLATFORMS["clipboard"]
    for lang in ("zh-hans", "zh-hant", "en"):
        short = from_text(render(large_digest(), "txt", RenderOptions(short=True, lang=lang)))
        assert len(split(short, clipboard.limit, clipboard.measure)) == 1


def test_the_documented_limits_are_those_of_the_code() -> None:
    page = (Path(__file__).parent.parent / "docs" / "delivery.md").read_text("utf-8")
    for p in PLATFORMS.values():
        row = next(x for x in page.split("\n") if x.startswith(f"| `{p.name}` |"))
        assert f"{p.limit} {p.unit.split()[0]}" in row or p.name == "file"


@pytest.mark.parametrize(("lang", "mark"), [("zh-hans", "（续）"), ("en", " (continued)")])
def test_what_the_parts_add_is_in_the_language_of_the_digest_not_of_the_console(lang: str, mark: str) -> None:
    full = replace(document(("甲", ["字" * 100] * 9)), lang=lang)
    parts = split(full, 300, in_characters("plain"))
    assert all(p.lines[2].text == "甲" + mark for p in parts[1:])
    too_long = replace(document(("甲", ["https://example.org/" + "x" * 900])), lang=lang)
    told = "".join(line.text for line in split(too_long, 300, in_characters("plain"))[0].lines)
    assert ("full digest" in told) == (lang == "en")


def test_what_stands_under_no_heading_is_set_apart() -> None:
    full = from_markdown("# t\n\n## s\n\n- 甲\n\n---\n\n末尾")
    assert [line.text for line in split(full, 300, in_characters("plain"))[0].lines] == ["t", "", "s", "甲", "", "末尾"]
