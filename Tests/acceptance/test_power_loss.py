"""Power that fails at any moment of publishing leaves whole revisions, and what a run reported stays.

A run's calls on the store are logged and played back on a model of a disk (see faults.py), which keeps for sure only what was
synchronised. After every call the power fails, and several of the states that a disk may then show are looked at: nothing
that was not synchronised, every name but no byte that was not, and random parts of both.
"""

import json
import shutil

import pytest

from faults import Disk, calls_of, in_parallel, materialise, run_watched
from support import (
    SAMPLE_HCPCS, SAMPLE_OVERLAYS, SAMPLE_RVU, assert_published, files_below, ingest, run, run_arguments, sha256)

INPUTS = [SAMPLE_RVU, SAMPLE_HCPCS]
CASES = ["into no store", "into a store with a revision"]
SEEDS = range(6)
# How many different states the next run is tried on; readers look at each state there is.
TRIED = 40


class Recorded:
    def __init__(self, name, folder):
        self.before = folder / "before"
        self.before.mkdir(parents=True)
        if name != CASES[0]:
            assert_published(run(self.before / "store", "RVU26A", INPUTS))
        self.first = self.files(self.before / "store")
        after = folder / "after"
        shutil.copytree(self.before, after)
        assert_published(run_watched(after, self.arguments(after), log=folder / "log"))
        self.calls = calls_of(folder / "log")
        self.expected = self.files(after / "store")

    @staticmethod
    def arguments(folder):
        return run_arguments(folder / "store", "RVU26A", INPUTS, SAMPLE_OVERLAYS)

    @staticmethod
    def files(store):
        return {f"store/{path}": data for path, data in files_below(store).items() if path != ".lock"} if store.exists() else {}

    def states(self):
        """(number of the last call, what the disk shows) for every call and way, each state once."""
        disk = Disk(self.before)
        seen = set()
        for number, call in enumerate(self.calls):
            disk.apply(call)
            if call.name in ("stat", "read", "pread", "opendir", "open", "close", "flock", "fcntl-lock", "mmap"):
                continue
            for state in disk.states(f"{number}/{seed}" for seed in SEEDS):
                key = tuple((path, data and hash(data)) for path, data in sorted(state.items()))
                if key not in seen:
                    seen.add(key)
                    yield number, state
        self.last = next(iter(disk.states([])))

    def look(self, number, state):
        """What a reader sees: whole revisions, and a pointer at one."""
        call = self.calls[number]
        about = f"after call {number}, {call.name} {call.path}"
        for path, data in state.items():
            if not path.startswith("store/releases/RVU26A/r"):
                continue
            if data is None:
                inside = [other for other in self.expected if other.startswith(path)]
                missing = [other for other in inside if other not in state]
                assert inside and not missing, f"{about}: {path} lacks {missing}"
            else:
                assert data == self.expected.get(path), f"{about}: {path} is not whole"
        for path, data in self.first.items():
            if path != "store/latest.json":
                assert state.get(path) == data, f"{about}: {path} of the revision before is gone or changed"
        pointer = state.get("store/latest.json")
        assert pointer is not None or not self.first, f"{about}: latest.json is gone"
        if pointer is not None:
            latest = json.loads(pointer)
            manifest = state.get(f"store/{latest['path']}/manifest.json")
            assert manifest and sha256(manifest) == latest["manifest_sha256"], f"{about}: latest.json points at nothing"


@pytest.fixture(scope="module", params=CASES)
def recorded(request, tmp_path_factory):
    return Recorded(request.param, tmp_path_factory.mktemp("power"))


@pytest.fixture(scope="module")
def states(recorded):
    return list(recorded.states())


def test_readers_see_whole_revisions_whenever_the_power_fails(recorded, states):
    assert len(states) > 100, "the run was not recorded"
    for number, state in states:
        recorded.look(number, state)


def test_what_was_reported_as_published_outlasts_the_power(recorded, states):
    lost = [path for path, data in recorded.expected.items() if recorded.last.get(path) != data]
    assert not lost, f"lost when the power fails behind the end of the run: {lost}"
    assert not [path for path in recorded.last if path.startswith("store/.staging")], "the staging folder comes back"


def test_the_run_after_a_power_loss_publishes_what_it_would_have(recorded, states, tmp_path):
    step = max(1, len(states) // TRIED)

    def problem(chosen):
        number, (call, state) = chosen
        folder = tmp_path / str(number)
        materialise(state, folder)
        result = ingest(*recorded.arguments(folder))
        found = recorded.files(folder / "store")
        shutil.rmtree(folder)
        return None if result.code == 0 and found == recorded.expected else f"after call {call}: {result}"

    problems = [problem for problem in in_parallel(problem, enumerate(states[::step] + states[-1:])) if problem]
    assert not problems, "\n".join(problems[:3])


def test_the_model_of_a_disk_finds_a_missing_synchronisation(recorded):
    """Were a file, the staging folder or the release's folder not synchronised, a state would show it."""
    for left_out in ("store/.staging/manifest.json", "store/.staging", "store/.staging/tables", "store/releases/RVU26A"):
        calls = [call for call in recorded.calls if not (call.name == "fsync" and call.path == left_out)]
        assert len(calls) < len(recorded.calls), f"{left_out} is not synchronised"
        weaker = object.__new__(Recorded)
        weaker.__dict__ |= {**recorded.__dict__, "calls": calls}
        with pytest.raises(AssertionError):
            for number, state in weaker.states():
                weaker.look(number, state)
            assert all(weaker.last.get(path) == data for path, data in weaker.expected.items())
