"""The archive: messages and what was found about them, kept in one private SQLite file."""

from pipeline.archive.store import Archive, StoredChat, open_archive

__all__ = ["Archive", "StoredChat", "open_archive"]
