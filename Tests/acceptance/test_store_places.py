"""A store may lie anywhere, on any disk and at any hour: paths of all kinds, full and read-only disks, no permission, a clock
that was set back, and ten thousand revisions."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unicodedata
from pathlib import Path

import pytest

from faults import run_watched
from support import (
    INGEST, SAMPLE_HCPCS, SAMPLE_INPUTS, SAMPLE_OVERLAYS, SAMPLE_RVU, Published, assert_clean, assert_published, environment,
    files_below, ingest, revisions, run, run_arguments, run_samples)

INPUTS = [SAMPLE_RVU, SAMPLE_HCPCS]
NFC = unicodedata.normalize("NFC", "Gebühren für Ärzte")
NAMES = {
    "spaces": "a store with  spaces ", "composed letters": NFC, "decomposed letters": unicodedata.normalize("NFD", NFC),
    "other scripts": "データ 数据 📦", "quotes": "it's \"quoted\" `so`", "percent": "100%25 %s %n%%", "number sign": "#store#1",
    "question mark": "store?release=1&x=2", "backslash": "a\\b", "line break": "line\nbreak", "dots": "...", "dash": "-store",
    "colon": "file:store:1", "semicolon": "store;rm", "star": "*[a-z]", "plus": "a+b", "tilde": "~store", "dollar": "$HOME",
    "many bytes": "s" * 180}


@pytest.fixture(scope="module")
def plain(publish):
    """What an ordinary store holds."""
    return publish("plain", "RVU26A", INPUTS, SAMPLE_OVERLAYS)


def assert_works(store, plain, **options):
    """Publishes and reads with every command that takes a store."""
    assert_published(run(store, "RVU26A", INPUTS, SAMPLE_OVERLAYS, **options))
    return assert_reads(store, plain, **options)


def assert_reads(store, plain, **options):
    for command, words in {
        ("show", "J7308"): "Levulan", ("search", "levulan"): "J7308", ("releases",): "RVU26A",
        ("explain", "99213", "--locality", "01112-05"): "99213", ("history", "J7308"): "RVU26A-r1",
        ("diff", "RVU26A-r1", "RVU26A-r1"): "RVU26A-r1",
    }.items():
        result = ingest(*command, "--store", store, **options)
        assert result.code == 0 and words in result.out.decode() + result.err, result
    place = Path(options.get("cwd") or ".").absolute() / store
    folder = place / "releases" / "RVU26A" / "r1"
    assert files_below(folder) == files_below(plain.folder)
    assert ingest("validate", folder).code == 0


@pytest.mark.parametrize("kind", NAMES)
def test_a_store_may_have_any_name(kind, plain, tmp_path):
    try:
        (tmp_path / NAMES[kind]).mkdir()
    except OSError as error:
        pytest.skip(f"the file system does not take the name: {error}")
    assert_works(tmp_path / NAMES[kind] / NAMES[kind], plain)
    assert_clean(tmp_path / NAMES[kind] / NAMES[kind])


@pytest.mark.parametrize("kind", ["composed letters", "dash", "dots", "tilde", "percent"])
def test_a_store_may_be_named_from_where_one_is(kind, plain, tmp_path):
    assert_works(f"./{NAMES[kind]}", plain, cwd=tmp_path)


def test_a_composed_and_a_decomposed_name_are_two_stores(plain, tmp_path):
    for kind in ("composed letters", "decomposed letters"):
        assert_published(run(tmp_path / NAMES[kind], "RVU26A", INPUTS, SAMPLE_OVERLAYS))
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system takes both for one name")
    assert all(revisions(tmp_path / NAMES[kind]) == ["RVU26A/r1"] for kind in ("composed letters", "decomposed letters"))


@pytest.mark.parametrize("length", [440, 450])
def test_a_store_may_lie_deep(length, plain, tmp_path):
    assert_works(deep(tmp_path, length), plain)


@pytest.mark.parametrize("length", [451, 600, 4000, 4080])
def test_a_store_that_lies_too_deep_is_refused_with_the_length_that_can_be(length, tmp_path):
    """SQLite opens no file whose path has more than 511 bytes."""
    store = deep(tmp_path, length)
    result = run(store, "RVU26A", INPUTS)
    assert result.code == 73 and "Nothing was published" in result.err, result
    assert f"the store's path has {length} bytes; 450 are the most" in result.err
    assert list(tmp_path.iterdir()) == []


def deep(folder, length):
    """A path of `length` bytes below `folder`."""
    path = str(folder)
    while length - len(path) > 100:
        path += "/" + "d" * 60
    return Path(path + "/" + "d" * (length - len(path) - 1))


@pytest.mark.parametrize("linked", ["the store", "a folder above", "the releases"])
def test_a_store_may_be_a_link(linked, plain, tmp_path):
    (tmp_path / "real" / "store").mkdir(parents=True)
    store = tmp_path / "link"
    if linked == "the store":
        store.symlink_to(tmp_path / "real" / "store")
    elif linked == "a folder above":
        store.symlink_to(tmp_path / "real")
        store = store / "store"
    else:
        # On the same disk: a rename cannot cross two.
        (tmp_path / "elsewhere").mkdir()
        store = tmp_path / "real" / "store"
        (store / "releases").symlink_to(tmp_path / "elsewhere")
    assert_works(store, plain)


def test_a_link_to_nothing_is_refused(tmp_path):
    (tmp_path / "store").symlink_to(tmp_path / "nowhere")
    result = run(tmp_path / "store", "RVU26A", INPUTS)
    assert result.code == 73 and "error:" in result.err, result
    assert not (tmp_path / "nowhere").exists()


# Disks. They need mounts of our own, which only root makes.


@pytest.fixture
def mounted():
    """Mounts a small disk of the given size; a folder that others may enter."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    folder = Path(tempfile.mkdtemp(prefix="disk-"))
    folder.chmod(0o755)

    def mount(size):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
        return folder

    yield mount
    subprocess.run(["umount", folder], capture_output=True)
    folder.rmdir()


@pytest.mark.parametrize("size", ["64k", "256k", "512k", "1m"])
def test_a_small_disk_that_fills_up_publishes_nothing_and_keeps_nothing(size, mounted, plain):
    disk = mounted(size)
    store = disk / "store"
    result = run(store, "RVU26A", INPUTS, SAMPLE_OVERLAYS)
    assert result.code == 73, result
    assert "No space left on device" in result.err or "disk is full" in result.err, result
    assert "Nothing was published" in result.err
    assert revisions(store) == [] and not (store / "latest.json").exists()
    assert_clean(store)
    subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
    assert_works(store, plain)


def test_a_read_only_disk_is_read_and_not_written(mounted, plain):
    disk = mounted("16m")
    shutil.copytree(plain.store, disk / "store")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert_reads(disk / "store", plain)
    before = files_below(disk / "store")
    result = run(disk / "store", "RVU26A", INPUTS)
    assert result.code == 73 and "Read-only file system" in result.err and "Nothing was published" in result.err, result
    assert files_below(disk / "store") == before


# Permission. The tests often run as root, for whom there is none missing.


@pytest.fixture
def nobody():
    """Runs the program as a user to whom nothing belongs, from a copy that this user may read."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root becomes another user")
    folder = Path(tempfile.mkdtemp(prefix="nobody-"))
    folder.chmod(0o755)
    shutil.copy(INGEST, folder / "ingest")
    for path in INPUTS:
        shutil.copy(path, folder / path.name)
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(folder / "ingest")]
    check = subprocess.run([*prefix, "--version"], capture_output=True, text=True)
    if check.returncode:
        shutil.rmtree(folder)
        pytest.skip(f"another user cannot run the program here: {check.stderr.strip()}")

    def as_nobody(*arguments):
        done = subprocess.run([*prefix, *map(str, arguments)], capture_output=True, text=True, env=environment(HOME=str(folder)))
        done.inputs = [folder / path.name for path in INPUTS]
        return done

    as_nobody.folder = folder
    as_nobody.inputs = [folder / path.name for path in INPUTS]
    yield as_nobody
    shutil.rmtree(folder)


def test_a_store_of_somebody_else_is_read_and_not_written(nobody, plain):
    store = nobody.folder / "store"
    shutil.copytree(plain.store, store)
    before = files_below(store)
    for command in (("show", "J7308"), ("search", "levulan"), ("releases",), ("history", "J7308")):
        done = nobody(*command, "--store", store)
        assert done.returncode == 0, done.stderr
    done = nobody(*run_arguments(store, "RVU26A", nobody.inputs))
    assert done.returncode == 73 and "Permission denied" in done.stderr and "Nothing was published" in done.stderr, done.stderr
    assert files_below(store) == before


@pytest.mark.parametrize("closed", ["", "releases", "releases/RVU26A", "releases/RVU26A/r1", "releases/RVU26A/r1/manifest.json"])
def test_a_store_that_may_not_be_read_is_no_empty_one(closed, nobody, plain):
    """A run that took it for empty would compare with nothing, or publish a second r1."""
    store = nobody.folder / "store"
    shutil.copytree(plain.store, store)
    subprocess.run(["chown", "-R", "65534:65534", store], check=True)
    (store / closed).chmod(0)
    done = nobody(*run_arguments(store, "RVU26A", nobody.inputs))
    assert done.returncode in (2, 69, 73) and "Permission denied" in done.stderr, done.stderr
    assert "Nothing was published" in done.stderr and revisions(store) == ["RVU26A/r1"]
    for command in (("show", "J7308"), ("releases",)):
        done = nobody(*command, "--store", store)
        assert done.returncode == 0 or done.returncode in (2, 69), (command, done.stderr)
        assert done.returncode == 0 or "error:" in done.stderr


# Time.


@pytest.mark.parametrize("years", [-40, -1, 30])
def test_a_clock_that_is_wrong_changes_nothing(years, tmp_path):
    """Revisions are numbered, not dated: the newest is the one with the highest number, whatever the clock says."""
    store = tmp_path / "store"
    assert_published(run(store, "RVU26A", INPUTS))
    result = run_watched(tmp_path, run_arguments(store, "RVU26A", INPUTS, SAMPLE_OVERLAYS), clock=years * 365 * 86_400)
    assert_published(result)
    assert json.loads((store / "latest.json").read_text())["revision"] == 2
    assert ingest("validate", store / "releases" / "RVU26A" / "r2").code == 0
    other = tmp_path / "other"
    assert_published(run(other, "RVU26A", INPUTS))
    assert_published(run(other, "RVU26A", INPUTS, SAMPLE_OVERLAYS))
    assert files_below(other / "releases") == files_below(store / "releases")


def test_files_from_the_future_change_nothing(plain, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(plain.store, store)
    for path in store.rglob("*"):
        os.utime(path, (2**32, 2**32))
    result = run(store, "RVU26A", INPUTS, SAMPLE_OVERLAYS)
    assert_published(result)
    assert "nothing changed" in result.err
    assert revisions(store) == ["RVU26A/r1"]


# Many revisions.


def test_ten_thousand_revisions_are_as_good_as_one(plain, tmp_path, record_property):
    """Links to one revision's files under ten thousand numbers. Time is written down, and may not be out of all proportion."""
    store = tmp_path / "store"
    release = store / "releases" / "RVU26A"
    files = [path for path in plain.folder.rglob("*") if path.is_file()]
    for number in range(1, 10_001):
        (release / f"r{number}" / "tables").mkdir(parents=True)
        for path in files:
            # Nobody reads the tables of those between.
            if number in (1, 9_999, 10_000) or path.name == "manifest.json":
                os.link(path, release / f"r{number}" / path.relative_to(plain.folder))
    commands = {
        "releases": ["releases"], "show": ["show", "J7308"], "search": ["search", "levulan"], "history": ["history", "J7308"],
        "diff": ["diff", "RVU26A-r1", "RVU26A-r10000"], "show of one": ["show", "J7308", "--release", "RVU26A-r9999"]}
    # A run that publishes one more; its manifest names its own number.
    times = {}

    def timed(name, arguments, **options):
        begin = time.monotonic()
        result = ingest(*arguments, **options)
        times[name] = round(time.monotonic() - begin, 2)
        assert result.code == 0, result
        return result

    timed("run", run_arguments(store, "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS))
    assert Published(store).folder.name == "r10001"
    assert json.loads((store / "latest.json").read_text())["revision"] == 10_001
    timed("run again", run_arguments(store, "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS))
    assert len(revisions(store)) == 10_001
    for name, arguments in commands.items():
        timed(name, [*arguments, "--store", store])
    record_property("seconds", times)
    print(times)
    assert max(times.values()) < 30, times
