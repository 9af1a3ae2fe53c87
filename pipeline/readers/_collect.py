"""LOG arguments → sources: files, folders, zips; folder exports recognised as one."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from pipeline.errors import InputError
from pipeline.i18n import _
from pipeline.model import Skipped
from pipeline.readers._format import Format, ReadOptions
from pipeline.readers._source import Source

_MEDIA_ENDINGS = frozenset(
    re.findall(
        r"\w+",
        "jpg jpeg png gif webp bmp heic svg ico mp4 mov avi mkv webm 3gp mp3 m4a aac wav ogg oga opus amr silk dat pdf doc docx ppt pptx "
        "vcf css js ttf woff woff2 tgs html htm db sqlite",
    )
)


def collect(
    paths: Iterable[Path], options: ReadOptions, formats: Sequence[Format]
) -> tuple[list[tuple[Source, Format | None]], list[Skipped]]:
    """The sources behind the paths, each with its format where it is a folder export; and what was left out.

    Raises InputError for a path that is not there: that is a slip, while a bad file in a folder is not.
    """
    found: list[tuple[Source, Format | None]] = []
    skipped: list[Skipped] = []
    for path in paths:
        if not path.exists():
            raise InputError(_("{path}: no such file or folder").format(path=path))
        members, alone = _members(path, options, skipped)
        if alone:
            found += [(source, None) for source in members.values()]
            continue
        claimed: set[str] = set()
        for format in formats:
            for root, names in format.claims(sorted(members)) if format.claims else ():
                inside = {name[len(root) :]: members[name] for name in names}
                claimed.update(names)
                found.append((_folder(f"{path}/{root}".rstrip("/"), inside, options), format))
        media = [name for name in members if name not in claimed and name.rpartition(".")[2].lower() in _MEDIA_ENDINGS]
        if media:
            reason = _("{n} media and document files were not read").format(n=len(media))
            skipped.append(Skipped(where=str(path), line=0, reason=reason))
        found += [(members[name], None) for name in sorted(members) if name not in claimed and name not in media]
    return found, skipped


def _members(path: Path, options: ReadOptions, skipped: list[Skipped]) -> tuple[Mapping[str, Source], bool]:
    """(relative name → source; is it a file by itself?)."""
    try:
        if path.is_dir():
            return _in_folder(path, options, skipped), False
        if _is_zip(path):
            return _in_zip(path, options, skipped), False
        return {path.name: _file(path, str(path), options)}, True
    except OSError as error:
        raise InputError(_("{path}: cannot be read: {reason}").format(path=path, reason=error.strerror or error)) from error


def _in_folder(path: Path, options: ReadOptions, skipped: list[Skipped]) -> dict[str, Source]:
    members: dict[str, Source] = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if not file.is_file() or any(part.startswith((".", "__MACOSX")) for part in Path(name).parts):
            continue
        try:
            if _is_digest(file.with_name(f"{file.name.removesuffix('.post.txt').removesuffix(file.suffix)}.json")):
                skipped.append(Skipped(where=str(file), line=0, reason=_("a digest that dianti wrote, no chat")))
            elif _is_zip(file):
                members.update({f"{name}/{inner}": source for inner, source in _in_zip(file, options, skipped).items()})
            else:
                members[name] = _file(file, str(file), options)
        except OSError as error:
            skipped.append(Skipped(where=str(file), line=0, reason=_("cannot be read: {reason}").format(reason=error.strerror or error)))
    return members


def _in_zip(path: Path, options: ReadOptions, skipped: list[Skipped]) -> dict[str, Source]:
    members: dict[str, Source] = {}
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError) as error:
        skipped.append(Skipped(where=str(path), line=0, reason=_("damaged zip: {reason}").format(reason=error)))
        return members
    with archive:
        for info in archive.infolist():
            name = _zip_name(info)
            if info.is_dir() or any(part.startswith((".", "__MACOSX")) for part in name.split("/")):
                continue
            if info.flag_bits & 1:
                skipped.append(Skipped(where=f"{path}/{name}", line=0, reason=_("locked with a password")))
                continue
            opener = partial(_open_member, path, info)
            members[name] = Source(f"{path}/{name}", opener, info.file_size, on_bytes=options.on_bytes)
    return members


def _open_member(path: Path, info: zipfile.ZipInfo) -> BinaryIO:
    archive = zipfile.ZipFile(path)  # closed with the member, which holds its own handle
    try:
        return cast("BinaryIO", archive.open(info))
    finally:
        archive.close()


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The member's name; zips made on Chinese Windows write it in GBK, which Python takes for cp437."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _is_digest(path: Path) -> bool:
    """Is it the JSON of one of our digests? They may lie in the folder of the exports, and quote it line by line."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return b'"schema": "dianti.digest/' in file.read(64)


def _is_zip(path: Path) -> bool:
    """A zip of exports: a workbook is a zip too."""
    if path.suffix.lower() in (".xlsx", ".xlsm", ".docx", ".pptx", ".apk", ".jar", ".epub"):
        return False
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _file(path: Path, name: str, options: ReadOptions) -> Source:
    def opener() -> BinaryIO:
        return path.open("rb")

    return Source(name, opener, path.stat().st_size, on_bytes=options.on_bytes)


def _folder(name: str, members: Mapping[str, Source], options: ReadOptions) -> Source:
    def refuse() -> BinaryIO:
        raise IsADirectoryError(name)

    return Source(name, refuse, sum(member.size for member in members.values()), members=members, on_bytes=options.on_bytes)
