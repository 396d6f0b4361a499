"""Lines come out of files whole, in order and once, however the file was compressed, cut or damaged."""

from __future__ import annotations

import gzip
import os
import random
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from graph.errors import UsageError, UserError
from ingest.settings import IngestSettings
from ingest.source import LineReader, check_files, first_lines


def read(path: Path, **settings_: int | float) -> tuple[list[bytes | None], LineReader]:
    reader = LineReader(path, IngestSettings(**settings_))  # type: ignore[arg-type]
    lines: list[bytes | None] = []
    for number, batch in reader.batches():
        assert number == len(lines) + 1
        lines += batch
    return lines, reader


def write(folder: Path, data: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# Long enough that lines cross the borders of what is read at once.
_noise = random.Random(0)
LINES = [b"%d " % i + _noise.randbytes(i * 37 % 2_500).hex().encode() for i in range(1_000)]
TEXT = b"\n".join(LINES) + b"\n"


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "not-ended"])
def test_every_line_once_and_in_order(tmp_path: Path, compress: type[bytes], end: bytes, last: bool) -> None:
    text = end.join(LINES) + (end if last else b"")
    lines, reader = read(write(tmp_path, compress(text)))
    assert lines == LINES
    assert reader.whole_lines == len(LINES)
    assert reader.bytes_text == len(text)
    assert reader.bytes_read == reader.size
    assert reader.damage is None


@given(data=st.binary(max_size=300), pieces=st.integers(1, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(data=b"\xef\xbb\xbf", pieces=2)
def test_any_bytes_split_like_lines(tmp_path: Path, data: bytes, pieces: int) -> None:
    step = len(data) // pieces + 1
    members = b"".join(gzip.compress(data[i : i + step]) for i in range(0, max(len(data), 1), step))
    expected = [line.removesuffix(b"\r") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    if data.removeprefix(b"\xef\xbb\xbf").endswith(b"\n") or not data.removeprefix(b"\xef\xbb\xbf"):
        expected.pop()
    lines, reader = read(write(tmp_path, members))
    assert lines == expected
    assert reader.damage is None


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    assert read(write(tmp_path, b"\xef\xbb\xbfa\nb\n"))[0] == [b"a", b"b"]


@pytest.mark.parametrize("padding", [b"", b"\0" * 600_000], ids=["none", "zeros"])
def test_concatenated_members_are_one_text(tmp_path: Path, padding: bytes) -> None:
    half = len(TEXT) // 2
    path = write(tmp_path, gzip.compress(TEXT[:half]) + padding + gzip.compress(TEXT[half:]) + padding)
    lines, reader = read(path)
    assert lines == LINES
    assert reader.damage is None


@pytest.mark.parametrize("missing", [1, 8, 9, 1_000, 20_000])
def test_a_cut_off_stream_gives_its_whole_lines_and_says_so(tmp_path: Path, missing: int) -> None:
    compressed = gzip.compress(TEXT)[:-missing]
    text = zlib.decompressobj(31).decompress(compressed)
    lines, reader = read(write(tmp_path, compressed))
    assert lines == LINES[: text.count(b"\n")]
    assert reader.whole_lines == text.count(b"\n")
    assert reader.tail_bytes == len(text) - text.rfind(b"\n") - 1
    assert reader.damage == "its gzip data ends in the middle"


def test_damage_inside_and_behind_the_stream_is_told(tmp_path: Path) -> None:
    compressed = bytearray(gzip.compress(TEXT))
    assert "follows" in str(read(write(tmp_path, bytes(compressed) + b"behind"))[1].damage)
    compressed[-6] ^= 1  # the checksum
    lines, reader = read(write(tmp_path, bytes(compressed)))
    assert "damaged" in str(reader.damage)
    assert lines == LINES[: len(lines)]


def test_overlong_lines_are_dropped_where_they_stand(tmp_path: Path) -> None:
    long = b"y" * 3_000_000
    for data in (b"a\n" + long + b"\nb\n" + long + b"\nc", b"a\n" + long + b"\nb\n" + long + b"\nc\n"):
        lines, reader = read(write(tmp_path, data), max_line_bytes=1_000)
        assert lines == [b"a", None, b"b", None, b"c"]
        assert reader.whole_lines == 5
    assert read(write(tmp_path, b"a\n" + long), max_line_bytes=1_000)[0] == [b"a", None]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = write(tmp_path, gzip.compress(bytes(80_000_000)))
    with pytest.raises(UserError, match="compression bomb"):
        read(bomb)


def test_first_lines_are_the_first_that_hold_something(tmp_path: Path) -> None:
    path = write(tmp_path, b"\n  \n" + b"z" * 2_000 + b"\na\n\nb\nc\n")
    assert first_lines(path, IngestSettings(max_line_bytes=1_000), count=2) == [b"a", b"b"]


def zstd_compress(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return bytes(zstd.compress(data))


def test_zstd_gives_the_lines_however_many_frames_there_are(tmp_path: Path) -> None:
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    half = len(TEXT) // 2
    for data in (
        zstd_compress(TEXT),
        zstd_compress(TEXT[:half]) + zstd_compress(TEXT[half:]),
        skippable + zstd_compress(TEXT[:half]) + skippable + zstd_compress(TEXT[half:]),
    ):
        path = write(tmp_path, data)
        assert check_files([path]) == [path]
        lines, reader = read(path)
        assert lines == LINES
        assert (reader.damage, reader.bytes_read, reader.bytes_text) == (None, len(data), len(TEXT))


@pytest.mark.parametrize("cut", [5, 1_000, 60_000, -1])
def test_zstd_that_ends_in_the_middle_gives_its_whole_lines(tmp_path: Path, cut: int) -> None:
    lines, reader = read(write(tmp_path, zstd_compress(TEXT)[:cut]))
    assert lines == LINES[: len(lines)]
    assert reader.damage is not None
    assert "zstd data" in reader.damage


def test_zstd_with_something_else_behind_it_is_damaged(tmp_path: Path) -> None:
    lines, reader = read(write(tmp_path, zstd_compress(TEXT) + b"rest"))
    assert (lines, reader.damage) == (LINES, "something that is not zstd follows its zstd data")
    lines, reader = read(write(tmp_path, b"\x28\xb5\x2f\xfd...."))
    assert lines == []
    assert "damaged" in str(reader.damage)
    with pytest.raises(UserError, match="compression bomb"):
        read(write(tmp_path, zstd_compress(bytes(80_000_000))))


def test_paths_that_cannot_be_read_are_refused_with_what_they_are(tmp_path: Path) -> None:
    good = write(tmp_path, b"a\n", "good")
    os.mkfifo(tmp_path / "pipe")
    write(tmp_path, b"", "empty")
    write(tmp_path, "text".encode("utf-16"), "utf16")
    (tmp_path / "again").hardlink_to(good)
    assert check_files([good]) == [good]
    for names, says in (
        ([], "no input file"),
        (["absent"], "does not exist"),
        (["good/below"], "cannot be opened"),
        (["."], "is a folder"),
        (["pipe"], "pipe"),
        (["empty"], "empty"),
        (["utf16"], "UTF-16"),
        (["good", "again"], "named twice"),
        (["x" * 300], "cannot be opened"),
    ):
        with pytest.raises(UsageError, match=says):
            check_files([tmp_path / name for name in names])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, b"a\n")
    path.chmod(0)
    with pytest.raises(UsageError, match="Permission denied"):
        check_files([path])
