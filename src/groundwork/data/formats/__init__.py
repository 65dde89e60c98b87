"""file or database -> table -> file or database."""

from groundwork.data.formats.source import Source, read_frame

__all__ = ["Source", "read_frame"]
