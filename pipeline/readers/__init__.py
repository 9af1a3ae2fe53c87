"""Exports of chats, whoever wrote them: told apart by their content, read as a stream of messages.

    detect(path)                → Format: exactly one, else an InputError names the candidates
    stream_logs(paths, options) → Chat, its Messages, what was Skipped: never more in memory than a window
    read_logs(paths, options)   → [Export]: whole chats, overlapping exports of one chat merged

Adding a format: a file here with its FORMAT, its line below, a sample in tests/data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.errors import InputError
from pipeline.i18n import _, _noop
from pipeline.model import Chat, Export, Message, Skipped
from pipeline.readers import (
    chatlab,
    chatlog_csv,
    chatlog_json,
    chatlog_txt,
    copied_text,
    dingtalk_json,
    discord_json,
    feishu_json,
    interchange_jsonl,
    irc_log,
    matrix_export,
    mattermost_jsonl,
    memotrace_ai_txt,
    memotrace_csv,
    memotrace_csv_v1,
    memotrace_md,
    memotrace_training,
    memotrace_txt,
    qce_json,
    qce_txt,
    qq_mht,
    qq_txt,
    slack_export,
    table,
    telegram_json,
    wechat_mail,
    wechat_pywxdump_csv,
    wechatexporter_txt,
    wecom_archive,
    weflow_json,
    weflow_txt,
    weflow_xlsx,
    whatsapp_txt,
    wxcli_json,
    wxcli_md,
    wxcli_txt,
    zulip_export,
)
from pipeline.readers._collect import collect
from pipeline.readers._format import Format, ReadOptions
from pipeline.readers._gather import LogFile, format_of, gather
from pipeline.readers._merge import MergePlan, merge_overlap

__all__ = [
    "FORMATS",
    "Format",
    "LogFile",
    "MergePlan",
    "ReadOptions",
    "detect",
    "markdown_table",
    "merge_overlap",
    "open_logs",
    "read_export",
    "read_logs",
    "stream_exports",
    "stream_logs",
]

PIECE = 20_000  # messages of a log that are held at a time while it is streamed
FORMATS: tuple[Format, ...] = (
    interchange_jsonl.FORMAT,
    chatlab.FORMAT,
    copied_text.FORMAT,
    weflow_json.FORMAT,
    weflow_txt.FORMAT,
    weflow_xlsx.FORMAT,
    wechat_pywxdump_csv.FORMAT,
    chatlog_json.FORMAT,
    chatlog_csv.FORMAT,
    chatlog_txt.FORMAT,
    wxcli_json.FORMAT,
    wxcli_txt.FORMAT,
    wxcli_md.FORMAT,
    memotrace_csv_v1.FORMAT,
    memotrace_csv.FORMAT,
    memotrace_txt.FORMAT,
    memotrace_ai_txt.FORMAT,
    memotrace_md.FORMAT,
    memotrace_training.FORMAT,
    wechatexporter_txt.FORMAT,
    qq_txt.FORMAT,
    qce_json.FORMAT,
    qce_json.CHUNKED,
    qce_txt.FORMAT,
    telegram_json.FORMAT,
    discord_json.FORMAT,
    slack_export.FORMAT,
    whatsapp_txt.FORMAT,
    feishu_json.FORMAT,
    dingtalk_json.FORMAT,
    wecom_archive.FORMAT,
    matrix_export.FORMAT,
    mattermost_jsonl.FORMAT,
    zulip_export.FORMAT,
    irc_log.FORMAT,
    qq_mht.FORMAT,
    wechat_mail.FORMAT,
    table.FORMAT,
)


def detect(path: Path) -> Format:
    """The one format whose look the file has. Raises InputError when it is none's or several's."""
    files, skipped = open_logs([path], ReadOptions(tz=ZoneInfo("UTC")))
    for file in files:
        return file.format
    raise InputError(_first_reason(skipped) or _("{path}: nothing in it").format(path=path))


def open_logs(paths: Sequence[Path], options: ReadOptions) -> tuple[list[LogFile], list[Skipped]]:
    """The files of the logs that are chats, and what is none. Raises InputError for the only file given, when it is none."""
    sources, skipped = collect(paths, options, FORMATS)
    files: list[LogFile] = []
    for source, format in sources:
        try:
            files.append(LogFile(source, format or format_of(source, FORMATS, options), options))
        except InputError as error:
            if len(sources) == 1:
                raise
            skipped.append(Skipped(where=source.name, line=0, reason=_without_path(str(error), source.name)))
    return files, skipped


def stream_logs(paths: Sequence[Path], options: ReadOptions) -> Iterator[Chat | Message | Skipped]:
    """Each Chat before its messages, one file after the other, nothing merged: for imports larger than memory."""
    files, skipped = open_logs(paths, options)
    yield from skipped
    for file in files:
        yield from file.parts()


def stream_exports(paths: Sequence[Path], options: ReadOptions, most: int = PIECE) -> Iterator[tuple[bool, Export]]:
    """(is it the chat's first piece in its file?, up to `most` messages of one chat): for imports larger than memory.

    What belongs to no chat comes with the first piece. Raises InputError when there is no chat at all.
    """
    files, skipped = open_logs(paths, options)
    found = False
    for file in files:
        for first, export in file.exports(most):
            yield first, replace(export, skipped=(*skipped, *export.skipped))
            skipped, found = [], True
    if not found:
        raise InputError(_first_reason(skipped) or _("{paths}: no chat in it").format(paths=", ".join(map(str, paths))))


def markdown_table(translated: Callable[[str], str] = str) -> str:
    """The formats as a Markdown table, for the documents."""
    head = f"| {translated(_noop('name'))} | {translated(_noop('format'))} | {translated(_noop('how to get it'))} |"
    rows = [f"| `{format.name}` | {translated(format.title)} | {translated(format.obtain)} |" for format in FORMATS]
    return "\n".join([head, "|---|---|---|", *rows])


def read_export(path: Path, options: ReadOptions) -> list[Export]:
    """The chats of one file (or folder, or zip)."""
    return read_logs([path], options)


def read_logs(paths: Sequence[Path], options: ReadOptions) -> list[Export]:
    """The chats of all the logs; several exports of one chat are one. Raises InputError when nothing could be read."""
    files, skipped = open_logs(paths, options)
    exports = gather(files, skipped, options)
    if exports:
        return exports
    raise InputError(_first_reason(skipped) or _("{paths}: no chat in it").format(paths=", ".join(map(str, paths))))


def _first_reason(skipped: Sequence[Skipped]) -> str:
    """Why there is nothing, by the first thing that could not be read."""
    if not skipped:
        return ""
    first = skipped[0]
    more = _(" (and {n} more)").format(n=len(skipped) - 1) if len(skipped) > 1 else ""
    at = f":{first.line}" if first.line else ""
    return _("no chat could be read: {where}: {reason}{more}").format(where=first.where + at, reason=first.reason, more=more)


def _without_path(message: str, path: str) -> str:
    return message.removeprefix(f"{path}: ")
