"""The fast reader of Python dict literals gives what ``ast.literal_eval`` gives, or says why it cannot."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.loose_json import MAX_SLOW_CHARACTERS, NotALiteralError, _quick, parse_line

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def _reference(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.literal_eval(text)


def _same(a: Any, b: Any) -> bool:
    """Equal in value, type, key order and sign of zero, which ``==`` alone does not say."""
    return repr(a) == repr(b)


def assert_as_reference(text: str) -> None:
    try:
        expected = _reference(text)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        with pytest.raises(NotALiteralError):
            parse_line(text)
    else:
        assert _same(parse_line(text), expected)


nasty = st.one_of(
    st.text(st.sampled_from("'\"\\ntx07uN{}[],:# \t\réß中😀\x00\x07\x85\u2028trueNone"), max_size=12),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["None", "True, 'x", "null", '", "', "', '", "\\", "\\'", '\\"', "it's", '5" x 7"', "a: true, b"]),
)
scalars = st.one_of(
    nasty, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.integers(min_value=2**64)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(nasty, inner, max_size=4), max_leaves=12
)
records = st.dictionaries(nasty, values, max_size=5)


@example({"it's": '"None" here', "b": None})
@given(records)
@settings(max_examples=150, deadline=None)
def test_repr_of_any_record_reads_back(record: dict[str, Any]) -> None:
    assert_as_reference(repr(record))


@given(records, st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_records_read_or_fail_as_the_reference(record: dict[str, Any], data: st.DataObject) -> None:
    text = repr(record)
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 3))
    junk = data.draw(st.text(st.sampled_from("'\"\\{}[],:# truenlNoFas0123456789.e-+_xbr()\t\r\f"), max_size=5))
    assert_as_reference(text[:at] + junk + text[at + cut :])


@given(st.text(st.sampled_from("'\"\\,: {}[]aNx0\t"), max_size=14))
@settings(max_examples=200, deadline=None)
def test_soup_of_quotes_in_braces_reads_or_fails_as_the_reference(soup: str) -> None:
    assert_as_reference("{" + soup + "}")


@pytest.mark.parametrize(
    "text",
    [
        "{'a': 'x' 'y'}",  # adjacent strings are one
        "{'a': '''x'''}",
        '{\'a\': """x"""}',
        "{'a': u'x', 'b': b'x', 'c': r'\\x'}",
        "{'a': '\\101\\N{BULLET}\\U0001F600\\v\\a\\0'}",
        "{'a': '\\ud83d\\ude00'}",  # two lone surrogates, not one character as in JSON
        "{'a': '\\d'}",  # an escape that Python leaves alone
        "{'a': (1, 2), 'b': {3, 4}, 'c': [1, 2,],}",
        "{1: 2, None: 3, (4, 5): 6}",
        "{'a': 0x1F, 'b': 1_000, 'c': +5, 'd': .5, 'e': 5., 'f': 1e999, 'g': -0.0, 'h': 3+4j}",
        "{'a': None, 'b': [True, False], 'c': 'None, True', 'd': \"it's None\"}",
        "{'a': 1, 'a': 2, 'b': 3}",
        "{'a': 123456789012345678901234567890}",
        "{'a': 'b'} # said in passing",
        "  {'a': 1}",
        "{'a': 1}\r",
        "[{'a': 1}]",
        "'text'",
        "{}",
        "{'a': 'tab\there'}",
    ],
)
def test_python_that_is_not_json_reads_as_the_reference(text: str) -> None:
    assert _same(parse_line(text), _reference(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{'a': null}",
        "{'a': [true]}",
        "{'a': NaN}",
        "{'a': -Infinity}",
        "{'a': nan}",
        "{'a': 007}",
        "{'a': 'x\x00y'}",
        "\x00",
        "{'a': '\\x4'}",
        "{'a': '\\u12'}",
        "{'a': 'unfinished",
        "{[]: 1}",
        "{'a': __import__('os').getcwd()}",
        "{'a': [x for x in (1, 2)]}",
        "{'a': f'{1}'}",
        "\n {'a': 1}",
        "{'a': 'x\ny'}",
        "[" * 5_000 + "]" * 5_000,
        "{'a': " + "[" * 500 + "]" * 500 + "}",
        "{'a': " + "-" * 100_000 + "1}",
        "{'a': " + "1+" * 50_000 + "1}",
        "{'a': " + "9" * 10_000 + "}",
    ],
    ids=lambda text: text[:30].replace("\x00", "NUL").encode("unicode_escape").decode(),
)
def test_what_is_no_literal_is_refused_with_one_line_that_says_why(text: str) -> None:
    with pytest.raises((SyntaxError, ValueError, TypeError, RecursionError, MemoryError)):
        _reference(text)
    with pytest.raises(NotALiteralError) as caught:
        parse_line(text)
    assert str(caught.value)
    assert "\n" not in str(caught.value)
    assert "0x" not in str(caught.value)


def test_lines_too_long_for_the_slow_way_are_refused_not_swallowed() -> None:
    plain = "{'a': '" + "x" * (MAX_SLOW_CHARACTERS + 1) + "'}"
    assert parse_line(plain) == {"a": "x" * (MAX_SLOW_CHARACTERS + 1)}
    with pytest.raises(NotALiteralError, match="characters"):
        parse_line(plain[:-1] + ", 'b': (1, 2)}")


def test_a_long_line_full_of_quotes_takes_linear_time() -> None:
    """A quadratic reader would need minutes for this line."""
    many = 200_000
    assert len(parse_line("{'a': [" + '"x", ' * many + "'y']}")["a"]) == many + 1
    assert parse_line("{'a': '" + "\\'" * many + "'}") == {"a": "'" * many}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("""{'a': "it's", 'b': 'say "hi"', 'c': 'it\\'s'}""", {"a": "it's", "b": 'say "hi"', "c": "it's"}),
        ("{'a': 'caf\\xe9 \\u4e2d\\n\\\\'}", {"a": "café 中\n\\"}),
        ("{'a': None, 'b': True}", {"a": None, "b": True}),
    ],
)
def test_ordinary_lines_take_the_quick_way(text: str, value: Any) -> None:
    assert _quick(text) == value


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files are not beside the project")
@pytest.mark.parametrize("name", ["meta_Beauty", "meta_Digital_Music", "meta_Gift_Cards"])
def test_every_line_of_the_real_files_reads_as_the_reference(name: str) -> None:
    from isal import isal_zlib

    data = isal_zlib.decompressobj(31).decompress((SHARED / f"{name}.json.gz").read_bytes())
    lines = data.decode("utf-8").split("\n")  # the last one is cut off in one of the files
    assert len(lines) > 1_500
    for line in lines:
        assert_as_reference(line)
