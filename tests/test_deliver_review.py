"""Review: striking, changing, moving and adding lines in the Markdown or text file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from digest_factory import empty_digest, hostile_digest, rich_digest

from pipeline.deliver.dismissed import dismiss, dismissed
from pipeline.deliver.items import unquote
from pipeline.deliver.review import Review, review
from pipeline.errors import DeliveryError
from pipeline.model import Chat
from pipeline.render import RenderOptions, render

BOTH = pytest.mark.parametrize("format", ["md", "txt"])
OPTIONS = RenderOptions()


def original(format: str, options: RenderOptions = OPTIONS) -> str:
    return render(rich_digest(), format, options)


def reviewed(text: str, format: str) -> Review:
    return review(rich_digest(), text, format, OPTIONS)


def without(text: str, *words: str) -> str:
    return "\n".join(line for line in text.split("\n") if not any(w in line for w in words))


@BOTH
def test_a_file_that_was_not_touched_changes_nothing(format: str) -> None:
    done = reviewed(original(format), format)
    assert (done.digest, done.text, done.struck, done.changed, done.added) == (rich_digest(), original(format), (), 0, 0)


@BOTH
@pytest.mark.parametrize("names", ["initial", "none"])
def test_it_does_not_matter_how_the_file_was_written(format: str, names) -> None:  # type: ignore[no-untyped-def]
    options = RenderOptions(lang="zh-hant", name_display=names)
    done = reviewed(original(format, options), format)
    assert (done.struck, done.changed, done.added) == ((), 0, 0)
    assert done.text == original(format, options)


@BOTH
def test_windows_line_ends_and_a_byte_order_mark_are_no_changes(format: str) -> None:
    done = reviewed("\ufeff" + original(format).replace("\n", "\r\n"), format)
    assert (done.struck, done.changed, done.added) == ((), 0, 0)


@BOTH
def test_a_struck_line_is_gone_and_remembered_by_its_messages(format: str) -> None:
    done = reviewed(without(original(format), "下沙"), format)
    assert done.digest.unanswered == ()
    assert done.struck == rich_digest().unanswered[0].message_ids
    assert "下沙" not in render(done.digest, "html")


@BOTH
def test_a_line_struck_in_one_place_but_left_in_another_is_still_wanted(format: str) -> None:
    line = next(x for x in original(format).split("\n") if x.startswith("1. "))
    done = reviewed(original(format).replace(line + "\n", "", 1), format)
    assert len(done.digest.tldr) == 2
    assert done.struck == ()


@BOTH
def test_a_struck_question_takes_its_answers_along(format: str) -> None:
    done = reviewed(without(original(format), "带计算器进去"), format)
    assert len(done.digest.qa) == 2
    assert "考点不让带" not in done.text
    pair = rich_digest().qa[2]
    assert set(done.struck) == {i for e in (pair.question, *pair.answers) for i in e.message_ids}


@BOTH
def test_a_changed_line_loses_its_quotation_marks_everywhere(format: str) -> None:
    done = reviewed(original(format).replace("拼的不是聪明", "拼的不是聪明劲"), format)
    line = next(x for x in done.text.split("\n") if "聪明劲" in x)
    assert "「" not in line
    assert "」" not in line
    quote = done.digest.quotes[0]
    assert (quote.text, quote.written_by) == ("考试这东西，拼的不是聪明劲，是今天学了没有", "operator")
    assert quote.sender == "老赵45岁再战"
    for other in ("md", "txt", "html"):
        again = render(done.digest, other)
        assert "「考试这东西" not in again.replace('<span class="q" aria-hidden="true">', "").replace("</span>", "")


@BOTH
def test_a_changed_name_loses_the_marks_and_the_name(format: str) -> None:
    done = reviewed(original(format).replace("今天学了没有」 — 老赵45岁再战", "今天学了没有」 — 某群友"), format)
    assert "「考试" not in done.text
    assert done.digest.quotes[0].sender == ""
    assert "某群友" in done.digest.quotes[0].text


@BOTH
def test_moving_a_line_keeps_its_marks_and_moves_it_in_the_digest(format: str) -> None:
    lines = original(format).split("\n")
    one, two = (next(i for i, x in enumerate(lines) if x.startswith(f"{n}. ")) for n in (1, 2))
    lines[one], lines[two] = lines[two], lines[one]
    done = reviewed("\n".join(lines), format)
    old = rich_digest().tldr
    assert done.digest.tldr == (old[1], old[0], old[2])
    assert (done.changed, done.added) == (0, 0)
    assert done.text == "\n".join(lines)


@BOTH
def test_a_line_of_ones_own_is_added_without_quotation_marks(format: str) -> None:
    mark = "- " if format == "md" else "· "
    line = next(x for x in original(format).split("\n") if x.startswith(mark) and "打卡从每天早上" in x)
    done = reviewed(original(format).replace(line, f"{line}\n{mark}下周三例会改到「线上」，链接另发"), format)
    assert done.added == 1
    assert f"{mark}下周三例会改到线上，链接另发" in done.text
    assert done.digest.decisions[1].text == "下周三例会改到线上，链接另发"
    assert done.digest.decisions[1].written_by == "operator"


@BOTH
def test_an_added_paragraph_cannot_pose_as_a_quotation(format: str) -> None:
    done = reviewed(original(format) + "\n群主说：「大家辛苦了」\n", format)
    assert "群主说：大家辛苦了" in done.text


@BOTH
def test_what_was_changed_or_struck_is_not_in_the_short_form_as_it_was(format: str) -> None:
    text = original(format).replace("打卡从每天早上改到", "打卡从早上改到")
    done = reviewed(text, format)
    assert "打卡从每天早上" not in render(done.digest, "txt", replace(OPTIONS, short=True))
    done = reviewed(without(original(format), "打卡从每天早上"), format)
    assert "打卡从每天早上" not in render(done.digest, "txt", replace(OPTIONS, short=True))


@BOTH
def test_a_link_of_which_only_the_title_is_printed_is_known_again(format: str) -> None:
    d = rich_digest()
    d = replace(d, resources=(replace(d.resources[1], text="https://fenlu.example.com/"),))
    done = review(d, render(d, format), format, OPTIONS)
    assert (done.digest, done.struck) == (d, ())


@BOTH
def test_an_empty_file_strikes_everything(format: str) -> None:
    done = reviewed("", format)
    assert (done.changed, done.added) == (0, 0)
    assert done.digest.qa == ()
    assert done.digest.topics == ()
    assert len(done.struck) > 20


@BOTH
def test_a_section_that_was_switched_off_is_not_struck(format: str) -> None:
    options = RenderOptions(sections=("qa", "tldr"))
    done = review(rich_digest(), original(format, options), format, options)
    assert (done.digest, done.struck) == (rich_digest(), ())


@BOTH
def test_hostile_and_empty_digests_can_be_reviewed(format: str) -> None:
    for digest in (hostile_digest(), empty_digest()):
        text = render(digest, format)
        done = review(digest, text, format, OPTIONS)
        assert done.text == text
        assert done.changed == done.added == 0


def test_only_the_outer_marks_are_taken_away() -> None:
    assert unquote("「他说「好」的」 — 甲") == "他说「好」的 — 甲"
    assert unquote("“a” b “c”") == "a b c"
    assert unquote("没有") == "没有"


# ---- not this ----


def test_what_was_struck_is_remembered_for_its_chat_only(tmp_path: Path) -> None:
    chat, other = Chat(name="甲群", id="g1"), Chat(name="乙群")
    dismiss(tmp_path / "state", chat, ["m1", "m2"])
    dismiss(tmp_path / "state", chat, ["m2", "m3"])
    dismiss(tmp_path / "state", other, ["m1"])
    assert dismissed(tmp_path / "state", chat) == {"m1", "m2", "m3"}
    assert dismissed(tmp_path / "state", other) == {"m1"}
    assert dismissed(tmp_path / "state", Chat(name="丙")) == frozenset()
    assert json.loads((tmp_path / "state" / "not-this.json").read_text("utf-8")) == {"g1": ["m1", "m2", "m3"], "乙群": ["m1"]}


def test_a_damaged_memory_is_named(tmp_path: Path) -> None:
    (tmp_path / "not-this.json").write_text("[1", "utf-8")
    with pytest.raises(DeliveryError, match=r"not-this\.json"):
        dismissed(tmp_path, Chat(name="甲"))


@BOTH
def test_a_line_that_is_only_a_link_is_not_struck_with_another(format: str) -> None:
    d = rich_digest()
    address = "https://docs.example.org/a-rather-long-folder/rules-of-the-group"
    bare = replace(d.resources[1], title=None, text=f"{address}…", url=address)
    d = replace(d, resources=(bare, *d.resources), tldr=())
    untouched = review(d, render(d, format, OPTIONS), format, OPTIONS)
    assert (untouched.struck, untouched.digest) == ((), d)
    done = review(d, without(render(d, format, OPTIONS), "下沙"), format, OPTIONS)
    assert done.struck == d.unanswered[0].message_ids
    assert done.digest.resources == d.resources


@BOTH
def test_the_file_says_how_much_is_printed_after_something_was_struck(format: str) -> None:
    before, done = original(format), reviewed(without(original(format), "下沙"), format)
    assert "收入 61，" in before
    assert "收入 60，" in done.text
    assert "其余 139 条" in done.text
