"""Whatever call of the system fails while a run publishes, and wherever it is killed: the store holds whole revisions only,
the error says what happened, and the next run publishes what it would have.

Each call that touches the store is disturbed in its turn (see failing_calls.c), in three runs: into no store, into a store
that has a revision, and into one in which a killed run left its things. Calls that only read or look are disturbed too. By
default each call fails in one way of those that fit it, and of the hundreds of equal calls on the database a part does;
INGEST_FAULTS=all tries every call in every way.
"""

import collections
import json
import os
import random
import re
import shutil
import signal

import pytest

from faults import CHANGES, FAILURES, calls_of, in_parallel, run_watched, targets
from support import (
    SAMPLE_HCPCS, SAMPLE_OVERLAYS, SAMPLE_RVU, assert_published, files_below, ingest, revisions, run, run_arguments, sha256)

INPUTS = [SAMPLE_RVU, SAMPLE_HCPCS]
EVERYTHING = os.environ.get("INGEST_FAULTS") == "all"
CASES = ["into no store", "into a store with a revision", "after a killed run"]


class Case:
    """A run into a store that stands in `before`, what it publishes, and the calls that it makes."""

    def __init__(self, name, folder):
        self.name = name
        self.before = folder / "before"
        self.before.mkdir(parents=True)
        if name != CASES[0]:
            assert_published(run(self.before / "store", "RVU26A", INPUTS))
        if name == CASES[2]:
            call = ("write", "store/.latest.json", 1)
            result = run_watched(self.before, self.arguments(self.before), target=call, how="kill-after")
            assert result.code == -signal.SIGKILL, result
            # As if the kill had come before the rename: a whole staging folder with something strange in it.
            store = self.before / "store"
            shutil.move(store / "releases" / "RVU26A" / "r2", store / ".staging")
            (store / ".staging" / "tables" / "payments.csv").write_text("code\n")
        self.visible = files_below(self.before / "store") if name != CASES[0] else {}
        self.visible = {path: data for path, data in self.visible.items() if not path.startswith(".")}
        after = folder / "after"
        shutil.copytree(self.before, after)
        self.log = folder / "log"
        result = run_watched(after, self.arguments(after), log=self.log)
        assert_published(result)
        self.number = 1 if name == CASES[0] else 2
        assert revisions(after / "store")[-1] == f"RVU26A/r{self.number}"
        assert ingest("validate", after / "store" / "releases" / "RVU26A" / f"r{self.number}").code == 0
        self.expected = {path: data for path, data in files_below(after / "store").items() if path != ".lock"}
        self.calls = calls_of(self.log)

    @staticmethod
    def arguments(folder):
        return run_arguments(folder / "store", "RVU26A", INPUTS, SAMPLE_OVERLAYS)

    def look(self, store):
        """What a reader finds wrong in the store, whatever happened."""
        if not store.exists():
            return
        found = files_below(store)
        for name in revisions(store):
            prefix = f"releases/{name}/"
            whole = {path: data for path, data in self.expected.items() if path.startswith(prefix)}
            there = {path: data for path, data in found.items() if path.startswith(prefix)}
            assert there == whole, f"{name} is not whole: {sorted(there.keys() ^ whole.keys())}"
        for path in self.visible:
            assert path in found, f"{path} is gone"
        if "latest.json" in found:
            latest = json.loads(found["latest.json"])
            assert sha256(found[latest["path"] + "/manifest.json"]) == latest["manifest_sha256"]
            assert found["latest.json"] in (self.expected["latest.json"], self.visible.get("latest.json"))
        left = {path.name for path in store.iterdir()} - {"latest.json", "releases", ".lock", ".staging", ".latest.json"}
        assert not left, f"left behind: {left}"

    def look_at_next_run(self, folder):
        """The run after it, undisturbed, gives the store that it would have given in its place."""
        result = ingest(*self.arguments(folder))
        assert_published(result)
        found = {path: data for path, data in files_below(folder / "store").items() if path != ".lock"}
        assert found.keys() == self.expected.keys(), f"{sorted(found.keys() ^ self.expected.keys())}"
        assert [path for path in found if found[path] != self.expected[path]] == []

    def published(self, store):
        return f"RVU26A/r{self.number}" in revisions(store)

    def disturb(self, folder, target, how, lasting=False):
        """Runs with one call disturbed. What is wrong afterwards, as text; nothing where all is well."""
        shutil.copytree(self.before, folder)
        result = run_watched(folder, self.arguments(folder), target=target, how=how, lasting=lasting)
        store = folder / "store"
        about = f"{' '.join(map(str, target))}: {how}{' from there on' if lasting else ''}"
        try:
            self.look(store)
            if how.startswith("kill"):
                assert result.code in (-signal.SIGKILL, 0), result
            elif result.code == 0:
                assert self.published(store), f"a success without a revision\n{result}"
                assert {path: data for path, data in files_below(store).items() if path != ".lock"} == self.expected, result
            else:
                assert_fault_is_told(result, target[0] in CHANGES, self.published(store))
            self.look_at_next_run(folder)
        except AssertionError as problem:
            return f"{about}\n{problem}\n{result.err[-1500:]}"
        finally:
            shutil.rmtree(folder)
        return None


def assert_fault_is_told(result, is_change, is_published):
    """A documented exit code; where, what, and what to try; and no more promised than is true."""
    assert result.code in ((73,) if is_change else (2, 69, 73)), result
    assert re.search(r"^\S.*: error: .+ \[\w+\]$", result.err, re.MULTILINE), f"no error with a place\n{result}"
    assert re.search(r"^  try: .+", result.err, re.MULTILINE), f"nothing to try\n{result}"
    assert not re.search(r"Fatal error|Stack dump|NSPOSIXErrorDomain|Error Domain|\bCode=\d", result.err), result
    assert ("Nothing was published" in result.err) == (not is_published), f"published: {is_published}\n{result}"
    assert result.out == b"", result


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    return Case(request.param, tmp_path_factory.mktemp("faults"))


def chosen(case, names):
    """The calls to disturb. Of many equal ones, on one file or on the tables, the first two, the last and two between."""
    groups = collections.defaultdict(list)
    for target in targets(case.calls):
        if target[0] in names:
            groups[target[0], re.sub(r"/tables/\w+\.csv", "/tables/*.csv", target[1])].append(target)
    chance = random.Random(case.name)
    some = []
    for group in groups.values():
        picked = {0, 1, len(group) - 1, *(chance.randrange(len(group)) for _ in range(2))}
        some += group if EVERYTHING else [target for number, target in enumerate(group) if number in picked]
    return some


def assert_all_is_well(case, disturbances, folder):
    def disturb(numbered):
        number, arguments = numbered
        return case.disturb(folder / str(number), *arguments)

    assert disturbances, "no call to disturb: is the program still watched?"
    found = [problem for problem in in_parallel(disturb, enumerate(disturbances)) if problem]
    if found:
        pytest.fail(f"{len(found)} of {len(disturbances)}\n" + "\n\n".join(found[:30]), pytrace=False)


def ways(number, name):
    """How to disturb a call: in one way, or in all."""
    return FAILURES[name] if EVERYTHING else [FAILURES[name][number % len(FAILURES[name])]]


def test_every_call_that_changes_the_store_may_fail(case, tmp_path):
    calls = chosen(case, CHANGES | {"close", "flock", "fcntl-lock"})
    disturbances = [(target, how) for number, target in enumerate(calls) for how in ways(number, target[0])]
    assert_all_is_well(case, disturbances, tmp_path)


def test_every_call_that_reads_the_store_may_fail(case, tmp_path):
    calls = chosen(case, FAILURES.keys() - CHANGES - {"close", "flock", "fcntl-lock"})
    disturbances = [(target, how) for number, target in enumerate(calls) for how in ways(number, target[0])]
    assert_all_is_well(case, disturbances, tmp_path)


def test_a_disk_may_be_full_or_read_only_from_any_call_on(case, tmp_path):
    calls = chosen(case, CHANGES)
    hows = ["ENOSPC", "EROFS", "EIO"]
    disturbances = [
        (target, how, True) for number, target in enumerate(calls) for how in (hows if EVERYTHING else [hows[number % 3]])]
    assert_all_is_well(case, disturbances, tmp_path)


def test_the_run_may_be_killed_at_every_call_that_changes_the_store(case, tmp_path):
    calls = chosen(case, CHANGES)
    disturbances = [(target, how) for target in calls for how in (["kill-before", "kill-after"] if EVERYTHING else ["kill-after"])]
    assert_all_is_well(case, disturbances, tmp_path)
