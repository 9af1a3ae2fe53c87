"""Where a digest goes: stdout for one chat and one format, else files named by chat and period."""

from __future__ import annotations

import glob
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli._common import Globals, note
from pipeline.cli._settings import render_options
from pipeline.errors import UserError
from pipeline.i18n import _
from pipeline.model import Digest

_UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069]+')
MAX_NAME = 60


@dataclass(frozen=True, kw_only=True)
class Writer:
    """`output` None: stdout."""

    output: Path | None
    formats: list[str]
    templates: Path | None = None
    browser: Path | None = None
    keep: bool = False  # files that are there stay: somebody may have reviewed them since


def write_digest(digest: Digest, writer: Writer, settings: Globals) -> list[Path]:
    """Writes each format; the files, in order (none for stdout)."""
    written = []
    for name in writer.formats:
        if writer.keep and writer.output is not None and (there := _there(_path(digest, writer.output, name))):
            written += there
            continue
        fresh = _written(digest, name, writer, settings)
        for path in fresh:
            note(_("written: {path}").format(path=path))
        written += fresh
    return written


def _there(path: Path) -> list[Path]:
    """The files of that name that exist: a long digest has several pictures."""
    return [p for p in (path, *sorted(path.parent.glob(f"{glob.escape(path.stem)}-[0-9]{path.suffix}"))) if p.exists()]


def _written(digest: Digest, name: str, writer: Writer, settings: Globals) -> list[Path]:
    """One format, on stdout (then no file) or in the folder."""
    if name == "png":
        assert writer.output is not None
        return _pictures(digest, _path(digest, writer.output, name), writer, settings)
    data = _rendered(digest, name, writer, settings).encode("utf-8")
    if writer.output is None:
        sys.stdout.buffer.write(data)
        return []
    path = _path(digest, writer.output, name)
    path.write_bytes(data)
    return [path]


def _rendered(digest: Digest, name: str, writer: Writer, settings: Globals) -> str:
    if name == "json":
        from pipeline.digest import digest_json

        return json.dumps(digest_json(digest), ensure_ascii=False, indent=1) + "\n"
    from pipeline.render import render

    return render(digest, name, render_options(settings, writer.templates, digest))


def _pictures(digest: Digest, path: Path, writer: Writer, settings: Globals) -> list[Path]:
    from pipeline.render import render_png

    return list(render_png(digest, path, render_options(settings, writer.templates, digest), browser=writer.browser))


def _path(digest: Digest, folder: Path, suffix: str) -> Path:
    """`<chat>-<first>_<last>.<format>`, for one member `<chat>@<member>-…`; no name can leave the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            _("{folder}: cannot be written to ({reason}); choose another with -o").format(folder=folder, reason=error.strerror)
        ) from error
    name = _file_name(digest.chat.name) or "chat"
    whose = f"@{_file_name(digest.member)}" if digest.member else ""
    return folder / f"{name}{whose}-{digest.start.date().isoformat()}_{digest.end.date().isoformat()}.{suffix}"


def _file_name(text: str) -> str:
    return _UNSAFE.sub("_", text).strip(" ._")[:MAX_NAME]
