"""The main way into WeChat and QQ: part by part onto the clipboard, Enter for the next."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.deliver.post import Plan
from pipeline.errors import DeliveryError
from pipeline.i18n import _


def system_copy(text: str) -> None:
    """Puts text on this machine's clipboard; raises DeliveryError where there is none."""
    import pyperclip

    try:
        pyperclip.copy(text)
    except pyperclip.PyperclipException as error:
        raise DeliveryError(
            _("this machine has no clipboard (on Linux install xclip, xsel or wl-clipboard); use --to file, or --dry-run to see the text")
        ) from error


def hand_over_at_once(plan: Plan, tell: Callable[[str], None], copy: Callable[[str], None] = system_copy) -> None:
    """All parts as one text, where nobody is there to press Enter."""
    copy("\n\n".join(plan.texts))
    tell(_("The digest is on the clipboard."))


def hand_over(plan: Plan, tell: Callable[[str], None], wait: Callable[[], None], copy: Callable[[str], None] = system_copy) -> None:
    """Copies each part, says so, and waits before the next one replaces it."""
    total = len(plan.texts)
    for number, text in enumerate(plan.texts, 1):
        copy(text)
        if number < total:
            tell(_("Part {n} of {total} is on the clipboard: paste it, then press Enter for the next.").format(n=number, total=total))
            wait()
        else:
            tell(_("Part {n} of {total} is on the clipboard: paste it. That was all.").format(n=number, total=total))
