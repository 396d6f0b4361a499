"""Who is there: nobody asks by default; a password or OIDC where Streamlit's secrets name one; changes want a login."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import Final

import streamlit as st

from app.web.settings import AppSettings

#: Cost of a password's hash (RFC 7914): 16 MB and about 50 ms.
_N, _R, _P = 2**14, 8, 1
#: Seconds that a wrong password costs; with Streamlit's one script a session that slows guessing down.
_PENALTY: Final = 1.0


def hashed(password: str) -> str:
    """A password as ``[users]`` of the secrets file holds it: ``scrypt:salt:hash``, both in hex."""
    salt = secrets.token_bytes(16)
    return f"scrypt:{salt.hex()}:{_scrypt(password, salt).hex()}"


def matches(password: str, stored: str) -> bool:
    """Whether a password is the one behind ``stored``; anything that is not such a hash matches nothing."""
    kind, _, rest = stored.partition(":")
    salt, _, digest = rest.partition(":")
    try:
        wanted, given = bytes.fromhex(digest), _scrypt(password, bytes.fromhex(salt))
    except ValueError:
        return False
    return kind == "scrypt" and len(wanted) == len(given) and hmac.compare_digest(given, wanted)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, dklen=32)


def kind_of_login() -> str:
    """``oidc``, ``password`` or ``none``, by what Streamlit's secrets hold."""
    try:
        if "auth" in st.secrets:
            return "oidc"
        if st.secrets.get("users"):
            return "password"
    except FileNotFoundError:
        pass
    return "none"


def who_is_there() -> str | None:
    """Name of the person who is logged in, or None."""
    kind = kind_of_login()
    if kind == "oidc":
        return str(st.user.get("email") or st.user.get("name") or st.user.get("sub")) if st.user.is_logged_in else None
    return st.session_state.get("_who") if kind == "password" else None


def may_change() -> bool:
    """Whether buttons that change something are shown: the app was started so, and the person is logged in."""
    return AppSettings().allow_changes and who_is_there() is not None


def may_enter() -> bool:
    """Whether the page may be shown; asks for the login where one is configured."""
    kind = kind_of_login()
    if kind == "none" or who_is_there() is not None:
        return True
    if kind == "oidc":
        st.html('<div class="ab-notice"><h1>alsobought</h1><p>Please log in.</p></div>')
        if st.button("Log in", type="primary"):
            st.login()
        return False
    _ask_password()
    return False


def _ask_password() -> None:
    st.html('<div class="ab-notice"><h1>alsobought</h1><p>Please log in.</p></div>')
    with st.form("login", width=420):
        name = st.text_input("Name", autocomplete="username")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        if st.form_submit_button("Log in", type="primary"):
            stored = st.secrets["users"].get(name)
            # an unknown name costs as much as a known one, so that the time does not tell them apart
            fits = matches(password, stored if isinstance(stored, str) else "scrypt:00:" + "00" * 32)
            if fits:
                st.session_state["_who"] = name
                st.rerun()
            time.sleep(_PENALTY)
            st.error("Name and password do not fit.")


def show_who() -> None:
    """The name and a way out, at the foot of the menu."""
    name = who_is_there()
    if name is None:
        return
    with st.sidebar:
        st.caption("logged in as " + "".join(f"\\{c}" if not c.isalnum() and c.isascii() else c for c in name))
        if st.button("Log out"):
            if kind_of_login() == "oidc":
                st.logout()
            st.session_state.pop("_who", None)
            st.rerun()
