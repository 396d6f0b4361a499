"""Ways from one page to another, with what is selected there."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_PAGES = Path(__file__).resolve().parents[1] / "pages"
_WANTED = "_go_to"


def open_in_browse(product_id: str) -> None:
    """For a button's ``on_click``: the page Browse on this product, after the callback."""
    st.session_state[_WANTED] = product_id


def follow_wanted() -> None:
    """Go where a callback wanted to go; a callback itself cannot leave the page."""
    product_id = st.session_state.pop(_WANTED, None)
    if product_id is not None:
        st.switch_page(_PAGES / "browse.py", query_params={"product": product_id})
