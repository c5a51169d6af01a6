"""The same inputs give the same bytes, anywhere and at any hour; the same run twice publishes once."""

import json
import os
import shutil
import threading

import pytest

from support import (
    INGEST, SAMPLE_INPUTS, SAMPLE_OVERLAYS, SAMPLE_RVU, Published, assert_clean, assert_published, environment,
    files_below, ingest, revisions, run, run_arguments, run_samples, write_folder)


def same_files(left, right):
    left, right = files_below(left), files_below(right)
    left.pop(".lock", None), right.pop(".lock", None)
    assert left.keys() == right.keys()
    return [name for name in left if left[name] != right[name]]


def two_places(tmp_path, release, inputs, overlays):
    """Runs in two folders of another depth, time zone, locale, home, working folder and umask."""
    first = tmp_path / "a" / "store"
    second = tmp_path / "another place" / "that lies" / "deeper" / "s"
    home = tmp_path / "home"
    home.mkdir()
    result = run(
        first, release, inputs, overlays, cwd="/",
        env=environment(TZ="Pacific/Kiritimati", LC_ALL="C", LANG="C", HOME="/nonexistent"))
    assert_published(result)
    result = ingest(
        *run_arguments(
            os.path.relpath(second, home), release, [os.path.relpath(path, home) for path in inputs],
            overlays and os.path.relpath(overlays, home)),
        cwd=home, umask=0o027,
        env=environment(TZ="America/St_Johns", LC_ALL="tr_TR.UTF-8", LANG="tr_TR.UTF-8", LANGUAGE="tr", HOME=str(home)))
    assert_published(result)
    return first, second


def test_two_runs_of_the_samples_give_identical_bytes_under_other_time_zone_locale_home_and_folder(tmp_path):
    first, second = two_places(tmp_path, "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS)
    assert same_files(first, second) == []


def test_two_runs_of_RVU25A_give_identical_bytes_under_other_time_zone_locale_home_and_folder(tmp_path, rvu25a_inputs):
    first, second = two_places(tmp_path, "RVU25A", rvu25a_inputs, None)
    assert same_files(first, second) == []


def test_a_run_of_another_day_gives_identical_bytes(tmp_path, samples):
    """File times are all that a run can see of the day on which CMS's files were fetched."""
    inputs = []
    for path in SAMPLE_INPUTS:
        inputs.append(tmp_path / path.name)
        shutil.copyfile(path, inputs[-1])
        os.utime(inputs[-1], (86400, 86400))
    overlays = tmp_path / "overlays"
    shutil.copytree(SAMPLE_OVERLAYS, overlays)
    assert_published(run(tmp_path / "store", "RVU26A", inputs, overlays))
    assert same_files(tmp_path / "store", samples.store) == []


def test_the_order_of_inputs_does_not_matter(tmp_path, samples):
    assert_published(run_samples(tmp_path / "store", inputs=SAMPLE_INPUTS[::-1]))
    assert same_files(tmp_path / "store", samples.store) == []


def test_the_same_input_named_twice_changes_no_content(tmp_path, samples):
    result = run_samples(tmp_path / "store", inputs=(*SAMPLE_INPUTS, SAMPLE_RVU))
    assert_published(result)
    assert Published(tmp_path / "store").manifest["content_hash"] == samples.manifest["content_hash"]


def test_loose_members_a_folder_and_archives_give_the_same_content(tmp_path, samples, sample_members):
    folder = write_folder(tmp_path / "in", sample_members)
    assert_published(run(tmp_path / "folder", "RVU26A", [folder], SAMPLE_OVERLAYS))
    assert_published(run(tmp_path / "loose", "RVU26A", sorted(folder.iterdir()), SAMPLE_OVERLAYS))
    hashes = {Published(tmp_path / name).manifest["content_hash"] for name in ("folder", "loose")}
    assert hashes == {samples.manifest["content_hash"]}
    assert same_files(tmp_path / "folder", tmp_path / "loose") == []


def test_an_input_that_comes_through_a_pipe_gives_what_its_file_gives(tmp_path):
    assert_published(run(tmp_path / "file", "RVU26A", [SAMPLE_RVU]))
    pipe = tmp_path / SAMPLE_RVU.name
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(SAMPLE_RVU.read_bytes()), daemon=True)
    writer.start()
    assert_published(run(tmp_path / "pipe", "RVU26A", [pipe]))
    writer.join()
    assert same_files(tmp_path / "file", tmp_path / "pipe") == []


@pytest.mark.parametrize("change", [str.upper, str.lower], ids=["upper", "lower"])
def test_members_are_recognised_in_any_letter_case(tmp_path, samples, sample_members, change):
    folder = write_folder(tmp_path / "in", {change(name): data for name, data in sample_members.items()})
    assert_published(run(tmp_path / "store", "RVU26A", [folder], SAMPLE_OVERLAYS))
    assert Published(tmp_path / "store").manifest["content_hash"] == samples.manifest["content_hash"]


def test_line_ends_of_LF_give_the_same_content(tmp_path, samples, sample_members):
    members = {name: data.replace(b"\r\n", b"\n") for name, data in sample_members.items()}
    assert members != sample_members
    assert_published(run(tmp_path / "store", "RVU26A", [write_folder(tmp_path / "in", members)], SAMPLE_OVERLAYS))
    assert Published(tmp_path / "store").manifest["content_hash"] == samples.manifest["content_hash"]


def test_CMSs_end_of_file_mark_changes_nothing(tmp_path, samples, sample_members):
    members = {name: data + b"\x1a" for name, data in sample_members.items()}
    assert_published(run(tmp_path / "store", "RVU26A", [write_folder(tmp_path / "in", members)], SAMPLE_OVERLAYS))
    assert Published(tmp_path / "store").manifest["content_hash"] == samples.manifest["content_hash"]


def test_the_order_of_CMSs_rows_does_not_matter(tmp_path, samples, sample_members):
    members = dict(sample_members)
    name = "PPRRVU2026_Jan_nonQPP.csv"
    lines = members[name].splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if line.startswith(b"HCPCS,")) + 1
    members[name] = b"".join(lines[:start] + lines[start:][::-1])
    assert_published(run(tmp_path / "store", "RVU26A", [write_folder(tmp_path / "in", members)], SAMPLE_OVERLAYS))
    assert Published(tmp_path / "store").manifest["content_hash"] == samples.manifest["content_hash"]


def test_a_third_run_in_the_same_store_publishes_nothing_and_says_so(tmp_path):
    store = tmp_path / "store"
    assert_published(run_samples(store))
    before = files_below(store)
    times = {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file() and path.name != ".lock"}
    for _ in range(2):
        again = run_samples(store)
        assert_published(again)
        assert "nothing changed: RVU26A-r1" in again.err
        assert "published RVU26A" not in again.err
    assert files_below(store) == before
    assert times == {path: path.stat().st_mtime_ns for path in times}
    assert revisions(store) == ["RVU26A/r1"]


def test_a_third_run_of_RVU25A_publishes_nothing(tmp_path, rvu25a, rvu25a_inputs):
    before = files_below(rvu25a.store)
    again = run(rvu25a.store, "RVU25A", rvu25a_inputs)
    assert_published(again)
    assert "nothing changed: RVU25A-r1" in again.err
    assert files_below(rvu25a.store) == before


def test_a_changed_overlay_publishes_r2_and_leaves_r1_as_it_was(tmp_path):
    store = tmp_path / "store"
    overlays = tmp_path / "overlays"
    shutil.copytree(SAMPLE_OVERLAYS, overlays)
    assert_published(run_samples(store, overlays=overlays))
    first = files_below(store / "releases" / "RVU26A" / "r1")
    path = overlays / "codes" / "J7308.yaml"
    path.write_text(path.read_text().replace("  - Family medicine\n", ""))
    result = run_samples(store, overlays=overlays)
    assert_published(result)
    assert "published RVU26A-r2" in result.err
    assert revisions(store) == ["RVU26A/r1", "RVU26A/r2"]
    assert files_below(store / "releases" / "RVU26A" / "r1") == first
    latest = json.loads((store / "latest.json").read_text())
    assert (latest["release"], latest["revision"], latest["path"]) == ("RVU26A", 2, "releases/RVU26A/r2")
    second = Published(store)
    assert second.manifest["release"]["revision"] == 2
    assert second.manifest["content_hash"] != json.loads(first["manifest.json"])["content_hash"]
    assert "Family medicine" not in second.documents["J7308"]["editorial"]["specialties"]
    assert "nothing changed: RVU26A-r2" in run_samples(store, overlays=overlays).err
    assert_clean(store)


def test_latest_points_at_the_newest_release_whatever_the_order_of_runs(tmp_path, data):
    store = tmp_path / "store"
    assert_published(run_samples(store))
    assert_published(run(store, "RVU25D", [data / "rvu25d"]))
    assert revisions(store) == ["RVU25D/r1", "RVU26A/r1"]
    assert json.loads((store / "latest.json").read_text())["release"] == "RVU26A"


def test_no_emitted_file_holds_an_absolute_path_or_the_time(tmp_path):
    folder = tmp_path / "a-very-special-name"
    folder.mkdir()
    store = folder / "store"
    assert_published(run_samples(store))
    for name, data in files_below(store).items():
        for word in (b"a-very-special-name", str(INGEST.parent).encode(), os.uname().nodename.encode()):
            if len(word) > 6:
                assert word not in data, f"{word} in {name}"
