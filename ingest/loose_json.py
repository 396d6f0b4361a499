"""Lines that each hold one Python dict literal ("loose JSON", as Amazon's 2014 metadata ships), read fast and safely.

``ast.literal_eval`` builds a syntax tree for every line. Nearly all lines differ from JSON in their quotes only, so
the quick way rewrites the quotes and lets the C scanner of :mod:`json` do the rest:

1. Where a line has neither a double quote nor a backslash, every ``'`` is a delimiter: one ``str.replace`` does it.
2. Otherwise the strings that hold one of the two are found from the left. What lies before the first such character
   is simple, so counting its ``'`` tells whether the character stands inside a string; that one string is translated
   alone, and the search goes on behind it.

Whatever JSON cannot say the same way (tuples, octal escapes, adjacent strings, comments, ...) makes the quick way give
up, and the line goes to ``ast.literal_eval``. The quick way never guesses: it gives the value of ``ast.literal_eval``
or none. Nothing here evaluates code.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any, Final

#: Longest line that the slow way takes: a syntax tree is some hundred times as large as its text.
MAX_SLOW_CHARACTERS: Final = 1 << 20

#: More brackets than this may nest deeper than Python's parser goes, where JSON would still read them.
_MAX_QUICK_BRACKETS: Final = 190

_STRING = re.compile(r""""(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+\'""")
_ESCAPE_OR_QUOTE = re.compile(r'\\(?:x([0-9a-fA-F]{2})|(u[0-9a-fA-F]{4})|(.))|"', re.DOTALL)
_SAME_IN_JSON = frozenset('\\"ntrbf')
_PYTHON_CONSTANT = re.compile(r"\b(?:None|True|False)\b")
_JSON_FOR: Final = {"None": "null", "True": "true", "False": "false"}
#: A JSON constant where a value can stand. Python knows no such names, so such a line is not a literal.
_JSON_CONSTANT = re.compile(r"[:,\[]\s*(?:true|false|null)\b")


class NotALiteralError(ValueError):
    """The text is no Python literal; the message says why in one line."""


class _GiveUpError(ValueError):
    """The quick way is not sure."""


def parse_line(text: str) -> Any:
    """The value of a Python literal, equal to ``ast.literal_eval(text)``.

    Args:
        text: One line without its line end. Lines longer than :data:`MAX_SLOW_CHARACTERS` are read by the quick way
            or not at all.

    Raises:
        NotALiteralError: where ``ast.literal_eval`` raises (whatever it raises), or the line is too long for it.
    """
    try:
        return _quick(text)
    except (ValueError, RecursionError):  # json.JSONDecodeError is a ValueError
        return _slow(text)


def _no_such_constant(name: str) -> Any:
    raise _GiveUpError(name)  # NaN and Infinity: json takes them, Python's literals do not


_decode = json.JSONDecoder(parse_constant=_no_such_constant).decode


def _quick(text: str) -> Any:
    """The value, or ValueError where not sure."""
    # Before the opening brace Python and JSON disagree about white space.
    if text[:1] != "{" or text.count("{") + text.count("[") > _MAX_QUICK_BRACKETS:
        raise _GiveUpError
    if ("true" in text or "false" in text or "null" in text) and _JSON_CONSTANT.search(text):
        raise _GiveUpError
    try:
        return _decode(_to_json(text, constants=False))
    except json.JSONDecodeError:
        if "None" in text or "True" in text or "False" in text:
            return _decode(_to_json(text, constants=True))
        raise


def _to_json(text: str, *, constants: bool) -> str:
    """JSON text with the same value, if ``text`` is a literal that JSON can say; else text that is no JSON.

    ``constants`` translates None, True and False, which costs a split at every quote.
    """
    simple = _translate_constants if constants else _swap_quotes
    quote, backslash = text.find('"'), text.find("\\")
    if quote < 0 and backslash < 0:
        return simple(text)
    parts: list[str] = []
    position = 0
    while quote >= 0 or backslash >= 0:
        first = backslash if quote < 0 else quote if backslash < 0 else min(quote, backslash)
        inside = text.count("'", position, first) & 1
        start = text.rfind("'", position, first) if inside else first
        string = _STRING.match(text, start)
        if string is None:
            raise _GiveUpError
        parts.append(simple(text[position:start]))
        body = string.group()[1:-1]
        if inside or "\\" in body:
            body = _ESCAPE_OR_QUOTE.sub(_json_escape, body)
        parts += ('"', body, '"')
        position = string.end()
        # Searched anew only once passed: a line full of one kind must not be scanned for the other each time.
        if 0 <= quote < position:
            quote = text.find('"', position)
        if 0 <= backslash < position:
            backslash = text.find("\\", position)
    parts.append(simple(text[position:]))
    return "".join(parts)


def _swap_quotes(text: str) -> str:
    return text.replace("'", '"')


def _translate_constants(text: str) -> str:
    """As :func:`_swap_quotes`, with None, True and False outside of strings in JSON's spelling."""
    pieces = text.split("'")  # whole strings without escapes: every second piece lies inside of one
    pieces[::2] = [_PYTHON_CONSTANT.sub(lambda name: _JSON_FOR[name.group()], piece) for piece in pieces[::2]]
    return '"'.join(pieces)


def _json_escape(match: re.Match[str]) -> str:
    """One Python escape, or a bare double quote, in JSON's spelling."""
    two_digits, four_digits, other = match.groups()
    if two_digits:
        return "\\u00" + two_digits
    if four_digits:
        if four_digits[1] in "dD":  # perhaps half of a surrogate pair: JSON would join the halves, Python does not
            raise _GiveUpError
        return "\\" + four_digits
    if other is None:
        return '\\"'
    if other == "'":
        return "'"
    if other in _SAME_IN_JSON:
        return match.group()
    raise _GiveUpError  # octal, \N{...}, \U..., line continuation, or an escape that Python leaves as it is


def _slow(text: str) -> Any:
    if len(text) > MAX_SLOW_CHARACTERS:
        raise NotALiteralError(f"{len(text):,} characters that are not plain enough to be read fast")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "invalid escape sequence": the value is defined all the same
            return ast.literal_eval(text)
    except SyntaxError as error:
        raise NotALiteralError(f"not a Python literal: {error.msg} at character {error.offset or 0}") from None
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        what = str(error).split(" on line ")[0] or type(error).__name__
        raise NotALiteralError(f"not a Python literal: {_without_address(what)}") from None


def _without_address(text: str) -> str:
    """``<ast.Name object at 0x7f...>`` names a place in memory, which helps nobody and differs every time."""
    return re.sub(r" object at 0x[0-9a-f]+", "", text)
