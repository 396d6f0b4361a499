"""How much memory the embedded server takes."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from graph.embedded.machine import machine_memory, memory_for, memory_setting


@pytest.mark.parametrize(("gigabytes", "whole"), [(1, 768), (2, 768), (8, 2000), (16, 4000), (64, 6144)])
def test_a_quarter_of_the_machine_within_bounds(gigabytes: int, whole: int) -> None:
    memory = memory_for(gigabytes * 1_000_000_000)
    assert memory.heap + memory.page_cache == whole
    assert memory.heap >= 512 > 0 < memory.page_cache


def test_the_asked_memory_wins_and_too_little_is_refused() -> None:
    assert memory_for(64_000_000_000, 600).heap + memory_for(64_000_000_000, 600).page_cache == 600
    with pytest.raises(ValueError, match="memory_mb"):
        memory_for(64_000_000_000, 100)


def test_the_environment_names_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALSOBOUGHT_NEO4J_MEMORY_MB", raising=False)
    assert memory_setting() is None
    monkeypatch.setenv("ALSOBOUGHT_NEO4J_MEMORY_MB", "900")
    assert memory_setting() == 900
    monkeypatch.setenv("ALSOBOUGHT_NEO4J_MEMORY_MB", "2g")
    with pytest.raises(ValueError, match="ALSOBOUGHT_NEO4J_MEMORY_MB"):
        memory_setting()


def test_a_container_limit_on_any_level_counts(tmp_path: Path) -> None:
    inner = tmp_path / "kubepods" / "shop"
    inner.mkdir(parents=True)
    (inner / "memory.max").write_text("max\n")
    (tmp_path / "kubepods" / "memory.max").write_text("500000000\n")
    own = tmp_path / "own"
    own.write_text("0::/kubepods/shop\n")
    assert machine_memory(tmp_path, own) == 500_000_000


def test_without_a_limit_it_is_the_machines_memory(tmp_path: Path) -> None:
    assert machine_memory(tmp_path, tmp_path / "absent") == psutil.virtual_memory().total
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert machine_memory(tmp_path, tmp_path / "absent") == psutil.virtual_memory().total
