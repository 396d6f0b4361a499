"""Pages that say what is the matter and what to do; never a stack trace."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from app.web.connection import connected, forget
from app.web.icons import icon as drawing
from graph.database import DatabaseRefusedError, DatabaseUnavailableError
from graph.errors import UserError

log = logging.getLogger(__name__)

#: Seconds between two looks whether the database is back.
_LOOK_EVERY = 2.0


def notice(icon: str, title: str, text: str, todo: str = "") -> None:
    """A large, calm message in place of a page's content; all three are plain text, ``todo`` is set as code."""
    todo_html = f"<pre>{html.escape(todo)}</pre>" if todo else ""
    st.html(
        f'<div class="ab-notice" role="status"><img class="ab-notice-icon" alt="" src="{drawing(icon)}">'
        f"<h2>{html.escape(title)}</h2><p>{html.escape(text)}</p>{todo_html}</div>"
    )


def no_products() -> None:
    """The database answers and holds nothing."""
    notice(
        "box",
        "The database is empty",
        "Load products and who bought what with what, then train a model and publish it. This page follows by itself.",
        "alsobought ingest FILE\nalsobought train pagerank\nalsobought publish runs/…",
    )


def no_runs() -> None:
    """There are products and no run was ever published."""
    notice(
        "seed",
        "No run has been published yet",
        "The products are there. Related products appear as soon as a model is trained on them and published.",
        "alsobought train pagerank\nalsobought publish runs/…",
    )


@contextmanager
def guarded() -> Iterator[None]:
    """Everything of a page happens in here: what goes wrong is said, and a database that went away is waited for."""
    try:
        yield
    except DatabaseUnavailableError as error:
        forget()
        _wait_for_database(error)
    except DatabaseRefusedError as error:
        forget()
        notice("key", "The database refuses the app", error.message, error.hint)
    except UserError as error:
        notice("question", "That did not work", error.message, error.hint)
    except Exception:  # Streamlit's own ways to stop and rerun a script are no Exceptions
        log.exception("a page failed")
        notice(
            "wrench",
            "Something went wrong here",
            "The app's log, in the terminal it was started from, has the details.",
        )
        if st.button("Try again"):
            st.rerun()


def _wait_for_database(error: DatabaseUnavailableError) -> None:
    notice(
        "plug",
        "The database does not answer",
        f"{error.message}. This page goes on by itself as soon as it is back.",
        "alsobought db start" if "embedded" in error.message else error.hint,
    )
    _look_again()


@st.fragment(run_every=_LOOK_EVERY)
def _look_again() -> None:
    try:
        connected().read("server_version")
    except UserError:
        forget()
        st.caption("looking again every two seconds …")
    else:
        st.rerun(scope="app")


def page(name: str, title: str, body: Callable[[], None]) -> None:
    """Draw a page: its heading, then ``body`` under :func:`guarded`."""
    from app.web.links import follow_wanted
    from app.web.url import enter_page

    follow_wanted()
    enter_page(name)
    st.html(f'<h1 class="ab-title">{html.escape(title)}</h1>')
    with guarded():
        body()
