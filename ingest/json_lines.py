"""Lines that each hold one JSON object."""

from __future__ import annotations

import json
from typing import Any

from ingest.fields import kind_of
from ingest.records import BadLineError


def parse_object(text: str) -> dict[str, Any]:
    """The object of a line.

    Raises:
        BadLineError: the line is no JSON, nests too deep, or is something other than an object.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadLineError("not_json", f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, a thousand brackets
        raise BadLineError("not_json", f"not JSON that can be read: {error}") from None
    if not isinstance(value, dict):
        raise BadLineError("not_a_product", f"is {kind_of(value)}, not a table of fields")
    return value
