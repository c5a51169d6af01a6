"""--github: the step's summary and annotations on the lines to fix, within GitHub's limits."""

import re
import shutil

import pytest

from diff_support import OPEN, edited, releases, waiver, write_policy  # noqa: F401
from support import SAMPLE_OVERLAYS, Published, environment, files_below, ingest, run_samples

COMMAND = re.compile(r"::(error|warning|notice)(?: ([^:]*))?::(.*)")
STALE = "sha256:" + "0" * 64


def unescaped(text):
    for escape, character in [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]:
        text = text.replace(escape, character)
    return text


def annotations(out):
    """(kind, properties, message) as GitHub's runner reads them; every line of output is one."""
    found = []
    for line in out.decode().splitlines():
        if not line.startswith("::"):
            # `run` prints what it published.
            assert re.fullmatch(r"\S*releases/\w+/r\d+", line), f"neither a command nor a revision: {line}"
            continue
        match = COMMAND.fullmatch(line)
        assert match, f"not one whole command: {line}"
        kind, properties, message = match.groups()
        pairs = dict(pair.split("=", 1) for pair in (properties or "").split(",") if pair)
        for text in (message, *pairs.values()):
            assert re.search(r"%(?!25|0D|0A|3A|2C)", text) is None, f"a bare %: {line}"
        found.append((kind, {name: unescaped(value) for name, value in pairs.items()}, unescaped(message)))
    return found


@pytest.fixture(scope="module")
def stale(tmp_path_factory):
    """The samples, republished after the pins of some overlays moved away; one overlay is of a code that ended."""
    folder = tmp_path_factory.mktemp("stale")
    overlays = folder / "our overlays"
    shutil.copytree(SAMPLE_OVERLAYS, overlays)
    assert run_samples(folder / "store", overlays=overlays).code == 0
    pinned = [path for path in sorted((overlays / "codes").iterdir()) if "descriptor: sha256:" in path.read_text()]
    for path in pinned:
        path.write_text(re.sub("descriptor: sha256:.*", f"descriptor: {STALE}", path.read_text()))
    (overlays / "codes" / "ended.yaml").write_text(
        "code: A4310\ntitle: Not ended\n---\n# A comment.\ncode: C9088\ntitle: Ended\n")
    summary = folder / "summary.md"
    summary.write_text("what stood here\n")
    result = run_samples(
        folder / "store", "--github", "--report", folder / "report", overlays="our overlays", cwd=folder,
        env=environment(GITHUB_STEP_SUMMARY=str(summary)))
    assert result.code == 0, result
    return {"folder": folder, "overlays": overlays, "codes": [path.stem for path in pinned], "result": result, "summary": summary}


def test_the_steps_summary_gets_the_report_appended(stale):
    assert stale["summary"].read_text() == "what stood here\n" + (stale["folder"] / "report" / "diff.md").read_text()


def assert_on_the_lines_to_fix(out, stale, prefix=""):
    """Each stale or orphaned overlay once, on its document's own lines: its code, or the pin to move."""
    marked = {}
    for kind, properties, message in annotations(out):
        if "file" in properties:
            assert kind == "warning", message
            path = stale["folder"] / (prefix + properties["file"])
            assert path.is_file(), f"no such file in the working folder: {properties['file']}"
            assert path.stem not in marked, f"{path.stem} is marked twice"
            line = path.read_text().split("\n")[int(properties["line"]) - 1]
            marked[path.stem] = (line, properties["title"] + " " + message)
    assert set(marked) == {*stale["codes"], "ended"} and len(stale["codes"]) == 9
    for code in stale["codes"]:
        line, text = marked[code]
        assert re.match(rf"code: \"?{code}|  descriptor: {STALE}", line), line
        assert code in text and ("stale" in text or "reworded" in text), text
    line, text = marked["ended"]
    assert line == "code: C9088" and "C9088" in text and ("orphaned" in text or "ended" in text), text


def test_stale_and_orphaned_overlays_are_marked_on_the_lines_to_fix(stale):
    assert_on_the_lines_to_fix(stale["result"].out, stale)


def test_diff_marks_them_under_the_folder_that_it_is_given(stale):
    arguments = ["diff", "RVU26A-r1", "RVU26A-r2", "--store", stale["folder"] / "store", "--github"]
    result = ingest(*arguments, "--overlays", "our overlays")
    assert result.code == 0, result
    assert_on_the_lines_to_fix(result.out, stale)
    assert_on_the_lines_to_fix(ingest(*arguments).out, stale, "our overlays/")


def test_unreviewed_overlays_are_one_notice(stale):
    notices = [message for kind, _, message in annotations(stale["result"].out) if kind == "notice"]
    assert len(notices) == 1 and "A4310" in notices[0]


def test_people_still_read_the_difference_on_standard_error(stale):
    result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", stale["folder"] / "store", "--github")
    assert "RVU26A-r1 → RVU26A-r2" in result.err and "stale" in result.err


def test_without_a_summary_file_annotations_come_all_the_same(stale):
    for summary in (None, "", str(stale["folder"] / "new-summary.md")):
        result = ingest(
            "diff", "RVU26A-r1", "RVU26A-r2", "--store", stale["folder"] / "store", "--github",
            env=environment(GITHUB_STEP_SUMMARY=summary))
        assert result.code == 0 and len(annotations(result.out)) > 5, result
    assert (stale["folder"] / "new-summary.md").read_text().startswith("# RVU26A-r1")


def test_a_summary_that_cannot_be_written_is_said(edited, tmp_path):
    result = ingest(
        "diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--github",
        env=environment(GITHUB_STEP_SUMMARY=str(tmp_path / "no" / "summary.md")))
    assert result.code == 73 and "error:" in result.err, result


# Limits of GitHub's.


def test_no_more_than_ten_warnings_and_the_last_counts_the_rest(samples, tmp_path):
    """GitHub drops what is more: a count of the rest must be among the ten."""
    overlays = tmp_path / "overlays.yaml"
    overlays.write_text("---\n".join(
        f"code: \"{code}\"\ntitle: About {code}\nreview:\n  release: RVU25A\n  descriptor: {STALE}\n"
        for code in sorted(samples.documents) if code[0].isalpha()))
    result = run_samples(tmp_path / "store", "--github", overlays=overlays)
    assert result.code == 0, result
    warnings = [message for kind, _, message in annotations(result.out) if kind == "warning"]
    work = [row for row in Published(tmp_path / "store").table("editorial") if row["review_state"] not in ("current", "unreviewed")]
    assert len(work) > 20 and len(warnings) == 10
    assert re.search(rf"\b{len(work) - 9} more", warnings[-1]), warnings[-1]


def test_no_more_than_ten_errors_and_the_last_counts_the_rest(releases, tmp_path):
    policy = write_policy(
        tmp_path / "policy.yaml", "limits:\n  payment_unexplained:\n    percent: 1\n    dollars: 10\n  rows_added: 100\n")
    result = ingest("diff", "RVU25D", "RVU26B", "--store", releases.store, "--policy", policy, "--github")
    assert result.code == 1, result
    errors = [message for kind, _, message in annotations(result.out) if kind == "error"]
    assert len(errors) == 10 and errors[0].startswith("rows_added") and re.search(r"\d more", errors[-1])
    assert len(result.out) < 64 * 1024


# What failed.


def test_a_finding_is_an_error_on_the_line_of_its_limit(edited, tmp_path):
    write_policy(tmp_path / "our policy, 100%.yaml", "limits:\n  rows_removed: 4\n  question_changed: 0\n")
    result = ingest(
        "diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", "our policy, 100%.yaml", "--github", cwd=tmp_path)
    assert result.code == 1, result
    ((properties, message),) = [
        (properties, message) for kind, properties, message in annotations(result.out) if kind == "error"]
    assert (properties["file"], properties["line"]) == ("our policy, 100%.yaml", "3")
    assert "question_changed" in message


def test_percent_signs_and_line_ends_are_escaped(releases, edited, tmp_path):
    """An expired waiver's key is written by people; a payment's finding says percents."""
    policy = write_policy(
        tmp_path / "policy.yaml", OPEN + "waivers:\n" + waiver('"100 %0A\\nof\\r it: a,b"', expires="2020-01-01"))
    result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", policy, "--github")
    assert result.code == 1, result
    (error,) = [message for kind, _, message in annotations(result.out) if kind == "error"]
    assert error.startswith("100 %0A\nof\r it: a,b: ") or "100 %" in error, error
    assert len([line for line in result.out.decode().split("\n") if line.startswith("::error")]) == 1
    write_policy(policy, "limits:\n  payment_unexplained:\n    percent: 100\n    dollars: 1000\n")
    result = ingest("diff", "RVU25D", "RVU26B", "--store", releases.store, "--policy", policy, "--github")
    errors = [message for kind, _, message in annotations(result.out) if kind == "error"]
    assert any("53854" in message and "%" in message for message in errors)


def test_a_waived_finding_is_no_error(edited, tmp_path):
    policy = write_policy(
        tmp_path / "policy.yaml", "limits:\n  question_changed: 0\nwaivers:\n" + waiver("question_changed"))
    result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--policy", policy, "--github")
    assert result.code == 0, result
    assert [message for kind, _, message in annotations(result.out) if kind == "error"] == []


def test_a_run_that_fails_annotates_and_publishes_nothing(tmp_path):
    overlays = tmp_path / "overlays.yaml"
    overlays.write_text("code: A4310\ntitle: Nobody has reviewed it\n")
    policy = write_policy(tmp_path / "policy.yaml", "limits:\n  overlays_unreviewed: 0\n")
    summary = tmp_path / "summary.md"
    result = run_samples(
        tmp_path / "store", "--policy", policy, "--github", overlays=overlays, env=environment(GITHUB_STEP_SUMMARY=str(summary)))
    assert result.code == 1, result
    assert [kind for kind, _, message in annotations(result.out) if "overlays_unreviewed" in message] == ["error"]
    assert "overlays_unreviewed" in summary.read_text()
    assert not (tmp_path / "store" / "latest.json").exists()


# Usage.


@pytest.mark.parametrize("command", ["diff", "run"])
def test_annotations_and_data_on_one_standard_output_are_a_usage_error(command, edited, tmp_path):
    if command == "diff":
        result = ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--github", "--format", "json")
    else:
        result = run_samples(tmp_path / "store", "--github", "--format", "json")
    assert result.code == 64 and result.out == b"", result
    assert "--github" in result.err and "--format" in result.err
    assert not (tmp_path / "store").exists()


def test_github_changes_no_report(edited, tmp_path):
    for name, extra in [("plain", []), ("github", ["--github"])]:
        assert ingest("diff", "RVU26A-r1", "RVU26A-r2", "--store", edited, "--report", tmp_path / name, *extra).code == 0
    assert files_below(tmp_path / "plain") == files_below(tmp_path / "github")
