"""The digest as long pictures of phone width, taken by a browser that is already installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import DeliveryError
from pipeline.i18n import _
from pipeline.model import Digest
from pipeline.render.options import RenderOptions
from pipeline.render.page import render_html

PICTURE_WIDTH = 430  # CSS pixels, as in digest.css
SCALE = 2  # crisp on a phone
TALLEST = 16_000 // SCALE  # CSS pixels of one picture: beyond 16,384 device pixels browsers leave parts of it empty
PATIENCE_SECONDS = 60
_HEIGHT = re.compile(r'<html[^>]* data-height="(\d+)"')
_CUTS = re.compile(r'<html[^>]* data-cuts="([\d ]*)"')

_COMMANDS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
    "microsoft-edge-stable", "msedge", "brave-browser",
)  # fmt: skip
_MAC = ("Google Chrome", "Microsoft Edge", "Chromium", "Brave Browser")
_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe", "Chromium/Application/chrome.exe")


def find_browser(browser: Path | None = None) -> Path:
    """The Chromium, Chrome or Edge to use: the one named, else $DIANTI_BROWSER, else one found where they are installed."""
    named = browser or (Path(value) if (value := os.environ.get("DIANTI_BROWSER")) else None)
    if named:
        found = shutil.which(named) or (str(named) if named.is_file() else None)
        if found is None:
            raise DeliveryError(_("no browser at {path}; name one with --browser PATH").format(path=named))
        return Path(found)
    for path in _candidates():
        if path.is_file():
            return path
    raise DeliveryError(
        _(
            "a picture needs Chromium, Chrome or Edge, and none was found; name one with --browser PATH, "
            "or take --format html and make a screenshot in any browser, or --format txt and paste the text"
        )
    )


def _candidates() -> Iterator[Path]:
    for command in _COMMANDS:
        if found := shutil.which(command):
            yield Path(found)
    if sys.platform == "darwin":
        for name in _MAC:
            for root in (Path("/Applications"), Path.home() / "Applications"):
                yield root / f"{name}.app" / "Contents" / "MacOS" / name
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if root_name := os.environ.get(variable):
            for tail in _WINDOWS:
                yield Path(root_name) / tail


def render_png(digest: Digest, path: Path, options: RenderOptions | None = None, *, browser: Path | None = None) -> tuple[Path, ...]:
    """Writes the picture to `path`; a long digest becomes several, `<path>-1`, `-2`…, cut between its lines.

    Returns the files in order; raises DeliveryError when there is no browser or it fails.
    """
    program = find_browser(browser)
    with tempfile.TemporaryDirectory(prefix="dianti-", ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "digest.html"
        page.write_text(render_html(digest, options or RenderOptions(), picture=True), "utf-8")
        pieces = _pieces(*_measured(program, page))
        taken = [_taken(program, page, top, bottom) for top, bottom in pieces]
        path.parent.mkdir(parents=True, exist_ok=True)
        names = [path] if len(taken) == 1 else [path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(1, len(taken) + 1)]
        for picture, name in zip(taken, names, strict=True):
            shutil.move(picture, name)
    return tuple(names)


def _taken(program: Path, page: Path, top: int, bottom: int) -> Path:
    """The picture of the page from `top` to `bottom`."""
    picture = page.with_name(f"{top}.png")
    window = f"--window-size={PICTURE_WIDTH},{bottom - top}"
    _run(program, f"{page.as_uri()}#{top}", page.parent, f"--screenshot={picture}", window, f"--force-device-scale-factor={SCALE}")
    if not picture.is_file():
        raise DeliveryError(_("{browser} wrote no picture; try another with --browser PATH").format(browser=program))
    return picture


def _measured(program: Path, page: Path) -> tuple[int, list[int]]:
    """How tall the page is at picture width, and where it may be cut, as its own script measured it."""
    dumped = _run(program, page.as_uri(), page.parent, "--dump-dom", f"--window-size={PICTURE_WIDTH},800")
    height, cuts = _HEIGHT.search(dumped), _CUTS.search(dumped)
    if height is None or cuts is None:
        raise DeliveryError(_("{browser} could not show the page; try another with --browser PATH").format(browser=program))
    return int(height[1]), [int(y) for y in cuts[1].split()]


def _pieces(height: int, cuts: Sequence[int], most: int = TALLEST) -> list[tuple[int, int]]:
    """Top and bottom of each picture: as few as may be, of about one height, cut where it hurts least."""
    pieces: list[tuple[int, int]] = []
    top = 0
    while height - top > most:
        left = -(-(height - top) // most)
        wanted = top + (height - top) // left
        fit = [y for y in cuts if top < y <= top + most and height - y <= most * (left - 1)]
        bottom = min(fit, key=lambda y: (abs(y - wanted), y)) if fit else top + most
        pieces.append((top, bottom))
        top = bottom
    return [*pieces, (top, height)]


def _run(program: Path, address: str, folder: Path, *switches: str) -> str:
    # A profile of its own: a browser that is open would otherwise take the page over and print nothing.
    profile = folder / "profile"
    command = [
        str(program), "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--no-default-browser-check",
        "--disable-extensions",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", *switches,
    ]  # fmt: skip
    if _is_root():
        command.append("--no-sandbox")  # Chromium refuses its sandbox to root; the page is ours and may load nothing
    try:
        done = subprocess.run([*command, address], capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise DeliveryError(
            _("{browser} did not answer in {n} seconds; try another with --browser PATH").format(browser=program, n=PATIENCE_SECONDS)
        ) from error
    except OSError as error:
        raise DeliveryError(_("{browser} cannot be started: {reason}").format(browser=program, reason=error.strerror)) from error
    if done.returncode:
        raise DeliveryError(_("{browser} failed (status {n}); try another with --browser PATH").format(browser=program, n=done.returncode))
    return done.stdout.decode("utf-8", "replace")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
