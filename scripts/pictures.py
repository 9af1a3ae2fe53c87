"""The pictures of the README: `python scripts/pictures.py`. Digests a sample log and photographs its page.

Needs the development dependencies and a Chromium; the files are committed, so nobody else needs either.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_logs" / "SQL学习群.txt"
IMAGES = ROOT / "docs" / "images"
# name, width, height, colour scheme, device scale
SHOTS = (
    ("digest-phone.png", 390, 844, "light", 2),
    ("digest-phone-dark.png", 390, 844, "dark", 2),
    ("digest-desktop.png", 1200, 800, "light", 1),
)


def main() -> None:
    from playwright.sync_api import sync_playwright

    from pipeline.render import find_browser

    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "pipeline", "digest", str(SAMPLE), "--format", "html,json", "-o", folder]
        subprocess.run(command, cwd=ROOT, check=True)
        page_file = next(Path(folder).glob("*.html"))
        browser = playwright.chromium.launch(executable_path=str(find_browser()), args=["--no-sandbox"])
        for name, width, height, scheme, scale in SHOTS:
            viewport = {"width": width, "height": height}
            context = browser.new_context(viewport=viewport, color_scheme=scheme, device_scale_factor=scale, reduced_motion="reduce")  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(page_file.as_uri())
            if scheme == "dark":  # the second picture shows what unfolds
                page.locator("details.qa summary").first.click()
                page.evaluate("document.getElementById('qa')?.scrollIntoView()")
            page.screenshot(path=IMAGES / name)
        browser.close()


if __name__ == "__main__":
    main()
