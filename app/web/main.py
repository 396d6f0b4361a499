"""The Streamlit app: `alsobought app` starts it. One file a page under ``app/pages``.

This file stands elsewhere than beside that folder, which Streamlit would then take for a menu of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

_ROOT = Path(__file__).resolve().parents[2]
if str(_ROOT) not in sys.path:  # Streamlit runs this file by its path
    sys.path.insert(0, str(_ROOT))


def main() -> None:
    """Menu, style and login; then the page that was chosen."""
    from app.web.icons import icon
    from app.web.login import may_enter, show_who
    from app.web.style import CSS

    st.set_page_config(page_title="alsobought", page_icon=icon("basket"), layout="wide", initial_sidebar_state="auto")
    st.html(CSS)
    folder = _ROOT / "app" / "pages"
    chosen = st.navigation(
        {
            "Look": [
                st.Page(folder / "browse.py", title="Browse", icon=":material/search:", default=True),
                st.Page(folder / "basket.py", title="Basket", icon=":material/shopping_basket:"),
                st.Page(folder / "map.py", title="Map", icon=":material/scatter_plot:"),
            ],
            "Judge": [
                st.Page(folder / "compare.py", title="Compare models", icon=":material/compare:"),
                st.Page(folder / "quality.py", title="Quality", icon=":material/query_stats:"),
            ],
            "Run": [
                st.Page(folder / "runs.py", title="Runs", icon=":material/deployed_code_history:"),
                st.Page(folder / "health.py", title="Health", icon=":material/monitor_heart:"),
            ],
        }
    )
    if may_enter():
        show_who()
        chosen.run()


main()
