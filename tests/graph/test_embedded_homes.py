"""Databases by name under one home."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.embedded import current_name, database_folder, databases, use
from graph.errors import UsageError


def test_a_home_that_does_not_exist_has_no_database_and_the_default_is_current(tmp_path: Path) -> None:
    assert databases(tmp_path / "nowhere") == []
    assert current_name(tmp_path / "nowhere") == "default"


def test_use_switches_and_stays_switched(tmp_path: Path) -> None:
    home = tmp_path / "home"
    use(home, "spring_2026")
    assert current_name(home) == "spring_2026"
    use(home, "demo")
    assert current_name(home) == "demo"
    assert sorted(entry.name for entry in home.iterdir()) == ["current"]


def test_databases_are_the_folders_with_a_proper_name(tmp_path: Path) -> None:
    for name in ("b", "a", "not-a-name"):
        database_folder(tmp_path, "x").with_name(name).mkdir(parents=True)
    (tmp_path / "databases" / "file").write_text("")
    assert databases(tmp_path) == ["a", "b"]


@given(st.text(max_size=70).filter(lambda name: not (name.isascii() and name.replace("_", "a").isalnum())))
def test_no_other_text_becomes_a_folder(name: str) -> None:
    with pytest.raises(UsageError):
        database_folder(Path("/home"), name)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a b", "1a", "_a", "a\n", "ä", "a" * 65])
def test_names_that_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a database's name"):
        use(tmp_path, name)
    assert current_name(tmp_path) == "default"


def test_a_tampered_pointer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "current").write_text("../../etc\n")
    with pytest.raises(UsageError):
        current_name(tmp_path)
