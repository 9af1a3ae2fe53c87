"""The digest as a long picture of phone width, taken by a browser that is already installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import DeliveryError
from pipeline.i18n import _
from pipeline.model import Digest
from pipeline.render.options import RenderOptions
from pipeline.render.page import render_html

PICTURE_WIDTH = 430  # CSS pixels, as in digest.css
SCALE = 2  # crisp on a phone
TALLEST = 16_000  # device pixels; beyond it browsers leave parts of a picture empty
PATIENCE_SECONDS = 60
_HEIGHT = re.compile(r'<html[^>]* data-height="(\d+)"')

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


def render_png(digest: Digest, path: Path, options: RenderOptions | None = None, *, browser: Path | None = None) -> None:
    """Writes the picture to `path`; raises DeliveryError when there is no browser or it fails."""
    program = find_browser(browser)
    with tempfile.TemporaryDirectory(prefix="dianti-", ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "digest.html"
        page.write_text(render_html(digest, options or RenderOptions(), picture=True), "utf-8")
        height = _height(program, page)
        scale = min(SCALE, TALLEST / height)
        picture = Path(folder) / "digest.png"
        _run(
            program, page, f"--screenshot={picture}", f"--window-size={PICTURE_WIDTH},{height}", f"--force-device-scale-factor={scale:.3f}"
        )
        if not picture.is_file():
            raise DeliveryError(_("{browser} wrote no picture; try another with --browser PATH").format(browser=program))
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(picture, path)


def _height(program: Path, page: Path) -> int:
    """How tall the page is at picture width, as its own script measured it."""
    dumped = _run(program, page, "--dump-dom", f"--window-size={PICTURE_WIDTH},800")
    found = _HEIGHT.search(dumped)
    if found is None:
        raise DeliveryError(_("{browser} could not show the page; try another with --browser PATH").format(browser=program))
    return int(found.group(1))


def _run(program: Path, page: Path, *switches: str) -> str:
    # A profile of its own: a browser that is open would otherwise take the page over and print nothing.
    profile = page.parent / "profile"
    command = [
        str(program), "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--no-default-browser-check",
        "--disable-extensions",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", *switches,
    ]  # fmt: skip
    if _is_root():
        command.append("--no-sandbox")  # Chromium refuses its sandbox to root; the page is ours and may load nothing
    try:
        done = subprocess.run([*command, page.as_uri()], capture_output=True, timeout=PATIENCE_SECONDS, check=False)
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
