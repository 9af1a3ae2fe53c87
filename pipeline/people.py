"""Who is who by dianti.toml: one person under several ids or names becomes one sender, and roles are given by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pipeline.model import Export, Message


@dataclass(frozen=True, kw_only=True)
class People:
    """`aliases`: a person's name → the ids and names that are theirs; `roles`: a person, id or name → owner, admin or member."""

    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)

    def person(self, sender_id: str, sender: str) -> str | None:
        """The one name of somebody who appears under several; None when no alias is set."""
        return next((name for name, known in self.aliases.items() if name in (sender_id, sender) or {sender_id, sender} & set(known)), None)

    def owners(self, senders: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Sender ids and whose they are, of (id, name) pairs: an id that once bore a person's name is theirs under every name."""
        found: dict[str, str] = {}
        for sender_id, sender in senders:
            name = self.person(sender_id, sender)
            if name and sender_id:
                found.setdefault(sender_id, name)
        return found

    def united(self, message: Message, owners: Mapping[str, str]) -> Message:
        """The message as its sender's one person says it, with the role set by hand; what the export said is kept beside it."""
        sender_id, sender, role = message.exported_as or (message.sender_id, message.sender, message.role)
        name = self.person(sender_id, sender) or owners.get(sender_id)
        given = next((self.roles[key] for key in (name, sender_id, sender) if key and key in self.roles), None)
        told = (self.one_id(name), name, given or role) if name else (sender_id, sender, given or role)
        return replace(
            message,
            sender_id=told[0],
            sender=told[1],
            role=told[2],
            mentions=tuple(dict.fromkeys(self.one_id(owners[i]) if i in owners else i for i in message.mentions)),
            exported_as=(sender_id, sender, role) if told != (sender_id, sender, role) else None,
        )

    def one_id(self, name: str) -> str:
        """The id that stands for all of a person's: the first that was listed."""
        return next(iter(self.aliases[name]), name)

    def unite(self, export: Export) -> Export:
        """The export with one sender for each person."""
        if not self.aliases and not self.roles:
            return export
        owners = self.owners((m.sender_id, m.sender) for m in export.messages)
        return replace(export, messages=tuple(self.united(m, owners) for m in export.messages))
