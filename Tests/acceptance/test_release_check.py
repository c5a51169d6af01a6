"""`Scripts/release-check` runs a release and says whether it may ship; the workflow that calls it is ready to copy."""

import json
import os
import re
import subprocess
import tempfile

import pytest
import yaml

from cms_server import Server, file
from fetching import HCPCS25A, RVU25A, no_proxy
from support import INGEST, REPO

SCRIPT = REPO / "Scripts" / "release-check"
WORKFLOW = REPO / ".github" / "workflows" / "release-check.yml"
SAMPLES = [REPO / "samples" / "rvu26a.zip", REPO / "samples" / "january-2026-alpha-numeric-hcpcs-file.zip"]


REFUSES = "limits:\nwaivers:\n  - key: rows_removed\n    reason: a\n    owner: b\n    expires: 2020-01-01\n"


def check(folder, *arguments, **environment):
    return subprocess.run(
        [SCRIPT, *arguments], cwd=folder, capture_output=True, text=True, timeout=120,
        env={**no_proxy(), "INGEST": str(INGEST), **environment})


def sample_arguments():
    return ["--release", "RVU26A", *(part for path in SAMPLES for part in ("--input", path)),
            "--overlays", REPO / "samples" / "overlays"]


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield path


def test_a_release_is_published_and_its_report_kept(folder):
    output = os.path.join(folder, "output")
    result = check(folder, *sample_arguments(), GITHUB_OUTPUT=output)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().endswith("store/releases/RVU26A/r1")
    assert sorted(os.listdir(os.path.join(folder, "report"))) == ["diff.html", "diff.json", "diff.md"]
    with open(output) as file:
        assert file.read() == "release=RVU26A\n"


def test_a_refused_release_exits_with_1_and_keeps_its_report(tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(REFUSES)
    result = check(tmp_path, *sample_arguments(), "--policy", policy, "--report", "why")
    assert result.returncode == 1, result.stderr
    assert json.loads((tmp_path / "why" / "diff.json").read_text())["verdict"] == "fail"
    assert not (tmp_path / "store" / "latest.json").exists()


def test_github_gets_annotations(tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(REFUSES)
    result = check(tmp_path, *sample_arguments(), "--policy", policy, "--github", GITHUB_STEP_SUMMARY=str(tmp_path / "s.md"))
    assert f"::error file={policy},line=3,col=5," in result.stdout
    assert "❌ fails" in (tmp_path / "s.md").read_text()


def test_without_a_label_the_newest_release_that_the_store_has_not_is_fetched_and_run(tmp_path, rvu25a_inputs):
    with Server() as server:
        # What is older than the store's newest release is not looked for; this store had October 2024.
        (tmp_path / "store" / "releases" / "RVU24D").mkdir(parents=True)
        rvu, hcpcs = rvu25a_inputs[:2]
        server.routes = {RVU25A: file(rvu.read_bytes()), HCPCS25A: file(hcpcs.read_bytes())}
        result = check(tmp_path, "--mirror", server.url)
        assert result.returncode == 0, result.stderr
        assert "release-check: CMS has RVU25A\n" in result.stderr
        assert result.stdout.strip().endswith("store/releases/RVU25A/r1")
        again = check(tmp_path, "--mirror", server.url)
        assert again.returncode == 0, again.stderr
        assert "release-check: CMS has nothing that the store has not" in again.stderr


def test_when_CMS_cannot_be_asked_the_exit_code_is_69(tmp_path):
    with Server() as server:
        url = server.url
    result = check(tmp_path, "--mirror", url)
    assert result.returncode == 69, result.stderr


@pytest.mark.parametrize("arguments", [["--releases", "RVU26A"], ["--release"], ["--input", "a.zip"]])
def test_a_wrong_command_line_is_64(tmp_path, arguments):
    result = check(tmp_path, *arguments)
    assert result.returncode == 64
    assert result.stderr.startswith("release-check: ")


def test_help_is_the_head_of_the_script(tmp_path):
    result = check(tmp_path, "--help")
    assert result.returncode == 0
    assert "Scripts/release-check [--release LABEL]" in result.stdout
    assert "set -euo" not in result.stdout


def test_the_workflow_is_one_that_runs():
    workflow = yaml.safe_load(WORKFLOW.read_text())
    # YAML 1.1 reads the key `on` as true.
    assert set(workflow[True]) == {"schedule", "workflow_dispatch", "pull_request"}
    (job,) = workflow["jobs"].values()
    known = set(re.findall(r"--[a-z-]+", SCRIPT.read_text()))
    for step in job["steps"]:
        if "run" in step:
            subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)
            if "release-check" in step["run"]:
                assert set(re.findall(r"--[a-z-]+", step["run"])) <= known
        else:
            assert re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", step["uses"])
    uses = " ".join(step.get("uses", "") for step in job["steps"])
    assert "upload-artifact" in uses and "github-script" in uses
