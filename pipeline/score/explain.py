"""Why a message has its value, in words."""

from __future__ import annotations

from pipeline.i18n import _
from pipeline.model import Scored

SMALLEST = 0.05  # log-odds below which a part is not worth a line
STRONG = 0.7  # log-odds that double the odds


def explain_value(scored: Scored) -> list[str]:
    """The value, then one line a signal, strongest first: how it moved the value and by how many log-odds."""
    lines = [_("value {value:.2f} (0 nothing, 1 must be read)").format(value=scored.value)]
    if scored.noise:
        lines.append(_("noise: {reason}").format(reason=scored.noise.value))
    if scored.is_question:
        lines.append(_("it asks something that wants an answer ({chance:.0%})").format(chance=scored.question))
    names = _names()
    for name, part in sorted(scored.why.items(), key=lambda pair: (-abs(pair[1]), pair[0])):
        if abs(part) >= SMALLEST and name in names:
            lines.append(_("{direction}: {sign} ({part})").format(direction=_direction(part), sign=names[name], part=f"{part:+.2f}"))
    return lines


def _direction(part: float) -> str:
    if part > 0:
        return _("raises it much") if part >= STRONG else _("raises it")
    return _("lowers it much") if part <= -STRONG else _("lowers it")


def _names() -> dict[str, str]:
    return {
        "meaning": _("what it and its neighbours say"),
        "question": _("it asks or does not ask"),
        "answer": _("advice, reasons, steps, experience"),
        "correction": _("it corrects an error or takes one back"),
        "plan": _("dates, plans, tasks, decisions"),
        "resource": _("a link, file, document or job"),
        "report": _("an error reported or solved"),
        "density": _("how much it holds: length, numbers, punctuation"),
        "novelty": _("rare and new words, no repetition"),
        "reactions": _("what came back: quotes, thanks, questions, reactions"),
        "corrected_later": _("somebody corrects it later"),
        "small_talk": _("thanks, greetings, laughter, faces"),
        "selling": _("it sells something"),
        "quarrel": _("harsh words"),
        "private": _("private matter"),
        "sender": _("what its sender else writes"),
        "moment": _("pace and pauses around it"),
        "conversation": _("the messages before and after it"),
        "highlight": _("what people highlight in talks"),
        "standing": _("the sender's standing in the archive"),
        "noise": _("it is noise"),
        "base": _("where every message starts"),
    }
