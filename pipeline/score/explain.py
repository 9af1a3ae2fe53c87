"""Why a message has its value, in words."""

from __future__ import annotations

from pipeline.i18n import _
from pipeline.model import Scored


def explain_value(scored: Scored) -> list[str]:
    """One line a signal, strongest first."""
    lines = [_("value {value:.2f}").format(value=scored.value)]
    if scored.noise:
        lines.append(_("noise: {reason}").format(reason=scored.noise.value))
    for name, part in sorted(scored.why.items(), key=lambda pair: (-abs(pair[1]), pair[0])):
        if abs(part) >= 0.005:
            lines.append(f"{part:+.2f} {name}")
    return lines
