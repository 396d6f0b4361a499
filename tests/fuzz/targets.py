"""What is fuzzed: functions of bytes that raise where a promise is broken.

A reader's promise: whatever the bytes, a catalogue that passes its own check, or an error for people; every line that
holds something is read, rejected or counted; and nothing is evaluated.
"""

from __future__ import annotations

import ast
import contextlib
import json
import math
import tempfile
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path

from graph.errors import UserError
from ingest import IngestSettings, fields, formats, read_catalog
from ingest.download_sources import wanted
from ingest.json_lines import parse_object
from ingest.loose_json import NotALiteralError, parse_line
from ingest.orders.times import parse_time
from ingest.records import BadLineError
from ingest.source import LineReader

#: Small limits, so that what only long input reaches is reached by short input too.
SMALL = {"max_line_bytes": 2_000, "max_expansion": 50.0}


def _read(data: bytes, **settings: object) -> None:
    """Bytes as a file through the whole of ingestion."""
    with tempfile.TemporaryDirectory(prefix="alsobought-fuzz-") as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        rejects = Path(folder) / "rejects"
        try:
            catalog, report = read_catalog([path], IngestSettings(rejects=rejects, max_bad=1.0, **SMALL, **settings))
        except UserError as error:
            assert error.message  # noqa: PT017 - what is caught is a promise too
            return
        catalog.check()
        assert report.products + report.unlisted == len(catalog.products)
        told = [json.loads(line) for line in rejects.read_text().splitlines()]
        assert sum(entry["action"] == "rejected" for entry in told) == report.n_bad, "every rejected line is named"
        assert not catalog.products["product_id"].isin(["", "nan", "None"]).any() or b"nan" in data or b"None" in data


def any_file(data: bytes) -> None:
    """Any bytes as a file of a format that is found out."""
    _read(data)


def forced_format(data: bytes) -> None:
    """Any bytes as a file that a person says is of some format: the first byte chooses which."""
    names = formats.names()
    _read(data[1:], format=names[(data[0] if data else 0) % len(names)], allow_truncated=True)


def lines_of(data: bytes) -> None:
    """Bytes as lines: as many as there are, none longer than allowed."""
    with tempfile.NamedTemporaryFile(prefix="alsobought-fuzz-") as file:
        file.write(data)
        file.flush()
        reader = LineReader(Path(file.name), IngestSettings(**SMALL))
        try:
            count = 0
            for first, batch in reader.batches():
                assert first == count + 1
                count += len(batch)
                assert all(line is None or len(line) <= SMALL["max_line_bytes"] for line in batch)
        except UserError:
            return
        assert count == reader.whole_lines
        if (
            data[:2] != b"\x1f\x8b"
            and data[:1] not in b"\x28\x50\x51\x52\x53\x54\x55\x56\x57\x58\x59\x5a\x5b\x5c\x5d\x5e\x5f"
        ):
            assert reader.bytes_text == len(data), "nothing of plain text is lost"


def loose_json(data: bytes) -> None:
    """A line of loose JSON: the value of ``ast.literal_eval``, or an error where that has one."""
    text = data.decode("utf-8", "replace")
    try:
        found = parse_line(text)
    except NotALiteralError as error:
        assert "\n" not in str(error)  # noqa: PT017
        found = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            true = ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        true = None
    assert repr(found) == repr(true), (text, found, true)


def products(data: bytes) -> None:
    """A line as a product of each release: a record whose fields keep their promises, or BadLineError."""
    text = data.decode("utf-8", "replace")
    for name in formats.OF_PRODUCTS:
        try:
            record = formats.of_products(name).parse(text)
        except BadLineError as error:
            assert error.kind  # noqa: PT017
            continue
        assert fields.why_not_an_id(record.product_id) is None
        assert math.isnan(record.price) or 0 <= record.price < math.inf
        for value in (record.title, record.brand, *record.categories):
            assert value is None or value == value.strip()
            assert all(unicodedata.category(c) not in {"Cc", "Cs"} for c in value or ""), "no control characters"


def json_line(data: bytes) -> None:
    """A line of strict JSON: a table, or BadLineError."""
    with contextlib.suppress(BadLineError):
        assert isinstance(parse_object(data.decode("utf-8", "replace")), dict)


def small_fields(data: bytes) -> None:
    """Times, prices, markup and names of data sets: a value, or the error that is promised."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(ValueError, OverflowError):
        parse_time(text)
    price = fields.price_from_text(text)
    assert math.isnan(price) or 0 <= price < math.inf
    seen = fields.text(text, "title", [])
    assert seen is None or (seen == " ".join(seen.split()) and seen)
    with contextlib.suppress(UserError):
        wanted(text)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (any_file, forced_format, lines_of, loose_json, products, json_line, small_fields)
}
