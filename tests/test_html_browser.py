"""The page in a real browser: Playwright drives the Chromium that is installed here."""
# ruff: noqa: E501  (JavaScript that is read by the browser)

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from digest_factory import empty_digest, hostile_digest, large_digest, rich_digest

from pipeline.errors import DeliveryError
from pipeline.model import Digest
from pipeline.render import RenderOptions, find_browser, render, render_png
from pipeline.render.picture import PICTURE_WIDTH, SCALE, TALLEST
from pipeline.render.picture import _pieces as cut_into_pieces

DIGESTS = {"rich": rich_digest, "hostile": hostile_digest, "empty": empty_digest, "large": large_digest}
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}

# WCAG: every text against what is painted behind it, with the ratio that its size asks for.
CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat([1]);
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { const stack = []; for (; e; e = e.parentElement) stack.push(rgba(getComputedStyle(e).backgroundColor));
    return stack.reverse().reduce((b, a) => over(a, b), [255, 255, 255, 1]); };
  const bad = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const style = getComputedStyle(e);
    if (!own || e.closest('svg, script, style, [aria-hidden=true]') || !e.getClientRects().length || style.visibility === 'hidden') continue;
    const back = behind(e), front = over(rgba(style.color), back);
    const [hi, lo] = [light(front), light(back)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    const ratio = (hi + 0.05) / (lo + 0.05);
    if (ratio < (large ? 3 : 4.5)) bad.push([e.className || e.tagName, e.textContent.slice(0, 20), ratio.toFixed(2)]);
  }
  return bad;
}"""


@dataclass
class Opened:
    page: Any
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    try:
        program = find_browser()
    except DeliveryError as error:
        pytest.skip(f"no browser here: {error}")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(program), args=["--no-sandbox"])
        yield opened
        opened.close()


def visit(browser: Any, folder: Path, digest: Digest, *, javascript: bool = True, **context: Any) -> Opened:
    file = folder / "digest.html"
    file.write_text(render(digest, "html"), "utf-8")
    page = browser.new_context(**{"viewport": PHONE, "java_script_enabled": javascript, **context}).new_page()
    opened = Opened(page=page)
    page.on("console", lambda message: opened.troubles.append(message.text))
    page.on("pageerror", lambda error: opened.troubles.append(str(error)))
    page.on("dialog", lambda dialog: (opened.troubles.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: opened.requests.append(request.url))
    page.goto(file.as_uri())
    return opened


@pytest.mark.parametrize("name", DIGESTS)
def test_the_page_opens_without_an_error_and_asks_nothing_of_the_network(browser: Any, tmp_path: Path, name: str) -> None:
    opened = visit(browser, tmp_path, DIGESTS[name]())
    opened.page.wait_for_load_state("networkidle")
    assert opened.troubles == []
    assert [r for r in opened.requests if not r.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize(
    ("name", "viewport"), [("rich", PHONE), ("rich", DESKTOP), ("hostile", PHONE), ("hostile", DESKTOP), ("large", PHONE)]
)
def test_nothing_scrolls_sideways(browser: Any, tmp_path: Path, name: str, viewport: dict[str, int]) -> None:
    page = visit(browser, tmp_path, DIGESTS[name](), viewport=viewport).page
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_text_has_enough_contrast(browser: Any, tmp_path: Path, scheme: str, viewport: dict[str, int]) -> None:
    page = visit(browser, tmp_path, rich_digest(), color_scheme=scheme, viewport=viewport).page
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate(CONTRAST) == []


def test_dark_mode_is_dark(browser: Any, tmp_path: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        page = visit(browser, tmp_path, rich_digest(), color_scheme=scheme).page
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    brightness = [sum(int(n) for n in c.removeprefix("rgb(").rstrip(")").split(",")) for c in colours]
    assert brightness[0] > 600
    assert brightness[1] < 120


def test_a_question_unfolds_by_keyboard(browser: Any, tmp_path: Path) -> None:
    page = visit(browser, tmp_path, rich_digest()).page
    question = page.locator("details.qa").first
    assert not question.evaluate("(d) => d.open")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('details.qa') !== null"):
            break
    page.keyboard.press("Enter")
    assert question.evaluate("(d) => d.open")
    assert question.locator(".a").first.is_visible()


def test_the_cited_conversation_unfolds_under_its_line(browser: Any, tmp_path: Path) -> None:
    page = visit(browser, tmp_path, rich_digest()).page
    entry = page.locator("#actions .e").first
    bubbles = entry.locator(".bubble")
    assert not bubbles.first.is_visible()
    entry.locator("summary").click()
    assert bubbles.all_inner_texts() == ["摸底测交卷0分那个有人管吗", "摸底测交卷0分的，把手机型号和截图发我，我统一整理给技术"]


def test_the_page_is_complete_without_javascript(browser: Any, tmp_path: Path) -> None:
    page = visit(browser, tmp_path, rich_digest(), javascript=False).page
    assert not page.locator("#filter").is_visible()
    page.locator("details.qa summary").first.click()
    assert page.locator("details.qa .a").first.is_visible()
    assert page.locator("svg.hours rect").count() == 24


def test_the_filter_box_leaves_what_holds_every_word(browser: Any, tmp_path: Path) -> None:
    page = visit(browser, tmp_path, rich_digest()).page
    page.fill("#filter-box", "计算器 momo")
    assert page.locator("main section:visible").count() == 1
    assert page.locator("details.qa:visible").count() == 1
    assert "1" in page.locator("#filter-count").inner_text()
    page.press("#filter-box", "Escape")
    assert page.locator("details.qa:visible").count() > 3


def test_every_part_has_a_name_for_a_screen_reader(browser: Any, tmp_path: Path) -> None:
    page = visit(browser, tmp_path, rich_digest()).page
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('nav, section, svg:not([aria-hidden]), input, summary, a')].filter((e) =>
          !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    assert page.evaluate(
        "[...document.querySelectorAll('[id]')].length === new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"
    )
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"


def test_links_of_the_contents_lead_to_their_sections(browser: Any, tmp_path: Path) -> None:
    page = visit(browser, tmp_path, rich_digest()).page
    for href in page.eval_on_selector_all("nav a", "(all) => all.map((a) => a.getAttribute('href'))"):
        assert page.locator(f"section{href}").count() == 1


def test_answers_are_printed_on_paper(browser: Any, tmp_path: Path) -> None:
    page = visit(browser, tmp_path, rich_digest(), viewport=DESKTOP).page
    page.emulate_media(media="print")
    assert page.locator("details.qa .a").first.bounding_box()["height"] > 10
    assert not page.locator("nav").is_visible()


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_the_picture_is_of_phone_width_and_holds_the_whole_page(browser: Any, tmp_path: Path) -> None:
    assert render_png(rich_digest(), tmp_path / "sub" / "a.png", RenderOptions()) == (tmp_path / "sub" / "a.png",)
    width, height = png_size(tmp_path / "sub" / "a.png")
    assert width == PICTURE_WIDTH * SCALE
    assert height > 5000
    render_png(empty_digest(), tmp_path / "b.png")
    assert png_size(tmp_path / "b.png")[1] < height / 3


def test_a_long_digest_becomes_several_pictures_of_full_size(browser: Any, tmp_path: Path) -> None:
    d = large_digest()
    files = render_png(replace(d, resources=(), qa=d.qa[:30], topics=d.topics[:10]), tmp_path / "a.png")
    assert [f.name for f in files] == [f"a-{n}.png" for n in range(1, len(files) + 1)]
    sizes = [png_size(f) for f in files]
    assert len(files) > 1
    assert {width for width, _height in sizes} == {PICTURE_WIDTH * SCALE}
    assert all(height <= TALLEST * SCALE for _width, height in sizes)


@pytest.mark.parametrize(
    ("height", "cuts", "pieces"),
    [
        (900, [300, 700], [(0, 900)]),
        (1800, [300, 880, 1000, 1500], [(0, 880), (880, 1800)]),
        (1900, [], [(0, 1000), (1000, 1900)]),
        (2500, list(range(90, 2500, 90)), [(0, 810), (810, 1620), (1620, 2500)]),
    ],
)
def test_pictures_are_cut_between_lines_and_of_about_one_height(height: int, cuts: list[int], pieces: list[tuple[int, int]]) -> None:
    assert cut_into_pieces(height, cuts, most=1000) == pieces


def test_without_a_browser_the_other_ways_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("DIANTI_BROWSER", "PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(DeliveryError, match="--format html"):
        find_browser()
    with pytest.raises(DeliveryError, match="nowhere"):
        find_browser(tmp_path / "nowhere")


def test_a_browser_that_fails_is_named(tmp_path: Path) -> None:
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(DeliveryError, match="status 3"):
        render_png(rich_digest(), tmp_path / "a.png", browser=program)
    assert not (tmp_path / "a.png").exists()
