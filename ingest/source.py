"""Files as streams of lines: plain or gzip, whole or cut off, in memory that does not grow with the file."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, cast

from graph.errors import UsageError, UserError
from ingest.settings import IngestSettings

_READ_BYTES: Final = 256 << 10
_BLOCK_BYTES: Final = 1 << 20
#: Small files may expand as they like: ten equal lines compress very well.
_EXPANSION_FREE_BYTES: Final = 64 << 20

_GZIP: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
#: First bytes -> what such a file is, for kinds that are recognized in order to say what to do.
_NOT_READ: Final = {
    b"\x28\xb5\x2f\xfd": "compressed with zstd: decompress it first (zstd -d)",
    b"BZh": "compressed with bzip2: decompress it first (bunzip2)",
    b"\xfd7zXZ\x00": "compressed with xz: decompress it first (unxz)",
    b"PK\x03\x04": "a zip archive: unpack it first (unzip)",
    b"\xff\xfe": "text in UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "text in UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)",
}


def check_files(paths: Sequence[Path]) -> list[Path]:
    """The same paths, each of them a readable regular file that is not empty.

    Raises:
        UsageError: no path, the same file twice, or a path that is missing, a folder, a pipe or a device, unreadable,
            empty, or of a kind that has to be unpacked first.
    """
    if not paths:
        raise UsageError("no input file given")
    seen: set[tuple[int, int]] = set()
    for path in paths:
        try:
            info = path.stat()
        except FileNotFoundError:
            raise UsageError(f"{path} does not exist") from None
        except OSError as error:
            raise UsageError(f"{path} cannot be opened: {error.strerror}") from None
        if stat.S_ISDIR(info.st_mode):
            raise UsageError(f"{path} is a folder", "Name the files in it.")
        if not stat.S_ISREG(info.st_mode):
            raise UsageError(f"{path} is a pipe, socket or device", "Write its content to a file and name that.")
        if info.st_size == 0:
            raise UsageError(f"{path} is empty")
        if (info.st_dev, info.st_ino) in seen:
            raise UsageError(f"{path} is named twice")
        seen.add((info.st_dev, info.st_ino))
        try:
            with path.open("rb") as file:
                start = file.read(8)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        for magic, what in _NOT_READ.items():
            if start.startswith(magic):
                raise UsageError(f"{path} is {what}")
    return list(paths)


class LineReader:
    """The lines of one file, in batches.

    Attributes (they grow while :meth:`batches` is read):
        bytes_read: Bytes taken from the disk.
        bytes_text: Bytes of text after decompression.
        whole_lines: Lines that ended with a line end, or with the regular end of the file.
        damage: Why a compressed file ends too early, in words; None while it is whole.
        tail_bytes: Bytes of the unfinished line that was left at the damage.
        size: Bytes on the disk when reading began.
    """

    def __init__(self, path: Path, settings: IngestSettings) -> None:
        self.path = path
        self.bytes_read = self.bytes_text = self.whole_lines = self.tail_bytes = 0
        self.damage: str | None = None
        self.size = path.stat().st_size
        self._max_line = settings.max_line_bytes
        self._max_expansion = settings.max_expansion

    def batches(self) -> Iterator[tuple[int, list[bytes | None]]]:
        """(number of the first line, lines without their line ends), from 1; None stands for an overlong line.

        A byte order mark at the start of the file is taken off. Where a compressed stream is cut off or damaged, the
        unfinished line is not given, and :attr:`damage` says why.

        Raises:
            UserError: the disk failed, or the file expands beyond ``max_expansion``.
        """
        held: list[bytes] = []
        held_bytes = 0
        first_block = True
        for block in self._blocks():
            text = block
            if first_block:
                first_block = False
                text = text.removeprefix(_BYTE_ORDER_MARK)
            start, *rest = text.split(b"\n")
            held_bytes += len(start)
            if held_bytes <= self._max_line:
                held.append(start)
            else:
                held.clear()  # the length goes on counting, the text is gone
            if not rest:
                continue
            lines: list[bytes | None] = [b"".join(held) if held_bytes <= self._max_line else None]
            lines += [line if len(line) <= self._max_line else None for line in rest[:-1]]
            held, held_bytes = [rest[-1]], len(rest[-1])
            number = self.whole_lines + 1
            self.whole_lines += len(lines)
            yield number, [line.removesuffix(b"\r") if line else line for line in lines]
        if self.damage is not None:
            self.tail_bytes = held_bytes
        elif held_bytes:
            self.whole_lines += 1
            last = b"".join(held).removesuffix(b"\r") if held_bytes <= self._max_line else None
            yield self.whole_lines, [last]

    def _blocks(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                start = file.read(_READ_BYTES)
                yield from self._gzip_blocks(file, start) if start[:2] == _GZIP else self._plain_blocks(file, start)
        except OSError as error:
            raise UserError(f"{self.path} cannot be read: {error.strerror or error}") from None

    def _plain_blocks(self, file: BinaryIO, block: bytes) -> Iterator[bytes]:
        while block:
            self.bytes_read += len(block)
            self.bytes_text += len(block)
            yield block
            block = file.read(_READ_BYTES)

    def _gzip_blocks(self, file: BinaryIO, data: bytes) -> Iterator[bytes]:
        """The text of all members, however many were concatenated, up to the end or the first damage."""
        from isal import isal_zlib

        isal_error = cast("type[Exception]", isal_zlib.error)  # its type stub calls the class an instance
        self.bytes_read += len(data)
        while data:
            stream = isal_zlib.decompressobj(31)
            while not stream.eof:
                try:
                    block = stream.decompress(data, _BLOCK_BYTES)
                except isal_error as error:
                    self.damage = f"its gzip data is damaged ({error})"
                    return
                self.bytes_text += len(block)
                if self.bytes_text > max(self.bytes_read * self._max_expansion, _EXPANSION_FREE_BYTES):
                    raise UserError(
                        f"{self.path} expands more than {self._max_expansion:g}-fold, as a gzip bomb does",
                        "If the file is what you think it is, decompress it first.",
                    )
                if block:
                    yield block
                data = stream.unconsumed_tail
                if data or len(block) == _BLOCK_BYTES:  # there is more to come out of what was read
                    continue
                if stream.eof:
                    break
                data = self._read(file)
                if not data:
                    self.damage = "its gzip data ends in the middle"
                    return
            # Padding with zero bytes behind a member is allowed; anything else that is no member is not.
            data = stream.unused_data.lstrip(b"\x00")
            while not data:
                more = self._read(file)
                if not more:
                    return
                data = more.lstrip(b"\x00")
            if not _GZIP.startswith(data[:2]):
                self.damage = "something that is not gzip follows its gzip data"
                return

    def _read(self, file: BinaryIO) -> bytes:
        data = file.read(_READ_BYTES)
        self.bytes_read += len(data)
        return data


def first_lines(path: Path, settings: IngestSettings, count: int = 50) -> list[bytes]:
    """Up to ``count`` first lines of a file that are neither blank nor overlong, for finding out what it is."""
    lines = (line for _, batch in LineReader(path, settings).batches() for line in batch if line and line.strip())
    return list(islice(lines, count))
