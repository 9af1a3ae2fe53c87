"""Messages → sessions between long pauses → segments on one subject each."""

from pipeline.segment.options import SegmentOptions
from pipeline.segment.segments import split_into_segments
from pipeline.segment.sessions import split_into_sessions

__all__ = ["SegmentOptions", "split_into_segments", "split_into_sessions"]
