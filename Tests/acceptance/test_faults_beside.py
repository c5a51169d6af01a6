"""What is written beside the revisions is whole too when a call of the system fails or the process is killed: fetched files and
their pins, sites, and reports."""

import random
import re
import shutil
import signal

import pytest

from cms_server import Server, file, rvu_archive
from faults import CHANGES, FAILURES, calls_of, in_parallel, run_watched, some_of
from fetching import RVU25B, fetch_command, kept, leftovers, lock_of, no_proxy
from support import SAMPLE_INPUTS, SAMPLE_OVERLAYS, assert_published, environment, files_below, ingest, run, sha256

LOOKS = FAILURES.keys() - CHANGES


class Fetching:
    """A source comes from a server into no store; or another, into a store that has one."""

    def __init__(self, folder):
        self.before = folder / "before"
        self.before.mkdir()
        self.server = Server().__enter__()
        self.data = rvu_archive()
        self.server.routes = {RVU25B: file(self.data)}
        # The archive is not the one whose hash the catalogue has.
        self.arguments = lambda where: fetch_command(where / "store", self.server, "--accept-repost")
        self.env = no_proxy()
        self.codes = (69, 73)

    def look(self, where):
        sources = where / "store" / "sources"
        if (sources / "sources.lock.json").exists():
            for pin in lock_of(where / "store")["sources"]:
                if pin["pinned"]:
                    assert sha256((sources / "sha256" / pin["pinned"]["sha256"] / pin["pinned"]["name"]).read_bytes()) \
                        == pin["pinned"]["sha256"]
        assert set(kept(where / "store").values()) <= {self.data}

    def look_at_the_end(self, where):
        assert set(kept(where / "store").values()) == {self.data}
        assert lock_of(where / "store")["sources"][0]["pinned"]["sha256"] == sha256(self.data)
        assert leftovers(where / "store") == []


class Writing:
    """A command that writes a folder of files, over an older one that has other content."""

    env = None
    codes = (73,)

    def __init__(self, folder, name, store, arguments, older):
        self.before = folder / "before"
        self.before.mkdir()
        self.name = name
        self.arguments = lambda where: [*arguments, where / name, "--store", store]
        if older:
            assert ingest(*older, self.before / name, "--store", store).code == 0
        self.older = files_below(self.before / name) if older else {}
        done = folder / "done"
        shutil.copytree(self.before, done)
        assert ingest(*self.arguments(done)).code == 0
        self.expected = files_below(done / name)
        self.is_whole = arguments[0] == "site" and "--only" not in arguments

    def look(self, where):
        found = {
            path: data for path, data in (files_below(where / self.name) if (where / self.name).exists() else {}).items()
            # Aside, under a name that no reader looks for.
            if not path.endswith(".new")}
        if self.is_whole:
            assert found in ({}, self.older, self.expected), "neither the old site nor the new one"
            assert found or not self.older, "the old site is gone and the new one not there"
        for path, data in found.items():
            assert data in (self.older.get(path), self.expected.get(path)), f"{path} is not whole"

    def look_at_the_end(self, where):
        assert files_below(where / self.name) == self.expected
        assert [path.name for path in where.iterdir()] == [self.name], "something is left beside it"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two revisions to write about."""
    store = tmp_path_factory.mktemp("published") / "store"
    assert_published(run(store, "RVU26A", SAMPLE_INPUTS))
    assert_published(run(store, "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS))
    return store


@pytest.fixture(scope="module", params=["fetch", "site", "site over an older one", "a page in a site", "report over an older one"])
def case(request, store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    if request.param == "fetch":
        made = Fetching(folder)
        yield made
        made.server.__exit__()
        return
    site = ["site", "--release", "RVU26A-r2", "--out"]
    yield {
        "site": lambda: Writing(folder, "site", store, site, None),
        "site over an older one": lambda: Writing(folder, "site", store, site, ["site", "--release", "RVU26A-r1", "--out"]),
        "a page in a site": lambda: Writing(
            folder, "site", store, ["site", "--release", "RVU26A-r2", "--only", "J7308", "--out"],
            ["site", "--release", "RVU26A-r1", "--out"]),
        "report over an older one": lambda: Writing(
            folder, "report", store, ["diff", "RVU26A-r1", "RVU26A-r2", "--report"], ["diff", "RVU26A-r1", "RVU26A-r1", "--report"]),
    }[request.param]()


def disturb(case, folder, target, how):
    shutil.copytree(case.before, folder)
    try:
        result = run_watched(folder, case.arguments(folder), target=target, how=how, env=case.env)
        case.look(folder)
        if how.startswith("kill"):
            assert result.code in (-signal.SIGKILL, 0), result
        elif result.code:
            assert result.code in case.codes, result
            assert re.search(r"error: .+ \[\w+\]$", result.err, re.MULTILINE) and re.search(r"^  try: .", result.err, re.MULTILINE)
            assert not re.search(r"Fatal error|Stack dump|Error Domain|\bCode=\d", result.err), result
        again = ingest(*case.arguments(folder), env=case.env or environment())
        assert again.code == 0, f"the next run: {again}"
        case.look_at_the_end(folder)
    except AssertionError as problem:
        return f"{' '.join(map(str, target))}: {how}\n{problem}"
    finally:
        shutil.rmtree(folder)
    return None


def test_every_call_may_fail_and_the_process_may_be_killed_at_each(case, tmp_path):
    after = tmp_path / "after"
    shutil.copytree(case.before, after)
    result = run_watched(after, case.arguments(after), log=tmp_path / "log", env=case.env)
    assert result.code == 0, result
    case.look_at_the_end(after)
    calls = calls_of(tmp_path / "log")
    chance = random.Random(0)
    disturbances = [
        (target, FAILURES[target[0]][number % len(FAILURES[target[0]])])
        for number, target in enumerate(some_of(calls, CHANGES | LOOKS, chance, most=2))]
    disturbances += [(target, "kill-after") for target in some_of(calls, CHANGES, chance, most=2)]
    assert len(disturbances) > 20

    def one(numbered):
        number, arguments = numbered
        return disturb(case, tmp_path / str(number), *arguments)

    found = [problem for problem in in_parallel(one, enumerate(disturbances)) if problem]
    if found:
        pytest.fail(f"{len(found)} of {len(disturbances)}\n" + "\n\n".join(found[:20]), pytrace=False)
