"""What a file is, by the ending of its name."""

from __future__ import annotations

from pipeline.model import Kind

_ENDINGS = {
    ending: kind
    for kind, endings in {
        Kind.IMAGE: "jpg jpeg png gif webp bmp heic heif tiff svg",
        Kind.VIDEO: "mp4 mov avi mkv webm 3gp m4v",
        Kind.VOICE: "amr silk ogg oga opus m4a aac mp3 wav",
    }.items()
    for ending in endings.split()
}


def kind_of_file(name: str) -> Kind:
    """Image, video or voice by its ending; any other is a file."""
    return _ENDINGS.get(name.rpartition(".")[2].lower(), Kind.FILE)
