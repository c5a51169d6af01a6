"""The samples and the README show what the program really does."""

import json
import os
import re
import shutil

import pytest

from support import REPO, SAMPLE_INPUTS, SAMPLE_OVERLAYS, ingest, run_arguments

DATASET = REPO / "samples" / "dataset"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    # As Scripts/demo does, from a folder of its own: paths in the output are those of the README.
    result = ingest(*run_arguments("store", "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS), cwd=folder)
    assert result.code == 0, result
    shown = ingest("show", "J7308", "--store", "store", cwd=folder)
    assert shown.code == 0, shown
    return folder / "store" / "releases" / "RVU26A" / "r1", result.err + result.out.decode() + shown.out.decode()


def portable(name, content):
    """The bytes of SQLite's file depend on the version of its library; everything else is compared whole."""
    if name != "manifest.json":
        return content
    manifest = json.loads(content)
    for file in manifest["files"]:
        if file["path"] == "dataset.sqlite":
            file["sha256"] = file["bytes"] = None
    return manifest


def test_the_samples_turn_into_the_dataset_that_lies_beside_them(published):
    revision, _ = published
    made = {str(path.relative_to(revision)): path for path in sorted(revision.rglob("*")) if path.is_file()}
    del made["dataset.sqlite"]
    # It follows from the manifest, which names the database.
    del made["manifest.json.sha256"]
    if os.environ.get("INGEST_RECORD"):
        shutil.rmtree(DATASET, ignore_errors=True)
        for name, path in made.items():
            (DATASET / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, DATASET / name)
        pytest.fail("recorded samples/dataset; look at the difference and run again")
    kept = sorted(str(path.relative_to(DATASET)) for path in DATASET.rglob("*") if path.is_file())
    assert kept == sorted(made), "record it with INGEST_RECORD=1"
    for name, path in made.items():
        assert portable(name, path.read_bytes()) == portable(name, (DATASET / name).read_bytes()), name


def test_the_README_shows_what_the_demo_prints(published):
    _, output = published
    readme = (REPO / "README.md").read_text()
    block = re.search(r"<!-- demo:begin -->\n```text\n(.*?)```\n<!-- demo:end -->", readme, re.DOTALL).group(1)
    assert block in output, f"replace the block with:\n{output[output.index('checked'):][:len(block) + 500]}"


def test_the_README_names_every_command():
    commands = re.findall(r"^  (\w+) {2,}", ingest("--help").out.decode().split("SUBCOMMANDS:")[1], re.MULTILINE)
    readme = (REPO / "README.md").read_text()
    assert commands and all(f"`ingest {command}" in readme for command in commands), commands
