"""By whom the job judges settings, and how far it steps back behind the rest of its machine; no database."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.reembed.config import ReembedConfig
from app.reembed.job import judge_settings
from app.reembed.priority import stepped_back
from tests.models.conftest import planted_graph


def quiet(what: str, done: int, total: int) -> None:
    """Nobody watches."""


def test_settings_are_judged_by_a_sample_where_the_catalogue_is_larger() -> None:
    graph = planted_graph()
    config = ReembedConfig(model="common_neighbours")
    everybody = judge_settings(graph, config, None, quiet)["figures"]["new"]
    few = judge_settings(graph, config.model_copy(update={"judge_products": 5}), None, quiet)["figures"]["new"]
    again = judge_settings(graph, config.model_copy(update={"judge_products": 5}), None, quiet)["figures"]["new"]
    assert few["recall_at_10"] == again["recall_at_10"], "the sample is drawn with the split's seed"
    width = {key: figures["recall_high"] - figures["recall_low"] for key, figures in (("all", everybody), ("few", few))}
    assert (few["recall_at_10"], width["few"]) != (everybody["recall_at_10"], width["all"]), "other products are asked"


def test_the_job_steps_back_and_is_put_back() -> None:
    before, cores = os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0)
    with stepped_back(min(before + 5, 19), cores=1):
        assert os.getpriority(os.PRIO_PROCESS, 0) == min(before + 5, 19)
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == cores
    if os.geteuid() == 0:
        assert os.getpriority(os.PRIO_PROCESS, 0) == before


@pytest.mark.skipif(not os.path.exists("/proc/self/autogroup"), reason="this system does not weigh sessions")
@pytest.mark.parametrize(("leads", "weighed"), [(True, "nice 7"), (False, "nice 0")])
def test_a_session_of_its_own_steps_back_with_the_job_and_a_shells_does_not(leads: bool, weighed: str) -> None:
    program = (
        "from app.reembed.priority import stepped_back\n"
        "with stepped_back(7):\n"
        "    print(open('/proc/self/autogroup').read())\n"
    )
    if not leads:  # as a shell starts it: a child of the session's leader
        program = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {program!r}], check=True)\n"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, start_new_session=True
    )
    assert done.stdout.strip().endswith(weighed)
