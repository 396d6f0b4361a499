"""The fuzz targets on good and hostile seeds, and on what Hypothesis makes of them; atheris runs them for longer."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import UsageError, UserError
from ingest import IngestSettings, read_catalog
from ingest.source import LineReader
from tests.fuzz.seeds import GOOD, HOSTILE
from tests.fuzz.targets import TARGETS, any_file, forced_format, lines_of, loose_json, products

seeds = st.sampled_from([*GOOD.values(), *(value for value in HOSTILE.values() if len(value) < 20_000)])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A seed with a piece taken out, put elsewhere, written over or cut off; perhaps compressed."""
    data = bytearray(draw(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        piece = draw(
            st.sampled_from([b"", bytes(data[start:end]), b'"', b"'", b"\x00", b"\xff\xfe", b"\r", b"[" * 300])
        )
        data[start : draw(st.sampled_from([start, end]))] = piece
    packed = draw(st.sampled_from([None, None, None, 1.0, 0.7]))
    return bytes(data) if packed is None else gzip.compress(bytes(data))[: int(40 + 10_000 * packed)]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_good_file_of_each_format_is_recognized(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(GOOD[name])
    from ingest.orders import OrderSettings

    kept = OrderSettings(min_support=1, weight="count")
    _, report = read_catalog([path], IngestSettings(max_bad=0.5, orders=kept))
    assert report.format == name


@pytest.mark.parametrize("name", sorted(HOSTILE))
@pytest.mark.timeout(60)
def test_what_was_made_to_hurt_is_refused_or_counted(name: str) -> None:
    any_file(HOSTILE[name])
    lines_of(HOSTILE[name])
    if len(HOSTILE[name]) < 1_000_000:
        for chosen in range(12):
            forced_format(bytes([chosen]) + HOSTILE[name])
        for line in HOSTILE[name].splitlines()[:20]:
            products(line)


@settings(max_examples=150, deadline=None)
@given(damaged())
def test_damaged_files_give_a_catalogue_or_an_error_for_people(data: bytes) -> None:
    any_file(data)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 255), damaged())
def test_damaged_files_of_a_format_that_was_told(which: int, data: bytes) -> None:
    forced_format(bytes([which]) + data)


@settings(max_examples=200, deadline=None)
@given(damaged() | st.binary(max_size=200))
def test_lines_and_fields(data: bytes) -> None:
    lines_of(data)
    loose_json(data[:5_000])
    for name in ("products", "json_line", "small_fields"):
        TARGETS[name](data[:5_000])


def test_limits_are_settings(tmp_path: Path) -> None:
    path = tmp_path / "zeros.gz"
    path.write_bytes(gzip.compress(bytes(70_000_000), compresslevel=1))
    with pytest.raises(UserError, match="more than 50-fold, as a compression bomb"):
        list(LineReader(path, IngestSettings(max_expansion=50.0)).batches())
    assert list(LineReader(path, IngestSettings(max_expansion=5_000.0)).batches()) == [(1, [None])]
    path = tmp_path / "long.csv"
    path.write_bytes(b"A1,B2\nA1," + b"C" * 100 + b"\n")
    _, report = read_catalog([path], IngestSettings(max_bad=0.5, max_line_bytes=50))
    assert report.bad_lines == {"too_long": 1}


@pytest.mark.parametrize("how", ["grows", "is written anew"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, how: str) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"A1,B2\n" * 100_000)

    def write(what: str, done: int, total: int) -> None:
        if how == "grows":
            with path.open("ab") as file:
                file.write(b"A1,B")
        else:
            with path.open("r+b") as file:
                file.write(b"X1,Y2\n")

    with pytest.raises(UserError, match="changed while it was read") as raised:
        read_catalog([path], on_progress=write)
    assert "Wait until it is written" in raised.value.hint
    assert len(read_catalog([path])[0].pairs) >= 1


def test_an_unknown_format_says_what_was_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir,\nthank you for your letter.\n")
    with pytest.raises(UsageError) as raised:
        read_catalog([path])
    for name in GOOD:
        assert f"{name} (" in raised.value.message
        assert name in raised.value.hint
    assert "Dear Sir" in raised.value.message
