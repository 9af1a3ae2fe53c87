"""A digest as Markdown, HTML, plain text or a picture. Looks live in `templates/`; this package only escapes and words.

Every template is autoescaped: what a `{{ … }}` prints is made harmless for the format of that template, so a
template can forget nothing. Text that is already safe is `Markup`.
"""

from __future__ import annotations

from pipeline.render.options import SECTIONS, RenderOptions
from pipeline.render.page import FORMATS, render
from pipeline.render.picture import find_browser, render_png

__all__ = ["FORMATS", "SECTIONS", "RenderOptions", "find_browser", "render", "render_png"]
