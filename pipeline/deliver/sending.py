"""One message over the wire: tries again when told to, waits as long as told, and knows what it does not know."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.deliver.platforms import Reply, Request, Secrets
from pipeline.errors import DeliveryError
from pipeline.i18n import _

if TYPE_CHECKING:
    import httpx

TRIES = 5
FIRST_WAIT_SECONDS = 1.0  # doubled at each further try
LONGEST_WAIT_SECONDS = 120.0  # a platform that wants more is better served by a later run
TIMEOUT_SECONDS = 20.0


class UncertainError(DeliveryError):
    """The request may have been carried out: no answer came."""


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How to wait and how to read the clock; tests hand in their own."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    timeout: float = TIMEOUT_SECONDS


def send(make: Callable[[float], Request], verdict: Callable[[Reply], str], secrets: Secrets, wire: Wire) -> Reply:
    """Sends until the platform says it is done; `make` builds the request anew, since signatures age.

    Raises UncertainError when no answer came to a request that went out, DeliveryError when it was refused.
    """
    import httpx

    # httpx logs whole addresses at INFO, and ours hold keys.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    wait, told = FIRST_WAIT_SECONDS, ""
    with httpx.Client(timeout=wire.timeout, follow_redirects=False, verify=_trusted()) as client:
        for attempt in range(TRIES):
            reply = _once(client, make(wire.clock()))
            told = verdict(reply) if reply else _("no connection")
            if reply and not told:
                return reply
            if reply and told != "again":
                raise DeliveryError(_("refused: {reason}").format(reason=redact(told, secrets)))
            pause = reply.retry_after if reply and reply.retry_after is not None else wait
            if pause > LONGEST_WAIT_SECONDS:
                raise DeliveryError(_("the platform wants {n} seconds of rest; run again later").format(n=round(pause)))
            if attempt < TRIES - 1:
                wire.sleep(pause)
            wait *= 2
    reason = told if told != "again" else _("busy or out of order")
    raise DeliveryError(_("not delivered after {n} tries ({reason}); run again later").format(n=TRIES, reason=redact(reason, secrets)))


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The certificates, read once and not for each part."""
    import httpx

    return httpx.create_ssl_context()


def _once(client: httpx.Client, request: Request) -> Reply | None:
    """One try: the reply, or None when nothing can have left this machine."""
    import httpx

    try:
        response = client.post(request.url, json=request.json, data=request.data, files=request.files)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        return None
    except httpx.InvalidURL as error:
        raise DeliveryError(_("the target's address is no web address")) from error
    except httpx.TransportError as error:
        raise UncertainError(_("no answer came ({kind})").format(kind=type(error).__name__)) from error
    body = _body(response)
    return Reply(status=response.status_code, body=body, retry_after=_retry_after(response.headers, body))


def _body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text[:300]


def _retry_after(headers: Mapping[str, str], body: Any) -> float | None:
    """Seconds to wait: of the header, of Telegram's parameters, or of Discord's body."""
    found: list[Any] = [headers.get("retry-after")]
    if isinstance(body, Mapping):
        parameters = body.get("parameters")
        found += [parameters.get("retry_after") if isinstance(parameters, Mapping) else None, body.get("retry_after")]
    seconds = []
    for value in found:
        try:
            seconds.append(float(value))
        except (TypeError, ValueError):
            continue
    return max(seconds, default=None) if all(s >= 0 for s in seconds) else None


def redact(text: str, secrets: Secrets) -> str:
    """A platform's words without anything secret in them, on one line."""
    for hidden in sorted(_hidden(secrets), key=len, reverse=True):
        text = text.replace(hidden, "***")
    return " ".join(text.split())[:200]


def _hidden(secrets: Secrets) -> set[str]:
    """The secrets, and the parts of an address that are one: values of its query, long pieces of its path."""
    parts = urlsplit(secrets.url)
    values = [value for pair in parts.query.split("&") for value in pair.partition("=")[2:]]
    pieces = [piece for piece in parts.path.split("/") if len(piece) > 12]
    return {h for h in (secrets.url, secrets.token, secrets.secret, *values, *pieces) if len(h) > 3}
