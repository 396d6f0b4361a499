"""Starting the app: Streamlit with our settings, in this process's place."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

from graph.errors import UsageError, UserError

#: Where Streamlit itself looks for secrets.
SECRETS_PLACES = (Path(".streamlit/secrets.toml"), Path.home() / ".streamlit" / "secrets.toml")


def options(
    *, host: str, port: int, secrets: Path | None = None, browser: bool = True, debug: bool = False
) -> list[str]:
    """The command that starts Streamlit on our app; no secret is among the arguments.

    Nothing is counted and sent anywhere, no file is watched, and only this machine is answered unless ``host`` says
    otherwise.
    """
    from app.web.style import THEME

    settings = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "false" if browser else "true",
        "server.fileWatcherType": "none",
        "server.showEmailPrompt": "false",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": "localhost" if host in {"127.0.0.1", "::1"} else host,
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "full" if debug else "none",
        "client.showErrorLinks": "false",
        **THEME,
    }
    if secrets is not None:
        settings["secrets.files"] = str(secrets.expanduser().absolute())
    script = Path(__file__).with_name("web") / "main.py"
    arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return [sys.executable, "-m", "streamlit", "run", str(script), *arguments]


def start(
    *,
    host: str,
    port: int,
    allow_changes: bool = False,
    images: bool = False,
    secrets: Path | None = None,
    comparison: Path | None = None,
    browser: bool = True,
) -> None:
    """Become Streamlit: does not come back.

    Raises:
        UsageError: the secrets file is not there, or the port is taken.
    """
    from app.console import safe, say

    if secrets is not None and not secrets.expanduser().is_file():
        raise UsageError(f"there is no secrets file {secrets}", "docs/app.md says what it holds")
    check_port(host, port)
    environment = {
        **os.environ,
        "ALSOBOUGHT_APP_ALLOW_CHANGES": "1" if allow_changes else "0",
        "ALSOBOUGHT_APP_IMAGES": "1" if images else "0",
    }
    if comparison is not None:
        environment["ALSOBOUGHT_COMPARE_FOLDER"] = str(comparison.expanduser().absolute())
    say(f"the app is at [bold]http://{'localhost' if host == '127.0.0.1' else safe(host)}:{port}[/] (Ctrl-C stops it)")
    command = options(host=host, port=port, secrets=secrets, browser=browser)
    os.execve(command[0], command, environment)  # noqa: S606 - no shell; signals then reach Streamlit itself


def check_port(host: str, port: int) -> None:
    """Raise UsageError where the port cannot be listened on."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"the app cannot listen on {host}:{port}: {error.strerror}", "name another port with --port"
            ) from error


def look_at_database() -> None:
    """Start the embedded database where it is down; where none answers, say so: the app opens and waits for it."""
    from app.console import safe, say
    from app.database import open_database

    try:
        with open_database():
            pass
    except UserError as error:
        say(f"[yellow]{safe(error.message)}[/]; the app opens and waits for it")


def check_logins(secrets: Path | None) -> None:
    """Raise UsageError where nobody could log in: changes are only for people who did."""
    places = (secrets,) if secrets is not None else SECRETS_PLACES
    for place in places:
        if not place.expanduser().is_file():
            continue
        try:
            held = tomllib.loads(place.expanduser().read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"the secrets file {place} cannot be read: {error}") from error
        if held.get("auth") or held.get("users"):
            return
    raise UsageError(
        "--allow-changes wants a login, and no secrets file names anybody",
        "`alsobought app --new-password` makes a line for [users]; docs/app.md shows that and OIDC",
    )


def print_password_line() -> None:
    """Ask for a name and a password, and print what goes into the secrets file."""
    import getpass

    from app.console import say
    from app.web.login import hashed

    name = input("Name: ").strip()
    if not name or not name.isprintable() or '"' in name or "\\" in name:
        raise UsageError("a name is printable text without quotes and backslashes")
    password = getpass.getpass("Password: ")
    if len(password) < 8:
        raise UsageError("the password has fewer than 8 characters", "take a longer one")
    if getpass.getpass("Again: ") != password:
        raise UsageError("the two passwords differ")
    say("for the secrets file (.streamlit/secrets.toml, or what --secrets names), readable by you alone:")
    sys.stdout.write(f'[users]\n"{name}" = "{hashed(password)}"\n')
