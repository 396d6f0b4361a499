from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.setting_texts import parse_settings
from app.tuning import seconds_of, set_options, tune_model
from graph.errors import UsageError, UserError
from models.evaluation import search as searching
from models.evaluation import split_pairs
from models.evaluation.search import Validation, search_space
from models.registry import create
from tests.models.conftest import planted_graph


def test_spans_of_time() -> None:
    assert [seconds_of(text) for text in ("90", "90s", "1.5m", " 2h ")] == [90, 90, 90, 7200]
    for text in ("soon", "0m", "-3s", "5d", ""):
        with pytest.raises(UsageError, match="span of time"):
            seconds_of(text)


def test_every_try_is_kept_and_a_second_call_goes_on(tmp_path: Path) -> None:
    file, graph = tmp_path / "tune" / "cosine.json", planted_graph()
    first = tune_model(graph, "cosine", budget=60, most=3, out=file)
    assert json.loads(file.read_text())["tries"] == first["tries"]
    assert len(first["tries"]) == 3
    assert first["tries"][0]["settings"] == {}, "the defaults come first"
    assert first["best"]["figures"]["recall_at_10"] >= first["default"]["figures"]["recall_at_10"]
    second = tune_model(graph, "cosine", budget=60, most=2, out=file)
    assert second["tries"][:3] == first["tries"]
    assert len(second["tries"]) == 5
    other = tune_model(graph, "cosine", budget=60, most=1, out=file, how=Validation(split_seed=7))
    assert len(other["tries"]) == 1, "tries on another split say nothing of this one"


def test_settings_are_judged_without_the_test_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    graph = planted_graph()
    test_part = {tuple(pair) for pair in split_pairs(graph, seed=42).held_out.tolist()}
    seen: list[set[tuple[int, int]]] = []
    honest = searching.evaluate

    def watched(model, task, **how):  # type: ignore[no-untyped-def]
        seen.append({tuple(pair) for pair in task.split.train.pairs()[0].tolist()})
        seen.append({tuple(pair) for pair in task.split.held_out.tolist()})
        return honest(model, task, **how)

    monkeypatch.setattr(searching, "evaluate", watched)
    tune_model(graph, "cosine", budget=60, most=6, out=tmp_path / "t.json")
    assert len(seen) >= 4, "two tries at least had settings that go together"
    assert not any(pairs & test_part for pairs in seen)


def test_the_same_search_gives_the_same_tries(tmp_path: Path) -> None:
    graph = planted_graph()
    one, other = (tune_model(graph, "pagerank", budget=60, most=3, out=tmp_path / f"{i}.json") for i in range(2))
    assert [trial["settings"] for trial in one["tries"]] == [trial["settings"] for trial in other["tries"]]


def test_what_is_found_can_be_typed() -> None:
    settings = {"outside_weight": 0.123456789, "direct": 0.5}
    typed = set_options(settings)
    assert typed == "--set outside_weight=0.123457 --set direct=0.5"
    assert create("cosine", **parse_settings("cosine", typed.replace("--set ", "").split())).settings.direct == 0.5


@pytest.mark.parametrize("name", ["node2vec", "pagerank", "blend", "pmi"])
def test_spaces_hold_the_defaults(name: str) -> None:
    settings = create(name).settings
    for setting, allowed in search_space(name).items():
        assert allowed._contains(allowed.to_internal_repr(getattr(settings, setting))), setting


def test_what_cannot_be_searched_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="popular has no settings to search"):
        tune_model(planted_graph(), "popular", budget=1, out=tmp_path / "x.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        tune_model(planted_graph(), "cosine", budget=1, out=tmp_path / "file" / "x.json")
