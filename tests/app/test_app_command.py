"""``alsobought app``: how Streamlit is started, who may log in, and what is refused before it starts."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from app import starting
from app.cli import main
from app.web.cards import label
from app.web.login import hashed, matches
from app.web.pictures import colours_of, drawn
from app.web.times import age
from graph.errors import UsageError
from graph.votes import wilson


def test_the_app_is_started_on_this_machine_alone_and_reports_to_nobody() -> None:
    command = starting.options(host="127.0.0.1", port=8600, browser=False)
    given = dict(zip(command[5::2], command[6::2], strict=False))
    assert given["--server.address"] == "127.0.0.1"
    assert given["--browser.gatherUsageStats"] == "false"
    assert given["--client.showErrorDetails"] == "none"
    assert given["--server.port"] == "8600"
    assert Path(command[4]).is_file()


def test_changes_want_somebody_who_can_log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "SECRETS_PLACES", (tmp_path / "none.toml",))
    with pytest.raises(UsageError, match="wants a login"):
        starting.check_logins(None)
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("[other]\nkey = 1\n")
    with pytest.raises(UsageError, match="wants a login"):
        starting.check_logins(secrets)
    secrets.write_text("[users\n")
    with pytest.raises(UsageError, match="cannot be read"):
        starting.check_logins(secrets)
    secrets.write_text(f'[users]\nada = "{hashed("correct horse")}"\n')
    starting.check_logins(secrets)


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="cannot listen"):
        starting.check_port("127.0.0.1", taken.getsockname()[1])


def test_the_command_hands_over_without_a_secret_among_its_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(f'[users]\nada = "{hashed("correct horse")}"\n')
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:9")
    monkeypatch.setenv("NEO4J_PASSWORD", "hunter22")
    started: list[tuple[list[str], dict[str, str]]] = []

    def execve(path: str, arguments: list[str], environment: dict[str, str]) -> None:
        started.append((arguments, environment))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", execve)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    call = ["alsobought", "app", "--port", str(port), "--allow-changes", "--no-browser", "--secrets", str(secrets)]
    monkeypatch.setattr(sys, "argv", call)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    arguments, environment = started[0]
    assert environment["ALSOBOUGHT_APP_ALLOW_CHANGES"] == "1"
    assert not any("hunter22" in part or "scrypt" in part for part in arguments)
    assert str(secrets) in arguments


def test_passwords_are_kept_as_salted_hashes() -> None:
    stored = hashed("correct horse")
    assert matches("correct horse", stored)
    assert not matches("correct hors", stored)
    assert hashed("correct horse") != stored
    assert "correct" not in stored
    assert not any(matches("", broken) for broken in ("", "scrypt", "scrypt::", "scrypt:zz:zz", "plain:00:00"))


def test_pictures_are_drawn_here_and_hold_nothing_of_the_catalogue() -> None:
    import base64

    picture = drawn('"><script>', ["<b>Music</b> > Guitars"])
    kind, _, body = picture.partition(",")
    assert kind == "data:image/svg+xml;base64"
    svg = base64.b64decode(body).decode()
    assert "script" not in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert picture == drawn('"><script>', ["<b>Music</b> > Guitars"])
    assert picture != drawn("B2", ["<b>Music</b> > Guitars"])


def test_categories_side_by_side_have_colours_of_their_own() -> None:
    names = [f"Category {i}" for i in range(14)]
    assert len(set(colours_of(names).values())) == 14


def test_labels_escape_markdown() -> None:
    assert label("**a** [b](c) `d` $e$") == r"\*\*a\*\* \[b\]\(c\) \`d\` \$e\$"


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (None, "–"),
        ("2026-01-02T03:04:05+00:00", "2 days ago"),
        ("2026-01-04T00:50:05.123456789Z[Etc/UTC]", "2 hours ago"),
        ("2026-01-04T03:03:55+00:00", "just now"),
        ("long ago", "long ago"),
    ],
)
def test_ages_of_times(moment: str | None, said: str) -> None:
    from datetime import UTC, datetime

    assert age(moment, datetime(2026, 1, 4, 3, 4, 5, tzinfo=UTC)) == said


def test_the_interval_of_a_win_rate_is_wilsons() -> None:
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 5)[0] == 0.0


def test_a_password_line_is_printed_for_the_secrets_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import getpass
    import tomllib

    answers: list[Any] = ["correct horse", "correct horse"]
    monkeypatch.setattr("builtins.input", lambda prompt: "ada")
    monkeypatch.setattr(getpass, "getpass", lambda prompt: answers.pop(0))
    starting.print_password_line()
    held = tomllib.loads(capsys.readouterr().out)
    assert matches("correct horse", held["users"]["ada"])
    answers = ["short", "short"]
    with pytest.raises(UsageError, match="fewer than 8"):
        starting.print_password_line()


def test_training_lays_the_products_out_and_the_folder_carries_that_to_publishing(tmp_path: Path) -> None:
    import numpy as np

    from app.publishing import read_results
    from app.training import train_model
    from graph import ProductGraph
    from graph.errors import UserError

    ids = [f"P{i:02d}" for i in range(30)]
    pairs = [(i, (i + step) % 30) for i in range(30) for step in (1, 2)]
    graph = ProductGraph.from_pairs([ids[a] for a, _ in pairs], [ids[b] for _, b in pairs])
    trained = train_model(graph, "common_neighbours", out=tmp_path / "run", metrics=False, with_map=True)
    results = read_results(trained.path)
    assert results.map is not None
    assert results.map.shape == (30, 2)
    assert np.isfinite(results.map).all()
    again = train_model(graph, "common_neighbours", out=tmp_path / "again", metrics=False, with_map=True)
    assert np.array_equal(read_results(again.path).map, results.map)
    np.save(trained.path / "map.npy", results.map[:5])
    with pytest.raises(UserError, match="map has shape"):
        read_results(trained.path)
    without = train_model(graph, "common_neighbours", out=tmp_path / "without", metrics=False)
    assert read_results(without.path).map is None
