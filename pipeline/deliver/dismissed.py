"""What operators struck: "not this" for a chat, remembered by message id beside the archive. No chat text is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.errors import DeliveryError
from pipeline.i18n import _
from pipeline.model import Chat

FILE = "not-this.json"


def chat_key(chat: Chat) -> str:
    """The export's own id of the chat where it has one, else its name."""
    return chat.id or chat.name


def dismissed(folder: Path, chat: Chat) -> frozenset[str]:
    """The message ids struck from digests of this chat before; none where nothing was reviewed yet."""
    return frozenset(_read(folder / FILE).get(chat_key(chat), ()))


def dismiss(folder: Path, chat: Chat, message_ids: Iterable[str]) -> None:
    """Remembers message ids as "not this", on top of those remembered before."""
    path = folder / FILE
    known = {key: list(ids) for key, ids in _read(path).items()}
    mine = known.get(chat_key(chat), [])
    known[chat_key(chat)] = list(dict.fromkeys([*mine, *message_ids]))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    fresh.replace(path)


def _read(path: Path) -> Mapping[str, list[str]]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DeliveryError(_("{path}: cannot be read ({reason}); repair or delete it").format(path=path, reason=error)) from error
    if not isinstance(value, dict) or not all(isinstance(ids, list) for ids in value.values()):
        raise DeliveryError(_("{path}: cannot be read ({reason}); repair or delete it").format(path=path, reason=_("unknown content")))
    return value
