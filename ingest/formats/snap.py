"""SNAP's ``amazon-meta.txt``: products of several lines, with the products bought with them.

A product begins with ``Id:`` and ends before the next; ``similar`` names up to five products that are bought by the
same customers, ``categories`` are paths like ``|Books[283155]|Subjects[1000]``. Products that are marked as
discontinued have nothing but an ASIN: they are not listed. Reviews are not read. Source: Leskovec, Adamic and Huberman,
"The dynamics of viral marketing" (2007).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from ingest import fields
from ingest.fields import why_not_an_id
from ingest.intake import decode
from ingest.product_lines import ProductLines
from ingest.records import Record
from ingest.source import LineReader

NAME: Final = "snap"
LOOKS_LIKE: Final = "lines with 'Id:', 'ASIN:', 'similar:' and 'categories:', as in SNAP's amazon-meta.txt"

_FIELD: Final = re.compile(r"\s*(Id|ASIN|title|group|salesrank|similar|categories|reviews):\s*(.*)")
_NUMBERED: Final = re.compile(r"\[\d*\]$")
_DISCONTINUED: Final = "discontinued product"


def looks_like(lines: Sequence[bytes]) -> bool:
    """Whether a line begins with ``Id:`` and the next one with ``ASIN:``."""
    return any(a.startswith(b"Id:") and b.startswith(b"ASIN:") for a, b in pairwise(lines))


def read(path: Path, products: ProductLines) -> None:
    """Read the products of one file.

    Raises:
        UserError: too many products without a usable ASIN, or a damaged file that the settings do not allow.
    """
    intake = products.intake
    intake.has_products = True
    reader = LineReader(path, intake.settings)
    block: list[str] = []
    block_line = lines = bad = 0
    for first, batch in reader.batches():
        for number, line in enumerate(batch, first):
            if line is None:
                lines += 1
                bad += 1
                intake.rejects.reject(
                    path, number, "too_long", f"longer than {intake.settings.max_line_bytes:,} bytes", ""
                )
                continue
            if not line.strip():
                continue
            lines += 1
            if line.startswith(b"Id:"):
                bad += _take(path, block_line, block, products)
                block, block_line = [], number
            elif not block_line:
                continue  # the file's own heading
            block.append(decode(line)[0])
        intake.after_batch(path, lines, bad, reader.bytes_read, reader.size)
    intake.after_stream(reader)
    bad += _take(path, block_line, block, products)
    intake.after_file(path, lines, bad)


def _take(path: Path, number: int, block: list[str], products: ProductLines) -> bool:
    """Add the product of a block of lines; True where it is bad and was rejected."""
    if not block:
        return False
    rejects, text = products.intake.rejects, "\n".join(block)
    found: dict[str, str] = {}
    paths: list[str] = []
    repairs: fields.Repairs = []
    for line in block:
        field = _FIELD.match(line)
        if field is not None and field[1] not in found:
            found[field[1]] = field[2].strip()
        elif line.lstrip().startswith("|"):
            names = [_NUMBERED.sub("", name) for name in line.strip().removeprefix("|").split("|")]
            paths.append(fields.category_path(names, repairs))
    wrong = why_not_an_id(found.get("ASIN"))
    if wrong is not None:
        rejects.reject(path, number, "bad_id", f"ASIN {wrong}", text)
        return True
    if any(line.strip() == _DISCONTINUED for line in block):
        rejects.repair(path, number, "discontinued", f"{found['ASIN']} is discontinued: not listed", text)
        return False
    record = Record(found["ASIN"], repairs=repairs)
    record.title = fields.text(found.get("title"), "title", repairs)
    try:
        rank = float(found.get("salesrank", "nan"))
    except ValueError:
        rank = math.nan
        repairs.append(("wrong_type", f"sales rank {found['salesrank'][:40]!r} is no number: left out"))
    record.sales_rank = rank if rank > 0 else math.nan  # 0 and -1 stand for unranked
    record.categories = list(dict.fromkeys(paths_ for paths_ in paths if paths_))
    if not record.categories and found.get("group"):
        record.categories = [fields.category_path([found["group"]], repairs)]
    count, *similar = found.get("similar", "0").split() or ["0"]
    if count != str(len(similar)):
        repairs.append(("short_list", f"similar announces {count[:20]} products and names {len(similar)}"))
    record.statements.append(("also_bought", list(similar)))
    products.add(record, path, number, text)
    return False
