"""The commands: data on standard output, talk on standard error, the verdict in the exit code."""

import json
import os
import re
import shutil
import subprocess

import pytest

from support import (
    INGEST, SAMPLE_HCPCS, SAMPLE_INPUTS, SAMPLE_OVERLAYS, SAMPLE_RVU, Published, assert_published, environment, exact_json, ingest, run,
    run_samples, terminal)


# run


def test_run_prints_the_published_folder_and_nothing_else_on_stdout(tmp_path):
    result = run("store", "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], cwd=tmp_path)
    assert_published(result)
    assert result.out == b"store/releases/RVU26A/r1\n"


def test_run_with_json_prints_the_manifest_and_nothing_else_on_stdout(tmp_path):
    result = run_samples(tmp_path / "store", "--format", "json")
    assert_published(result)
    assert result.out == (tmp_path / "store/releases/RVU26A/r1/manifest.json").read_bytes()


def test_run_says_what_was_used_checked_and_published_and_what_to_do_next(samples):
    for text in ("used\n", "checked\n", "published RVU26A-r1:", "next: ingest show", "row_totals", "csv_equals_txt"):
        assert text in samples.result.err, text
    last = samples.result.err.strip().splitlines()[-2:]
    assert last[0].startswith("published RVU26A-r1: 73 codes, 77 relative value rows, 109 localities, 436 OPPS caps, 13 modifiers")
    assert last[1].startswith("next: ")


def test_the_next_step_that_a_run_names_works(samples):
    command = re.search(r"^next: ingest (show \S+ --store \S+?),", samples.result.err, re.M).group(1)
    assert ingest(*command.split()).code == 0


def test_a_run_without_a_terminal_writes_plain_lines(samples):
    assert "\x1b" not in samples.result.err and "\r" not in samples.result.err


def test_a_terminal_gets_one_moving_line_and_NO_COLOR_is_respected(tmp_path):
    xterm = environment(TERM="xterm-256color")
    arguments = ["run", "--release", "RVU26A", "--input", SAMPLE_RVU, "--store"]
    assert "\r" in terminal([*arguments, tmp_path / "a"], xterm)
    coloured = re.compile(r"\x1b\[3\dm")
    assert coloured.search(terminal([*arguments, tmp_path / "b"], xterm))
    assert not coloured.search(terminal([*arguments, tmp_path / "c"], {**xterm, "NO_COLOR": "1"}))


@pytest.mark.parametrize("arguments", [
    [], ["run"], ["run", "--release", "RVU26A", "--offline", "--accept-repost"], ["run", "--input", "x"], ["fetch"], ["fly"], ["show"], ["search"], ["validate"],
    ["show", "J7308", "--format", "xml"], ["run", "--release", "RVU26A", "--input", "x", "--unknown"]], ids=str)
def test_a_wrong_command_line_is_a_usage_error_or_help(arguments):
    result = ingest(*arguments)
    assert result.code == (0 if arguments == [] else 64), result


# show


def test_show_as_JSON_is_the_line_of_codes_ndjson(samples):
    for line in samples.lines:
        code = json.loads(line)["code"]
        result = ingest("show", code, "--store", samples.store, "--format", "json")
        assert (result.code, result.out, result.err) == (0, line + b"\n", ""), code


def test_show_finds_the_first_and_last_code_of_a_whole_release(rvu26a):
    for line in (rvu26a.lines[0], rvu26a.lines[1], rvu26a.lines[len(rvu26a.lines) // 2], rvu26a.lines[-1]):
        result = ingest("show", json.loads(line)["code"], "--store", rvu26a.store, "--format", "json")
        assert result.out == line + b"\n"


def test_show_takes_lower_case(samples):
    assert ingest("show", "j7308", "--store", samples.store).out == ingest("show", "J7308", "--store", samples.store).out != b""


@pytest.mark.parametrize("code", ["99999", "J730", "J73080", "", "100", "ZZZZZ", "00000", "{", "J7308\n"])
def test_show_of_an_unknown_code_is_bad_input(code, samples):
    result = ingest("show", code, "--store", samples.store)
    assert (result.code, result.out) == (2, b""), result
    assert "error:" in result.err
    assert "Nothing was published" not in result.err


def test_show_names_the_release_it_shows(samples):
    assert b"RVU26A-r1" in ingest("show", "99213", "--store", samples.store).out
    for name in ("RVU26A", "rvu26a", "RVU26A-r1"):
        assert ingest("show", "99213", "--store", samples.store, "--release", name).code == 0, name
    for name in ("RVU26A-r2", "RVU25A", "RVU26A-r1-r1", "RVU26A-rx", "RVU26", "../RVU26A"):
        result = ingest("show", "99213", "--store", samples.store, f"--release={name}")
        assert result.code == 69 and result.out == b"", result


def test_show_of_a_CPT_code_says_that_its_text_is_licensed_and_shows_its_numbers(rvu25d):
    page = ingest("show", "99213", "--store", rvu25d.store).out.decode()
    assert "licensed" in page and "1.30" in page and "2.75" in page


def test_show_shows_26_and_TC_rows_apart(samples):
    page = ingest("show", "71046", "--store", samples.store).out.decode()
    assert re.search(r"^\s+global\s+A\s+0\.21", page, re.M)
    assert re.search(r"^\s+26\s+A\s+0\.21", page, re.M)
    assert re.search(r"^\s+TC\s+A\s+0\.00", page, re.M)


@pytest.mark.parametrize("command", [["show", "J7308"], ["search", "levulan"]])
def test_a_store_without_anything_published_is_said(command, tmp_path):
    for store in (tmp_path, tmp_path / "nothing"):
        result = ingest(*command, "--store", store)
        assert (result.code, result.out) == (69, b""), result
        assert str(store) in result.err


# search


@pytest.mark.parametrize("words, code", [
    (["levulan"], "J7308"), (["LEVULAN"], "J7308"), (["levu"], "J7308"), (["scaly", "spots"], "J7308"), (["J7308"], "J7308"),
    (["J730"], "J7308"), (["J730"], "J7306"), (["luxturna"], "J3398"), (["hairy", "cell"], "J9313"), (["00100"], "00100"), (["0010"], "00100"),
    (["99213"], "99213"), (["aminolevulinic acid"], "J7308")])
def test_search_finds_codes_by_brand_plain_word_and_beginning(words, code, samples):
    result = ingest("search", *words, "--store", samples.store)
    assert result.code == 0, result
    assert code in [line.split()[0] for line in result.out.decode().splitlines()]


def test_search_as_JSON_holds_what_a_list_shows(samples):
    result = ingest("search", "levulan", "--store", samples.store, "--format", "json")
    hit, = json.loads(result.out)
    assert hit["code"] == "J7308" and hit["title"] and result.err == ""


def test_search_without_a_hit_says_so_and_exits_1(samples):
    result = ingest("search", "xylophone", "--store", samples.store)
    assert (result.code, result.out) == (1, b"")
    assert "nothing found" in result.err
    result = ingest("search", "xylophone", "--store", samples.store, "--format", "json")
    assert json.loads(result.out) == []


@pytest.mark.parametrize("text", [
    '"', "'", "levulan OR", "NEAR(", "*", "-", "levulan-", "code:J7308", "(", "a AND", "^x", "%", "\\", "levulan;", "é", " ", "{a b}:c"])
def test_search_takes_any_text_without_breaking(text, samples):
    result = ingest("search", "--store", samples.store, "--", text)
    assert result.code in (0, 1), result


def test_search_shows_at_most_as_many_as_asked_for(samples):
    result = ingest("search", "injection", "--limit", "2", "--store", samples.store)
    assert result.code == 0 and len(result.out.splitlines()) == 2


# releases


def test_releases_lists_the_catalogue_and_the_store(samples):
    result = ingest("releases", "--store", samples.store)
    assert result.code == 0
    line, = [line for line in result.out.decode().splitlines() if line.startswith("RVU26A ")]
    assert "2026-01-01" in line and "33.4009" in line and "33.5675" in line and line.rstrip().endswith("r1")
    line, = [line for line in result.out.decode().splitlines() if line.startswith("RVU24AR ")]
    assert "2024-03-09" in line and "33.2875" in line


def test_releases_as_JSON_says_the_same(samples):
    listed = {item["label"]: item for item in json.loads(ingest("releases", "--store", samples.store, "--format", "json").out)}
    assert listed["RVU26A"]["revisions"] == [1] and listed["RVU25A"]["revisions"] == []
    assert listed["RVU26A"]["effective_from"] == "2026-01-01" and listed["RVU26A"]["conversion_factor"] == "33.4009"
    table = ingest("releases", "--store", samples.store).out.decode()
    assert all(label in table for label in listed)


def test_releases_of_an_empty_store_lists_the_catalogue(tmp_path):
    result = ingest("releases", "--store", tmp_path / "nothing")
    assert result.code == 0 and b"RVU26A" in result.out
    assert not (tmp_path / "nothing").exists()


# help


@pytest.mark.parametrize("command, words", [
    ([], ["run", "fetch", "show", "search", "releases", "validate", "64", "69", "73", "standard error"]),
    (["run"], ["--release", "--input", "--overlays", "--store", "--tier", "--accept-license", "RVU26A", "PPRRVU", "public", "licensed"]),
    (["show"], ["--release", "--format", "--store"]), (["search"], ["--limit", "levulan"]), (["releases"], ["--format", "--remote"]),
    (["fetch"], ["--release", "--source", "--mirror", "--offline", "--accept-repost", "--accept-license", "https_proxy"]),
    (["validate"], ["manifest", "--format"])], ids=str)
def test_help_is_on_stdout_and_names_what_one_needs(command, words):
    result = ingest(*command, "--help")
    assert result.code == 0 and result.err == ""
    text = result.out.decode()
    assert [word for word in words if word not in text] == []


def test_the_version_is_printed():
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", ingest("--version").out.decode())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completions_are_generated(shell):
    result = ingest("--generate-completion-script", shell)
    assert result.code == 0 and b"ingest" in result.out


# The program by itself.


def test_a_binary_moved_away_from_its_build_tree_works(tmp_path, samples):
    binary = tmp_path / "elsewhere" / "ingest"
    binary.parent.mkdir()
    shutil.copy(INGEST, binary)
    env = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    result = run(tmp_path / "store", "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS, binary=binary, cwd="/", env=env)
    assert_published(result)
    assert Published(tmp_path / "store").manifest == samples.manifest
    result = ingest("show", "J7308", "--store", tmp_path / "store", "--format", "json", binary=binary, cwd="/", env=env)
    assert exact_json(result.out) == samples.documents["J7308"]
    assert ingest("validate", tmp_path / "store/releases/RVU26A/r1", binary=binary, cwd="/", env=env).code == 0


def test_reading_commands_write_nothing(samples):
    before = {path: path.stat().st_mtime_ns for path in samples.store.rglob("*")}
    for command in (["show", "J7308"], ["search", "levulan"], ["releases"]):
        ingest(*command, "--store", samples.store)
    ingest("validate", samples.folder)
    assert before == {path: path.stat().st_mtime_ns for path in samples.store.rglob("*")}


def test_a_closed_pipe_ends_the_program_quietly(rvu26a):
    process = subprocess.Popen(
        [str(INGEST), "show", "J7308", "--store", str(rvu26a.store)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    error = process.stderr.read()
    process.wait()
    assert b"Fatal" not in error and b"Crash" not in error and b"Traceback" not in error
