"""A killed, crowded out or refused run leaves the store as it was, and the next run clean."""

import json
import os
import random
import resource
import signal
import subprocess
import time

import pytest

from support import (
    INGEST, SAMPLE_HCPCS, SAMPLE_OVERLAYS, SAMPLE_RVU, STAGES, Published, assert_clean, assert_published,
    environment, files_below, ingest, revisions, run, run_arguments, sha256)


@pytest.fixture(scope="module")
def job(request):
    """The run to disturb: a whole release where CMS's files are there, for its long stages, else the samples."""
    from support import DATA

    if DATA.is_dir():
        return ("RVU26B", [DATA / "rvu26b"], None)
    return ("RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], SAMPLE_OVERLAYS)


@pytest.fixture(scope="module")
def expected(job, tmp_path_factory):
    """What an undisturbed run publishes, and how long it takes."""
    store = tmp_path_factory.mktemp("expected") / "store"
    start = time.monotonic()
    assert_published(run(store, *job))
    return {name: data for name, data in files_below(store).items() if name != ".lock"}, time.monotonic() - start


def start(store, job):
    return subprocess.Popen(
        [str(INGEST), *map(str, run_arguments(store, *job))], env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def kill_at(process, stage):
    """Kills the run when it says that it begins `stage`."""
    for line in process.stderr:
        if line.startswith(stage.encode() + b" "):
            process.kill()
            break
    process.communicate()
    return process.returncode


def check_readable(store):
    """What readers may see at this moment: whole revisions, and a pointer at one of them or none."""
    for name in revisions(store):
        folder = store / "releases" / name
        manifest = json.loads((folder / "manifest.json").read_text())
        for file in manifest["files"]:
            assert sha256((folder / file["path"]).read_bytes()) == file["sha256"], f"{name} is not whole"
    pointer = store / "latest.json"
    if pointer.exists():
        latest = json.loads(pointer.read_text())
        assert sha256((store / latest["path"] / "manifest.json").read_bytes()) == latest["manifest_sha256"]


def check_next_run(store, job, expected):
    """The run after a crash is clean and complete."""
    result = run(store, *job)
    assert_published(result)
    assert_clean(store)
    found = {name: data for name, data in files_below(store).items() if name != ".lock"}
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_killed_at_a_stage_leaves_a_store_that_the_next_run_completes(stage, job, expected, tmp_path):
    store = tmp_path / "store"
    assert kill_at(start(store, job), stage) in (-signal.SIGKILL, 0)
    check_readable(store)
    check_next_run(store, job, expected[0])
    assert ingest("validate", store / "releases" / job[0] / "r1").code == 0


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_killed_at_a_stage_leaves_what_was_published_before(stage, tmp_path, data, rvu26b):
    """A second release is under way in a store that holds a first."""
    store = tmp_path / "store"
    assert_published(run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], SAMPLE_OVERLAYS))
    before = files_below(store / "releases" / "RVU26A")
    kill_at(start(store, ("RVU26B", [data / "rvu26b"], None)), stage)
    check_readable(store)
    assert files_below(store / "releases" / "RVU26A") == before
    assert ingest("show", "J7308", "--release", "RVU26A", "--store", store).code == 0


@pytest.mark.parametrize("seed", range(30))
def test_a_run_killed_at_any_moment_leaves_a_store_that_the_next_run_completes(seed, job, expected, tmp_path):
    store = tmp_path / "store"
    chance = random.Random(seed)
    process = start(store, job)
    if seed % 3:
        # From the moment on at which the store is touched.
        for line in process.stderr:
            if line.startswith(b"emit "):
                break
        time.sleep(chance.uniform(0, expected[1] * 0.6))
    else:
        time.sleep(chance.uniform(0, expected[1]))
    process.kill()
    process.communicate()
    check_readable(store)
    check_next_run(store, job, expected[0])


def test_two_runs_at_once_never_share_a_store(job, expected, tmp_path):
    """One holds the store, the other is refused with the lock's name, or waits and finds nothing to do."""
    store = tmp_path / "store"
    first = start(store, job)
    deadline = time.monotonic() + 60
    while not (store / ".staging").exists() and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    first.send_signal(signal.SIGSTOP)
    try:
        assert first.poll() is None, "the first run ended before it could be held"
        second = run(store, *job, timeout=30)
        assert second.code == 73, second
        assert ".lock" in second.err and "another run" in second.err, second
        assert second.out == b""
        assert revisions(store) == []
    finally:
        first.send_signal(signal.SIGCONT)
        first.communicate()
    assert first.returncode == 0
    check_next_run(store, job, expected[0])


def test_runs_started_together_publish_once(tmp_path):
    store = tmp_path / "store"
    job = ("RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], SAMPLE_OVERLAYS)
    runs = [start(store, job) for _ in range(6)]
    outcomes = [(process.communicate(), process.returncode) for process in runs]
    codes = [code for _, code in outcomes]
    assert set(codes) <= {0, 73} and 0 in codes, outcomes
    assert revisions(store) == ["RVU26A/r1"]
    assert_clean(store)
    check_readable(store)


def test_a_lock_file_left_by_a_dead_run_stops_nobody(tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    (store / ".lock").write_text("4711")
    assert_published(run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS]))


def test_a_store_that_is_a_file_cannot_be_written(tmp_path):
    store = tmp_path / "store"
    store.write_text("not a folder\n")
    result = run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS])
    assert result.code == 73, result
    assert str(store) in result.err and "error:" in result.err
    assert store.read_text() == "not a folder\n"


def test_a_store_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    result = run(tmp_path / "file" / "store", "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS])
    assert result.code == 73, result


def test_a_read_only_store_cannot_be_written(tmp_path):
    store = tmp_path / "store"
    store.mkdir(mode=0o555)
    if os.access(store, os.W_OK):
        pytest.skip("this user writes anywhere, read-only folders included")
    result = run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS])
    assert result.code == 73, result
    assert list(store.iterdir()) == []


@pytest.mark.parametrize("limit", [1, 4096, 30_000, 200_000, 300_000])
def test_a_full_disk_publishes_nothing_and_leaves_the_next_run_clean(limit, tmp_path):
    """No file may grow beyond `limit` bytes, which writes meet as they meet a full disk."""
    store = tmp_path / "store"

    def full_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    job = ("RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], SAMPLE_OVERLAYS)
    result = run(store, *job, preexec_fn=full_disk)
    assert result.code == 73, result
    assert "error:" in result.err and "Nothing was published" in result.err
    assert revisions(store) == [] and not (store / "latest.json").exists()
    assert_clean(store)
    assert_published(run(store, *job))
    check_readable(store)
    assert_clean(store)


def test_a_full_disk_leaves_the_published_revision_as_it_was(tmp_path):
    store = tmp_path / "store"
    assert_published(run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS]))
    before = files_below(store)

    def full_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    result = run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], SAMPLE_OVERLAYS, preexec_fn=full_disk)
    assert result.code == 73, result
    assert files_below(store) == before


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_a_store_that_the_next_run_completes(sent, job, expected, tmp_path):
    store = tmp_path / "store"
    process = start(store, job)
    for line in process.stderr:
        if line.startswith(b"emit "):
            break
    time.sleep(expected[1] * 0.05)
    process.send_signal(sent)
    process.communicate(timeout=30)
    assert process.returncode != 0 or revisions(store) != [], "an interrupted run claims success"
    check_readable(store)
    check_next_run(store, job, expected[0])


def test_a_missing_pointer_is_put_right_by_the_next_run(tmp_path):
    """As after a crash between the rename that publishes and the pointer that follows."""
    store = tmp_path / "store"
    job = ("RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS])
    assert_published(run(store, *job))
    pointer = (store / "latest.json").read_bytes()
    (store / "latest.json").unlink()
    result = run(store, *job)
    assert_published(result)
    assert "nothing changed" in result.err
    assert (store / "latest.json").read_bytes() == pointer
    assert Published(store).manifest["release"]["revision"] == 1


def test_a_damaged_published_file_is_not_taken_for_an_unchanged_one(tmp_path):
    store = tmp_path / "store"
    job = ("RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS])
    assert_published(run(store, *job))
    table = store / "releases" / "RVU26A" / "r1" / "tables" / "codes.csv"
    table.write_bytes(table.read_bytes()[:-100])
    result = run(store, *job)
    assert "equal in every byte" not in result.err or result.code != 0, result
