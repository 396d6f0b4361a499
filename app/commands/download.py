"""``alsobought download``: public data sets from their owners."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def download(
    name: Annotated[
        str | None,
        typer.Argument(help="A data set, NAME or NAME/CATEGORY: amazon-2018/Gift_Cards.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--list", help="Show what there is, and download nothing.")] = False,
    reviews: Annotated[
        bool, typer.Option("--reviews", help="Amazon 2014 and 2018: get the reviews too, which are read as orders.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where the files go. Default: downloads under ALSOBOUGHT_HOME.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Fetch files that are here already.")] = False,
    sha256: Annotated[
        str | None, typer.Option(help="Checksum that the file must have, where you know one (sets of one file).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Fetch a public data set from its owners' server; its licence and what to cite are said first.

    A download that breaks off goes on where it stood when the command is given again. Prints the paths of the files.

    Example: alsobought download amazon-2018/Gift_Cards

    Example: alsobought ingest $(alsobought download online-retail)
    """
    from app.console import out as stdout
    from app.console import print_json, progress, safe, say
    from graph.errors import UsageError
    from graph.settings import DatabaseSettings
    from ingest.download import fetch
    from ingest.download_sources import wanted

    if every:
        _show(json=json)
        return
    if name is None:
        raise UsageError("name a data set", "`alsobought download --list` shows them all")
    chosen = wanted(name, reviews=reviews)
    if sha256 is not None and (len(chosen.files) > 1 or not _is_sha256(sha256)):
        raise UsageError("--sha256 takes 64 hexadecimal digits, for a data set of one file")
    source = chosen.source
    for line in (
        f"[bold]{safe(chosen.folder)}[/]: {safe(source.what)}",
        f"from {safe(source.page)}",
        f"licence: {safe(source.licence)}",
        f"please cite: {safe(source.citation)}",
    ):
        say(line)
    folder = out or DatabaseSettings().home / "downloads" / chosen.folder
    fetched = []
    for file in chosen.files:
        with progress(file.file_name) as on_progress:
            fetched.append(
                fetch(
                    file.url,
                    folder / file.file_name,
                    sha256=sha256 or file.sha256,
                    again=again,
                    on_progress=on_progress,
                )
            )
        found = fetched[-1]
        how = "was here already" if found.from_cache else "arrived whole"
        say(f"{safe(found.path.name)} {how}: {found.size / 1e6:,.1f} MB, sha256 {found.sha256}")
    if json:
        print_json(
            {
                "name": source.name,
                "category": chosen.category or None,
                "licence": source.licence,
                "citation": source.citation,
                "files": [
                    {
                        "path": str(found.path),
                        "url": file.url,
                        "bytes": found.size,
                        "sha256": found.sha256,
                        "from_cache": found.from_cache,
                    }
                    for file, found in zip(chosen.files, fetched, strict=True)
                ],
            }
        )
        return
    for found in fetched:
        stdout().print(safe(found.path), soft_wrap=True)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdefABCDEF" for c in text)


def _show(*, json: bool) -> None:
    """Every data set with its licence and its categories."""
    from dataclasses import asdict

    from app.console import out, print_json, safe
    from ingest.download_sources import SOURCES

    if json:
        print_json([asdict(source) for source in SOURCES])
        return
    for source in SOURCES:
        out().print(f"[bold]{safe(source.name)}[/]  {safe(source.what)}", soft_wrap=True)
        out().print(f"  {safe(source.page)}; licence: {safe(source.licence)}", soft_wrap=True)
        if source.categories:
            out().print(f"  {safe(source.name)}/: {safe(', '.join(source.categories))}", soft_wrap=True)
