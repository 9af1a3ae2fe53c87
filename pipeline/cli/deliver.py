"""post, review, init, schedule: from a written digest to the group."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli._common import Globals, note, print_json_line
from pipeline.config import EXAMPLE, FILE, Config, load_config
from pipeline.errors import DeliveryError, InputError, UserError
from pipeline.i18n import _

if TYPE_CHECKING:
    from pipeline.deliver.post import Form, Plan
    from pipeline.deliver.source import Source
    from pipeline.deliver.targets import Target
    from pipeline.model import Digest
    from pipeline.render import RenderOptions

FOLDER = click.Path(path_type=Path, file_okay=False)
LONGEST_TASK = 261  # characters of schtasks' /TR
A_FILE = click.Path(path_type=Path, dir_okay=False)

# ---- post ----


@click.command(
    "post",
    help=_(
        "Posts a digest: its JSON, or the Markdown or text file that you have reviewed. A part that was sent is never sent again.\n\n\b\n"
        "Examples:\n  dianti post out/群.json --to clipboard\n  dianti post out/群.md --to me,group\n"
        "  dianti post out/群.json --to wecom --dry-run --json"
    ),
)
@click.argument("digest", type=click.Path(path_type=Path))
@click.option("--to", "targets", required=True, metavar="TARGETS", help=_("clipboard, file, or names from dianti.toml, with commas."))
@click.option("--dry-run", is_flag=True, help=_("Show the exact parts, send nothing."))
@click.option("--json", "as_json", is_flag=True, help=_("With --dry-run: as JSON."))
@click.option("--short", "form", flag_value="short", type=str, help=_("Only the short form."))
@click.option("--full", "form", flag_value="full", type=str, help=_("The whole digest, however many parts that takes."))
@click.option("--resend", multiple=True, type=click.IntRange(min=1), metavar="N", help=_("Send part N again: it did not arrive."))
@click.option("--sent", multiple=True, type=click.IntRange(min=1), metavar="N", help=_("Part N did arrive: go on after it."))
@click.option("--templates", type=FOLDER, help=_("Folder with templates of your own."))
@click.pass_obj
def post_command(
    settings: Globals,
    digest: Path,
    targets: str,
    dry_run: bool,
    as_json: bool,
    form: Form | None,
    resend: tuple[int, ...],
    sent: tuple[int, ...],
    templates: Path | None,
) -> None:
    if as_json and not dry_run:
        raise click.UsageError(_("--json goes with --dry-run"))
    names = [name.strip() for name in targets.split(",") if name.strip()]
    if not names:
        raise click.UsageError(_("--to names no target"))
    if len(names) > 1 and (resend or sent):
        raise click.UsageError(_("--resend and --sent go with one target"))
    if dry_run:
        for name in names:
            _show(name, _plan(digest, name, settings, templates, form or "auto", dry=True), digest, as_json)
        return
    _to_each(names, lambda name: _deliver(digest, name, settings, templates, form or "auto", frozenset(resend), frozenset(sent)))


def post_all(source: Path, names: Sequence[str], settings: Globals, *, fresh: bool = True) -> None:
    """Posts a digest's file to each target; `dianti run --to` ends here.

    A digest that is not fresh was posted by an earlier run: only what that run began and did not finish is sent.
    """
    if fresh:
        _to_each(names, lambda name: _deliver(source, name, settings, None, "auto", frozenset(), frozenset()))
    else:
        _to_each(names, lambda name: _finish(source, name, settings))


def _to_each(names: Sequence[str], post: Callable[[str], None]) -> None:
    """One target that fails keeps nothing from the others; all that went wrong is told at the end."""
    failed = []
    for name in names:
        try:
            post(name)
        except UserError as error:
            failed.append(str(error))
    if failed:
        raise DeliveryError("; ".join(failed))


def _deliver(
    path: Path, name: str, settings: Globals, templates: Path | None, form: Form, resend: frozenset[int], sent: frozenset[int]
) -> None:
    plan = _plan(path, name, settings, templates, form, dry=False)
    if plan is None:
        note(_nothing(path))
    elif plan.target.platform.name == "clipboard":
        _to_clipboard(plan, path)
    elif plan.target.platform.name == "file":
        _to_file(plan, path)
    else:
        _over_the_wire(plan, settings, resend, sent)


def _finish(path: Path, name: str, settings: Globals) -> None:
    """Sends what an earlier run left unsent; nothing where that run never began."""
    from pipeline.deliver.receipts import open_receipts, state_folder

    plan = _plan(path, name, settings, None, "auto", dry=False)
    if plan is None or plan.target.platform.request is None:
        return
    with open_receipts(state_folder(settings.archive)) as receipts:
        begun = receipts.begun(plan.digest, name)
    if begun:
        _over_the_wire(plan, settings, frozenset(), frozenset())
    else:
        note(
            _("nothing new for {target}; to post the last digest all the same: dianti post {path} --to {target}").format(
                target=name, path=path
            )
        )


def _nothing(path: Path) -> str:
    return _("{path}: nothing worth posting, so nothing is posted").format(path=path)


def _plan(path: Path, name: str, settings: Globals, templates: Path | None, form: Form, *, dry: bool) -> Plan | None:
    from pipeline.deliver.source import plan_for, read_source
    from pipeline.deliver.targets import resolve

    config = load_config(settings.config)
    target: Target = resolve(name, config.targets, dry=dry)
    source = read_source(path)
    if source.text is not None and source.digest is None:
        beside = path.with_suffix(".json").name
        note(_("{path}: without {json} beside it, changed lines cannot be told from verbatim ones").format(path=path, json=beside))
    return plan_for(source, target, _options(settings, config, templates, source), form)


def _options(settings: Globals, config: Config, templates: Path | None, source: Source) -> RenderOptions:
    from pipeline.cli._settings import render_options
    from pipeline.render import RenderOptions

    if source.digest is None:
        return RenderOptions(lang=settings.labels or "zh-hans", templates=templates or config.templates)
    return render_options(settings, templates or config.templates, source.digest)


def _show(name: str, plan: Plan | None, path: Path, as_json: bool) -> None:
    if plan is None:
        note(_nothing(path))
    if as_json:
        print_json_line(plan.json() if plan else {"target": name, "parts": []})
        return
    for number, text in enumerate(plan.texts if plan else (), 1):
        click.echo(f"=== {name} {number}/{len(plan.texts) if plan else 0} ===\n{text}\n")
    if plan and plan.attachment:
        click.echo(f"=== {name} + {plan.attachment.name} ===")


def _to_clipboard(plan: Plan, path: Path) -> None:
    from pipeline.deliver.clipboard import hand_over, hand_over_at_once

    def tell(message: str) -> None:
        click.echo(message, err=True)

    def wait() -> None:
        sys.stdin.readline()

    if sys.stdin.isatty():
        hand_over(plan, tell, wait)
    else:
        hand_over_at_once(plan, tell)
    if plan.form == "short":
        page = path.with_suffix(".html")
        whole = _("The whole digest is in {path}: send that file along, or --format png as a picture.").format(path=page)
        note(whole if page.is_file() else _("That was the short form; --full copies the whole digest, part by part."))


def _to_file(plan: Plan, path: Path) -> None:
    from pipeline.deliver.post import write_file

    written = Path(plan.target.settings.get("path") or path.with_name(f"{path.stem}.post.txt")).expanduser()
    write_file(plan, written)
    note(_("written: {path}").format(path=written))


def _over_the_wire(plan: Plan, settings: Globals, resend: frozenset[int], sent: frozenset[int]) -> None:
    from pipeline.deliver.post import deliver
    from pipeline.deliver.receipts import open_receipts, state_folder

    with open_receipts(state_folder(settings.archive)) as receipts:
        for number in sent:
            receipts.settle(plan.digest, plan.target.name, number, "sent", settings.now)
        outcome = deliver(plan, receipts, lambda: datetime.now(UTC), resend=resend)
    if outcome.sent:
        note(_("{target}: {n} parts sent").format(target=plan.target.name, n=len(outcome.sent)))
    if outcome.already:
        note(_("{target}: {n} parts were sent before and not again").format(target=plan.target.name, n=len(outcome.already)))


# ---- review ----


@click.command(
    "review",
    help=_(
        "Takes over what you struck, moved, changed or added in a digest's Markdown or text file: a changed line loses its quotation "
        "marks, and what you struck is remembered as not wanted in that chat. In a terminal, with a digest's JSON, it opens your editor "
        "first.\n\n\b\nExamples:\n  dianti review out/群.json\n  dianti review out/群.md\n"
        "  dianti review faq"
    ),
    short_help=_("Takes over what you changed in a digest, or in the FAQ (dianti review faq)."),
)
@click.argument("digest", type=click.Path(path_type=Path))
@click.option("--edited", type=A_FILE, help=_("The edited Markdown or text file [opens an editor]."))
@click.option("-o", "--output", type=FOLDER, help=_("Folder for the reviewed files [over the old ones]."))
@click.option("--dry-run", is_flag=True, help=_("Only say what would change."))
@click.pass_obj
def review_command(settings: Globals, digest: Path, edited: Path | None, output: Path | None, dry_run: bool) -> None:
    if str(digest) == "faq" and not digest.exists():
        from pipeline.cli.memory import review_faq

        review_faq(settings, edited, dry_run)
        return
    from pipeline.deliver.dismissed import dismiss
    from pipeline.deliver.receipts import state_folder
    from pipeline.deliver.review import review
    from pipeline.deliver.source import FORMATS, read_source

    source = read_source(digest)
    if source.digest is None:
        raise InputError(_("{path}: its JSON is not beside it; review needs both").format(path=digest))
    config = load_config(settings.config)
    options = _options(settings, config, None, source)
    if edited is not None:
        format = FORMATS.get(edited.suffix.lower())
        if format is None:
            raise InputError(_("{path}: review reads .md and .txt").format(path=edited))
        text = read_source(edited).text or ""
    elif source.text is not None:
        edited, format, text = digest, source.format, source.text
    else:
        edited, format, text = digest.with_suffix(".md"), "md", _in_editor(source.digest, options)
    done = review(source.digest, text, format, options)
    click.echo(
        _("struck: {struck}, changed: {changed}, added: {added}").format(struck=len(done.struck), changed=done.changed, added=done.added),
        err=True,
    )
    if dry_run:
        return
    # Struck lines are remembered before the files change: a second run could no longer see them.
    dismiss(state_folder(settings.archive), source.digest.chat, done.struck)
    _write_reviewed(done.digest, done.text, edited, digest, output, options)


def _in_editor(digest: Digest, options: RenderOptions) -> str:
    """The Markdown in the person's editor, or at the terminal line by line; what comes back is the edited file."""
    from pipeline.render import render

    text = render(digest, "md", options)
    if not sys.stdin.isatty():
        raise UserError(_("no terminal to review in; edit the .md or .txt file and name it with --edited FILE"))
    edited = click.edit(text, extension=".md")
    if edited is None:
        raise UserError(_("nothing was saved, so nothing was changed"))
    return edited


def _write_reviewed(digest: Digest, text: str, edited: Path, path: Path, output: Path | None, options: RenderOptions) -> None:
    """The reviewed JSON and text, and anew whatever other forms lie beside them."""
    from pipeline.digest.as_json import digest_json
    from pipeline.render import render

    folder = output or path.parent
    stem = path.stem
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / f"{stem}.json", json.dumps(digest_json(digest), ensure_ascii=False, indent=1) + "\n")
        for format in ("md", "txt", "html"):
            if f".{format}" != edited.suffix.lower() and path.with_suffix(f".{format}").is_file():
                _replace(folder / f"{stem}.{format}", render(digest, format, options))
        _replace(folder / f"{stem}{edited.suffix}", text)
    except OSError as error:
        raise DeliveryError(_("{path}: cannot be written ({reason})").format(path=folder, reason=error.strerror)) from error


def _replace(path: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, "utf-8", newline="\n")
    fresh.replace(path)
    note(_("written: {path}").format(path=path))


# ---- init, schedule ----


@click.command("init", help=_("Writes a commented dianti.toml into this folder.\n\n\b\nExample:\n  dianti init"))
@click.option("-o", "--output", type=A_FILE, default=Path(FILE), show_default=True, help=_("File to write."))
@click.option("--force", is_flag=True, help=_("Also over a file that is there."))
@click.pass_obj
def init_command(settings: Globals, output: Path, force: bool) -> None:
    if output.exists() and not force:
        raise UserError(_("{path} is there already; --force writes over it").format(path=output))
    try:
        output.write_text(EXAMPLE.read_text("utf-8"), "utf-8", newline="\n")
    except OSError as error:
        raise UserError(_("{path}: cannot be written ({reason})").format(path=output, reason=error.strerror)) from error
    note(_("written: {path}").format(path=output))


@click.command(
    "schedule",
    help=_(
        "Prints the line for crontab and for the Windows Task Scheduler that runs the routine every day. Without --at: an hour after "
        "the chat's own busiest hour, by the archive.\n\n\b\nExample:\n  dianti schedule ~/exports --to me --at 22:30"
    ),
)
@click.argument("log", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--at", metavar="HH:MM", help=_("Time of day [an hour after the chat's busiest]."))
@click.option("--to", "targets", metavar="TARGETS", help=_("Post it there, too: names from dianti.toml, with commas."))
@click.option("-o", "--output", type=FOLDER, help=_("Folder to write to."))
@click.pass_obj
def schedule_command(settings: Globals, log: tuple[Path, ...], at: str | None, targets: str | None, output: Path | None) -> None:
    hour, minute = _time_of_day(at) if at else _after_the_peak(settings)
    folder = (output or Path("out")).absolute()
    words = [sys.executable, "-m", "pipeline", "--archive", str(settings.archive.absolute())]
    if config := settings.config or (Path(FILE) if Path(FILE).is_file() else None):  # the Task Scheduler starts in a folder of its own
        words += ["--config", str(config.absolute())]
    words += ["run", *(str(p.absolute()) for p in log), "-o", str(folder), *(["--to", targets] if targets else [])]
    # cron reads a bare % as a line end.
    cron = " ".join(shlex.quote(w) for w in words).replace("%", "\\%")
    click.echo(_("# crontab -e (Linux, macOS; your settings folder: {folder})").format(folder=Path.cwd()))
    click.echo(f"{minute} {hour} * * * cd {shlex.quote(str(Path.cwd()))} && {cron}")
    click.echo(_("# Windows, in a command prompt:"))
    task = _for_windows(words)
    click.echo(f'schtasks /Create /F /SC DAILY /ST {hour:02d}:{minute:02d} /TN dianti /TR "{task}"')
    if len(task) > LONGEST_TASK:
        note(_("Windows takes {n} characters at most there: put the command into a .bat file and name that").format(n=LONGEST_TASK))


def _for_windows(words: Sequence[str]) -> str:
    """The command inside schtasks' quotation marks, where a mark is written with a backslash."""
    return " ".join(f'\\"{w}\\"' if " " in w or not w.isascii() else w for w in words)


def _time_of_day(text: str) -> tuple[int, int]:
    hour, colon, minute = text.partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise click.UsageError(_("--at {text}: write a time such as 22:30").format(text=text))
    return int(hour), int(minute)


def _after_the_peak(settings: Globals) -> tuple[int, int]:
    """The hour after the archive's busiest one; 22:00 without an archive."""
    if not settings.archive.exists():
        note(_("no archive yet, so 22:00; choose with --at"))
        return 22, 0
    from pipeline.archive import open_archive

    hours = [0] * 24
    with open_archive(settings.archive, read_only=True) as archive:
        for chat in archive.chats():
            for message in archive.each_message(chat):
                hours[message.sent_at.astimezone(settings.tz).hour] += 1
    peak = hours.index(max(hours))
    note(_("busiest at {hour}:00 ({n} messages)").format(hour=f"{peak:02d}", n=hours[peak]))
    return (peak + 1) % 24, 0
