"""Selections live in the address: a link reopens the same view, also after a reload and with back and forward.

A widget takes part by its key. Before it is drawn, :func:`follow` puts what the address says into it if the address
changed since it was last seen (a link was opened, somebody went back); when a person changes it, :func:`written` puts
it into the address, which makes an entry in the browser's history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

_SEEN = "_address_seen"
_LEFT = "_address_left"


def enter_page(name: str) -> None:
    """Call first on each page: a page that is entered from the menu opens as it was left in this session."""
    left: dict[str, dict[str, str]] = st.session_state.setdefault(_LEFT, {})
    if st.session_state.get("_page") != name:
        st.session_state["_page"] = name
        st.session_state[_SEEN] = {}
        if not st.query_params.to_dict() and left.get(name):
            st.query_params.from_dict(left[name])
    left[name] = st.query_params.to_dict()


def get(name: str, default: str = "") -> str:
    """What the address says, or ``default``."""
    value: str = st.query_params.get(name, default)
    return value


def get_all(name: str) -> list[str]:
    """All values that the address has for ``name``."""
    return list(st.query_params.get_all(name))


def put(**changes: str | Sequence[str] | None) -> None:
    """Change the address; None and nothing take a name out of it."""
    for name, value in changes.items():
        if value is None or value == "" or (not isinstance(value, str) and not value):
            if name in st.query_params:
                del st.query_params[name]
        else:
            st.query_params[name] = value if isinstance(value, str) else list(value)
    page = st.session_state.get("_page")
    if page is not None:
        st.session_state.setdefault(_LEFT, {})[page] = st.query_params.to_dict()


def follow(key: str, parse: Callable[[str], Any] = str, default: Any = "") -> Callable[[], None]:
    """Bind the widget ``key`` to the address's name of the same spelling; gives its ``on_change``.

    ``parse`` turns the address's text into the widget's value; what it refuses (ValueError) counts as not there.
    """
    seen: dict[str, str | None] = st.session_state.setdefault(_SEEN, {})
    text = st.query_params.get(key)
    if key not in seen or seen[key] != text or key not in st.session_state:
        try:
            value = default if text is None else parse(text)
        except (ValueError, KeyError):
            value = default
        st.session_state[key] = value
    seen[key] = text

    def written() -> None:
        value = st.session_state.get(key)
        said = None if value == default or value is None else _text(value)
        put(**{key: said})
        st.session_state.setdefault(_SEEN, {})[key] = said

    return written


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """A ``parse`` that accepts only these."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return parse


def some_of(choices: Sequence[str], most: int = 100) -> Callable[[str], list[str]]:
    """A ``parse`` for several choices in one text, parted by ``|``."""

    def parse(text: str) -> list[str]:
        return [part for part in text.split("|") if part in choices][:most]

    return parse


def flag(text: str) -> bool:
    """A ``parse`` for what is on or off."""
    return text == "1"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    if isinstance(value, list | tuple):
        return "|".join(str(part) for part in value)
    return str(value)
