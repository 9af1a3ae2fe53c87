"""Delivering: the form that fits the target, its parts, each sent once.

`plan` says exactly what would be sent; `deliver` sends a plan. Nothing else decides what a target gets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pipeline.deliver.document import Block, Document, Line, Section, Span
from pipeline.deliver.platforms import PLATFORMS, Attachment, Reply, Request, text_of, wecom_file
from pipeline.deliver.receipts import Receipts
from pipeline.deliver.sending import UncertainError, Wire, send
from pipeline.deliver.split import Part, split
from pipeline.deliver.targets import Target
from pipeline.errors import DeliveryError
from pipeline.i18n import _, catalog

Form = Literal["auto", "full", "short"]
MOST_PARTS = 3  # more would flood a group: then the short form, and the whole as a file or a link


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Exactly what a target gets, in order."""

    target: Target
    form: Literal["full", "short"]
    parts: tuple[Part, ...]
    attachment: Attachment | None = None

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(text_of(p.lines, self.target.platform.markup) for p in self.parts)

    @cached_property
    def digest(self) -> str:
        """What makes two deliveries the same: the words of all parts."""
        return hashlib.sha256("\0".join(self.texts).encode("utf-8", "surrogatepass")).hexdigest()

    def json(self) -> dict[str, Any]:
        """The dry run: `{"target", "parts": [{"text", …}]}`."""
        platform = self.target.platform
        return {
            "target": self.target.name, "platform": platform.name, "form": self.form, "unit": platform.unit, "limit": platform.limit,
            "parts": [
                {"text": text, "title": part.title, "size": platform.measure(part.lines)}
                for part, text in zip(self.parts, self.texts, strict=True)
            ],
            "attachment": self.attachment.name if self.attachment else None,
        }  # fmt: skip


def plan(target: Target, full: Document, short: Document, attachment: Attachment | None = None, form: Form = "auto") -> Plan:
    """The whole digest in at most `MOST_PARTS` parts, else its short form with a file or link to the whole."""
    platform = target.platform
    wanted = form if form != "auto" else target.settings.get("form", "auto")
    if wanted != "short":
        parts = split(full, platform.limit, platform.measure)
        if wanted == "full" or len(parts) <= MOST_PARTS or platform.name == "file":
            return Plan(target=target, form="full", parts=parts)
    link = target.settings.get("link")
    attached = attachment if platform.attach and not link else None
    parts = split(_pointing(short, link, attached), platform.limit, platform.measure)
    return Plan(target=target, form="short", parts=parts, attachment=attached)


def _pointing(short: Document, link: str | None, attached: Attachment | None) -> Document:
    """The short form with a last line that says where the whole is."""
    labels = catalog(short.lang)
    if link:
        pointer = Line(spans=(Span(text=labels.gettext("Full digest: ")), Span(text=link, url=link)))
    elif attached:
        pointer = Line(spans=(Span(text=labels.gettext("Full digest: the file below")),))
    else:
        return short
    return replace(short, sections=(*short.sections, Section(title="", blocks=(Block(lines=(pointer,)),))))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a delivery went, part by part; numbers start at 1, the attachment's is one more than the last part's."""

    sent: tuple[int, ...]
    already: tuple[int, ...]


def deliver(
    plan: Plan, receipts: Receipts, now: Callable[[], datetime], wire: Wire | None = None, resend: frozenset[int] = frozenset()
) -> Outcome:
    """Sends what no receipt says was sent. Raises DeliveryError at the first part that did not go through."""
    wire = wire or Wire()
    sent: list[int] = []
    already: list[int] = []
    steps: list[tuple[int, Callable[[], None]]] = [(i + 1, _sender(plan, part, wire)) for i, part in enumerate(plan.parts)]
    if plan.attachment:
        steps.append((len(steps) + 1, lambda: _send_attachment(plan, wire)))
    for number, step in steps:
        if number in resend:
            receipts.settle(plan.digest, plan.target.name, number, "failed", now())
        if not receipts.claim(plan.digest, plan.target.name, number, len(steps), now()):
            _refuse_uncertain(plan, receipts, number, len(steps))
            already.append(number)
            continue
        if sent:
            wire.sleep(plan.target.platform.seconds_between)
        _take(plan, receipts, number, len(steps), now, step)
        sent.append(number)
    return Outcome(sent=tuple(sent), already=tuple(already))


def _take(plan: Plan, receipts: Receipts, number: int, total: int, now: Callable[[], datetime], step: Callable[[], None]) -> None:
    """One step and its receipt: "failed" may be tried again, "sending" stays where no answer came."""
    target = plan.target.name
    try:
        step()
    except UncertainError as error:
        raise DeliveryError(_uncertain(target, number, total, str(error))) from error
    except DeliveryError as error:
        receipts.settle(plan.digest, target, number, "failed", now())
        raise DeliveryError(
            _("{target}, part {n} of {total}: {reason}").format(target=target, n=number, total=total, reason=error)
        ) from error
    receipts.settle(plan.digest, target, number, "sent", now())


def _refuse_uncertain(plan: Plan, receipts: Receipts, number: int, total: int) -> None:
    if receipts.state(plan.digest, plan.target.name, number) == "sending":
        raise DeliveryError(_uncertain(plan.target.name, number, total, _("an earlier run was cut off")))


def _uncertain(target: str, number: int, total: int, reason: str) -> str:
    return _(
        "{target}, part {n} of {total} may have arrived: {reason}. Look there; then run again with --resend {n} if it did not, "
        "or --sent {n} if it did"
    ).format(target=target, n=number, total=total, reason=reason)


def _sender(plan: Plan, part: Part, wire: Wire) -> Callable[[], None]:
    target = plan.target
    if target.platform.name == "apprise":
        return lambda: _apprise(target, part)
    request, verdict = target.platform.request, target.platform.verdict
    assert request is not None
    assert verdict is not None

    def step() -> None:
        send(lambda now: request(part, target.secrets, target.settings, now), verdict, target.secrets, wire)

    return step


def _send_attachment(plan: Plan, wire: Wire) -> None:
    target, attachment = plan.target, plan.attachment
    attach, verdict = target.platform.attach, target.platform.verdict
    assert attach is not None
    assert verdict is not None
    assert attachment is not None
    reply = send(lambda now: attach(attachment, target.secrets, target.settings, now), verdict, target.secrets, wire)
    if target.platform is PLATFORMS["wecom"]:
        send(lambda now: _wecom_file(reply, target), verdict, target.secrets, wire)


def _wecom_file(reply: Reply, target: Target) -> Request:
    """WeCom takes a file in two steps: uploaded, then shown."""
    media_id = reply.body.get("media_id", "") if isinstance(reply.body, Mapping) else ""
    return wecom_file(media_id, target.secrets, target.settings)


def _apprise(target: Target, part: Part) -> None:
    """Every other service (QQ through OneBot, Matrix, mail…), by its apprise address."""
    import apprise

    service = apprise.Apprise()
    if not service.add(target.secrets.url):
        raise DeliveryError(_("apprise does not know this kind of address"))
    body = text_of(part.lines[1:], "plain")
    if not service.notify(body=body, title=part.title, body_format=apprise.NotifyFormat.TEXT):
        raise DeliveryError(_("apprise could not deliver it"))


def write_file(plan: Plan, path: Path) -> None:
    """The target `file`: the whole digest as text."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(plan.texts) + "\n", "utf-8")
    except OSError as error:
        raise DeliveryError(_("{path}: cannot be written ({reason})").format(path=path, reason=error.strerror)) from error
