"""``alsobought app``: the Streamlit app, on this machine alone unless told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def app(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8501,
    host: Annotated[str, typer.Option(help="The address to listen on; others than this machine need another.")] = (
        "127.0.0.1"
    ),
    allow_changes: Annotated[
        bool,
        typer.Option("--allow-changes", help="Let people who log in publish, roll back and vote."),
    ] = False,
    images: Annotated[
        bool, typer.Option("--images", help="Show the catalogue's own pictures: browsers then fetch them elsewhere.")
    ] = False,
    secrets: Annotated[
        Path | None, typer.Option(help="Streamlit's secrets file: who may log in. Default: Streamlit's own places.")
    ] = None,
    comparison: Annotated[
        Path | None, typer.Option(help="Folder of `compare`'s results, for the page Quality.")
    ] = None,
    example_shop: Annotated[
        bool,
        typer.Option("--example-shop", help="Open on the example shop with three models; made where it is not there."),
    ] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = True,
    new_password: Annotated[
        bool, typer.Option("--new-password", help="Ask for a password, print its line for the secrets file, and stop.")
    ] = False,
) -> None:
    """Browse products, compare models and look at runs in a web browser.

    Example: alsobought app --port 8600 --no-browser
    """
    from app.starting import check_logins, print_password_line, start

    if new_password:
        print_password_line()
        return
    if allow_changes:
        check_logins(secrets)
    if example_shop:
        from app.example_shop import ensure_example_shop

        ensure_example_shop()
    else:
        from app.starting import look_at_database

        look_at_database()
    start(
        host=host, port=port, allow_changes=allow_changes, images=images, secrets=secrets, comparison=comparison,
        browser=browser,
    )  # fmt: skip
