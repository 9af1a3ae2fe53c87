"""Which messages of the archive must not be printed where members read: private ones, and such as would embarrass somebody."""

from __future__ import annotations

from pipeline.archive import Archive, StoredChat

UNFIT = 0.5  # P from which a message is never printed, as in a digest


def unfit_ids(archive: Archive, chat: StoredChat) -> frozenset[str]:
    """Message ids of a chat that are unfit, or of which it is not known (analysed by an older dianti)."""
    rows = archive.db.execute(
        "SELECT m.id FROM unfit u JOIN message m ON m.row = u.row WHERE m.chat = ? AND coalesce(u.probability, 1) > ?", (chat.row, UNFIT)
    )
    return frozenset(i for (i,) in rows)
