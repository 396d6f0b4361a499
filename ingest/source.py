"""Files as streams of lines: plain, gzip or zstd, whole or cut off, in memory that does not grow with the file."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import glob
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, cast

from graph.errors import UsageError, UserError
from ingest.settings import IngestSettings

#: What stands for the standard input among paths.
STANDARD_INPUT: Final = Path("-")

_READ_BYTES: Final = 256 << 10
_BLOCK_BYTES: Final = 1 << 20
#: Small files may expand as they like: ten equal lines compress very well.
_EXPANSION_FREE_BYTES: Final = 64 << 20

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE: Final = tuple(bytes([0x50 + i]) + b"\x2a\x4d\x18" for i in range(16))
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
#: First bytes -> what such a file is, for kinds that are recognized in order to say what to do.
_NOT_READ: Final = {
    b"BZh": "compressed with bzip2: decompress it first (bunzip2)",
    b"\xfd7zXZ\x00": "compressed with xz: decompress it first (unxz)",
    b"PK\x03\x04": "a zip archive: unpack it first (unzip)",
    b"\xff\xfe": "text in UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "text in UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)",
}


def named_files(paths: Sequence[Path]) -> list[Path]:
    """The files that paths mean: those in a folder, those a pattern fits where no file is called that.

    Files come in the order of the paths, those of a folder or pattern by name. Folders in folders and hidden files are
    passed over.

    Raises:
        UsageError: a folder holds no file, or a pattern fits none.
    """
    found: list[Path] = []
    for path in paths:
        try:
            is_folder, is_there = path.is_dir(), path.exists()
        except OSError:  # check_files says what is wrong with it
            is_folder, is_there = False, True
        if is_folder:
            files = [file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")]
            if not files:
                raise UsageError(f"the folder {path} holds no files")
            found += sorted(files)
        elif not is_there and set(str(path)) & set("*?["):
            matches = [Path(match) for match in glob(str(path)) if Path(match).is_file()]
            if not matches:
                raise UsageError(f"no file fits {path}")
            found += sorted(matches)
        else:
            found.append(path)
    return found


@contextmanager
def standard_input_kept(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The same paths, with a file that holds the standard input in place of ``-``; the file goes afterwards.

    The input is looked at before it is read, which a stream does not allow; so it is written to a temporary file.

    Raises:
        UsageError: ``-`` stands there twice, or the input is a terminal.
    """
    if paths.count(STANDARD_INPUT) == 0:
        yield list(paths)
        return
    if paths.count(STANDARD_INPUT) > 1:
        raise UsageError("the standard input (-) is named twice")
    if sys.stdin.isatty():
        raise UsageError("the standard input (-) is a terminal", "Pipe a file into it.")
    with tempfile.TemporaryDirectory(prefix="alsobought-") as folder:
        kept = Path(folder) / "standard-input"
        try:
            with kept.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file, _BLOCK_BYTES)
        except OSError as error:
            raise UserError(f"the standard input cannot be kept in {folder}: {error.strerror}") from None
        yield [kept if path == STANDARD_INPUT else path for path in paths]


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
            raise UsageError(f"{path} is a folder", "Name the files in it.")  # named_files does that
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
        changed: Somebody wrote to the file while it was read; known at its end.
    """

    def __init__(self, path: Path, settings: IngestSettings) -> None:
        self.path = path
        self.bytes_read = self.bytes_text = self.whole_lines = self.tail_bytes = 0
        self.damage: str | None = None
        self.size = path.stat().st_size
        self.changed = False
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
        for text in _without_mark(self._blocks()):
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
                before = os.fstat(file.fileno())
                start = file.read(_READ_BYTES)
                if start[:2] == _GZIP:
                    yield from self._gzip_blocks(file, start)
                elif start.startswith((_ZSTD, *_ZSTD_SKIPPABLE)):
                    yield from self._zstd_blocks(file, start)
                else:
                    yield from self._plain_blocks(file, start)
                after = os.fstat(file.fileno())
                self.changed = (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns)
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
                self._count_text(block)
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

    def _zstd_blocks(self, file: BinaryIO, data: bytes) -> Iterator[bytes]:
        """The text of all frames, however many were concatenated, up to the end or the first damage."""
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd

        self.bytes_read += len(data)
        while data:
            if len(data) < len(_ZSTD):
                data += self._read(file)
            if not data.startswith((_ZSTD, *_ZSTD_SKIPPABLE)):
                self.damage = "something that is not zstd follows its zstd data"
                return
            stream = zstd.ZstdDecompressor()
            while not stream.eof:
                try:
                    block = stream.decompress(data, _BLOCK_BYTES)
                except zstd.ZstdError as error:
                    self.damage = f"its zstd data is damaged ({error})"
                    return
                self._count_text(block)
                if block:
                    yield block
                data = b""
                if stream.needs_input and not stream.eof:
                    data = self._read(file)
                    if not data:
                        self.damage = "its zstd data ends in the middle"
                        return
            data = stream.unused_data or self._read(file)

    def _count_text(self, block: bytes) -> None:
        """Count decompressed text.

        Raises:
            UserError: there is far more of it than any catalogue gives.
        """
        self.bytes_text += len(block)
        if self.bytes_text > max(self.bytes_read * self._max_expansion, _EXPANSION_FREE_BYTES):
            raise UserError(
                f"{self.path} expands more than {self._max_expansion:g}-fold, as a compression bomb does",
                "If the file is what you think it is, decompress it first.",
            )

    def _read(self, file: BinaryIO) -> bytes:
        data = file.read(_READ_BYTES)
        self.bytes_read += len(data)
        return data


def first_lines(path: Path, settings: IngestSettings, count: int = 50) -> list[bytes]:
    """Up to ``count`` first lines of a file that are neither blank nor overlong, for finding out what it is."""
    lines = (line for _, batch in LineReader(path, settings).batches() for line in batch if line and line.strip())
    return list(islice(lines, count))


def _without_mark(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks without the byte order mark that they may begin with, wherever it is parted."""
    head = b""
    for block in blocks:
        head += block
        if len(head) >= len(_BYTE_ORDER_MARK):
            yield head.removeprefix(_BYTE_ORDER_MARK)
            yield from blocks
            return
    if head and head != _BYTE_ORDER_MARK:
        yield head
