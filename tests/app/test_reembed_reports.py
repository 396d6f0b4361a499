"""The job's reports, for people: the page that can be taken along, and the part of the app that shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.reembed.gate import Rule
from app.reembed.outcome import Outcome
from app.reembed.report import markdown, write_report
from app.reembed.report_html import page
from app.web.job_reports import newest

HOSTILE = '<script>alert("1")</script> | \u202eelttek'


def an_outcome() -> Outcome:
    return Outcome(
        status="refused",
        run_id="pagerank_2",
        serves="pagerank_1",
        before="pagerank_1",
        rules=[Rule("recall", False, 0.4, 0.5, "worse <by> far"), Rule("hub", True, 0.1, 0.2, "fine")],
        figures={"new": {"recall_at_10": 0.4, "hubness": 1.25}, "serving": {"recall_at_10": 0.5}},
        drift={
            "k": 10, "compared": 2, "overlap": 0.75, "new_products": 1,
            "by_degree": [{"degree_from": 1, "degree_to": 4, "products": 2, "overlap": 0.75}],
            "movers": [{"product_id": "P1", "title": HOSTILE, "overlap": 0.5}],
            "new": [{"product_id": "P9", "title": None}],
        },
        seconds={"export": 1.5, "train": 3.0},
        counts={"products": 12, "listed": 10, "pairs": 30},
        resumed="the job of 2026-01-01 was cut off in the step train; this one resumed after the step evaluate",
        peak_memory_mb=321.0,
    )  # fmt: skip


def test_the_page_says_all_that_matters_and_escapes_what_the_catalogue_holds() -> None:
    text = page(an_outcome())
    for said in ("refused", "pagerank_1", "0.4", "worse &lt;by&gt; far", "resumed after the step evaluate", "hubness",
                 "1 to 4 neighbours", "P9", "321 MB", "default-src"):  # fmt: skip
        assert said in text, said
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\u202e" not in text
    assert "http" not in text.replace("http-equiv", ""), "nothing is fetched from anywhere"


def test_every_status_has_a_page(tmp_path: Path) -> None:
    for status in ("unchanged", "published", "failed", "stopped", "new products", "dry run"):
        outcome = Outcome(status=status, error="the disk was full" if status == "failed" else "")
        place = write_report(outcome, tmp_path)
        assert status in (place / "report.html").read_text()
        assert status in markdown(outcome)
    assert len(newest(tmp_path)) == 6
    assert "alsobought_reembed_success" in (tmp_path / "reembed.prom").read_text()


def test_what_is_no_report_is_left_out(tmp_path: Path) -> None:
    write_report(an_outcome(), tmp_path)
    (tmp_path / "2020_broken").mkdir()
    (tmp_path / "2020_broken" / "report.json").write_text("{")
    (tmp_path / "2021_list").mkdir()
    (tmp_path / "2021_list" / "report.json").write_text("[]")
    assert [report.status for report in newest(tmp_path)] == ["refused"]
    assert newest(tmp_path / "nowhere") == []


def test_the_app_shows_the_newest_and_offers_the_whole_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(Outcome(status="published", started_at="2026-01-01T03:00:00+00:00"), tmp_path)
    outcome = an_outcome()
    outcome.started_at = "2026-01-02T03:00:00+00:00"
    outcome.error = HOSTILE
    write_report(outcome, tmp_path)
    monkeypatch.setenv("ALSOBOUGHT_REPORTS", str(tmp_path))
    app = AppTest.from_string("from app.web.job_reports import section\nsection()", default_timeout=30).run()
    assert not app.exception
    shown = "\n".join(str(part.proto.body) for part in app.get("html"))
    assert "serves: pagerank_1" in shown
    assert "worse &lt;by&gt; far" in shown
    assert "<script" not in shown
    assert [option.rpartition(" ")[2] for option in app.selectbox[0].options] == ["refused", "published"]
    assert len(app.get("download_button")) == 1
    assert json.loads((newest(tmp_path)[0].folder / "report.json").read_text())["status"] == "refused"
    monkeypatch.setenv("ALSOBOUGHT_REPORTS", str(tmp_path / "none"))
    assert (
        not AppTest.from_string("from app.web.job_reports import section\nsection()", default_timeout=30)
        .run()
        .get("html")
    )
