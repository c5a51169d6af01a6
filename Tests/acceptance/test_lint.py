"""`ingest overlay lint` finds what is wrong with editors' texts, at the line and column of the very word, and finds
nothing in good ones."""

import csv
import json
import random
import re

import pytest

from support import DATA, SAMPLE_DRUGS, SAMPLE_HCPCS, SAMPLE_OVERLAYS, SAMPLE_RVU, SCHEMAS, ingest

SAMPLES = [SAMPLE_RVU, SAMPLE_HCPCS]


def lint(overlays, inputs, *more):
    arguments = ["overlay", "lint", "--release", "RVU26A", "--overlays", overlays]
    for path in inputs:
        arguments += ["--input", path]
    return ingest(*arguments, *more)


@pytest.fixture
def check(tmp_path):
    """Lints texts given as files and returns the report; looks at the exit code on the way."""

    def check(files, *more, inputs=SAMPLES):
        if isinstance(files, str):
            files = {"a.yaml": files}
        folder = tmp_path / "overlays"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        result = lint(folder, inputs, "--format", "json", *more)
        report = json.loads(result.out)
        assert result.code == (1 if report["errors"] else 0), result
        return report

    return check


def places(report):
    return [f"{f['file']}:{f['line']}:{f['column']} {f['id']}" for f in report["findings"]]


@pytest.fixture(scope="module")
def full(rvu26a_inputs):
    return rvu26a_inputs


@pytest.mark.parametrize(
    "text, place",
    [
        ("code: J7306\nsynonyms:\n  - Jadelle\n  - Nexplanon\n", "a.yaml:4:5 overlay_brand_elsewhere"),
        ("code: J7345\nsynonyms:\n  - Ameluz\n  - Levulan\n", "a.yaml:4:5 overlay_brand_elsewhere"),
        ("code: J7345\ntitle: The gel Levulan\n", "a.yaml:2:16 overlay_brand_elsewhere"),
        ("code: J9313\nsynonyms:\n  - lumoxiti, Lumoxiti\n", "a.yaml:3:5 overlay_synonym_repeats"),
        ("code: J9313\nsynonyms:\n  - lumoxiti\n  - Lumoxiti\n", "a.yaml:4:5 overlay_synonym_repeats"),
        ("code: J9313\ntitle: Lumoxiti\nsynonyms:\n  - lumoxiti\n", "a.yaml:4:5 overlay_synonym_repeats"),
        ("code: J7308\nsummary: >-\n  A drug that is\n  injected.\n", "a.yaml:4:3 overlay_route_word"),
        ("code: J7308\nbilling: >-\n  The drug is\n\n  often injected.\n", "a.yaml:5:9 overlay_route_word"),
        ("code: J7308\nquestions:\n  - question: How is J7308 injected?\n    answer: By hand.\n", "a.yaml:3:28 overlay_route_word"),
        ("code: J7306\nplain_language:\n  - An injection for women.\n", "a.yaml:3:8 overlay_route_word"),
        ("code: J9313\nsummary: A drug for the the blood.\n", "a.yaml:2:25 overlay_doubled_word"),
        ("code: J9313\nsummary: >-\n  A drug for the\n  the blood.\n", "a.yaml:4:3 overlay_doubled_word"),
        ("code: J9931\ntitle: x\n", "a.yaml:1:7 overlay_code_unknown"),
        ("code: \"00100\"\nsynonyms:\n  - NO\n", "a.yaml:3:5 overlay_scalar_unquoted"),
        ("code: 00100\ntitle: Care\n", "a.yaml:1:7 overlay_scalar_unquoted"),
        ("code: J9313\nbilling: One unit is 0.1 mg.\n", "a.yaml:2:22 overlay_unit_contradicts"),
        ("code: J9313\nbilling: Claims are counted per 10 mg.\n", "a.yaml:2:33 overlay_unit_contradicts"),
        ("code: J7308\ntitle: Levulan, 10% solution\n", "a.yaml:2:17 overlay_strength_contradicts"),
        ("code: J7308\nsummary: A 10 percent solution.\n", "a.yaml:2:12 overlay_strength_contradicts"),
        ("code: J9313\nsynonyms:\n  - etonogestrel drip\n", "a.yaml:3:5 overlay_ingredient_elsewhere"),
    ])  # fmt: skip
def test_a_planted_mistake_is_found_by_its_rule_and_no_other(text, place, check, full):
    assert places(check(text, inputs=full)) == [place]


def test_a_descriptor_pasted_from_the_licensed_tier_is_found_and_not_printed(check, full, rvu25a_members, data):
    """The descriptors are read from CMS's file at run time."""
    import zipfile

    with zipfile.ZipFile(full[0]) as archive:
        name = next(name for name in archive.namelist() if "nonQPP.csv" in name)
        rows = list(csv.reader(archive.read(name).decode("cp1252").splitlines()))
    rows = [r for r in rows if re.fullmatch(r"[0-9]{4}[0-9TU]|D[0-9]{4}", r[0]) and not r[1].strip()]
    rows = [r for r in rows if len(re.findall(r"[A-Za-z0-9]+", r[2])) >= 3]
    chosen = random.Random(4).sample(rows, 60)
    files, expected = {}, []
    for number, row in enumerate(chosen):
        text = row[2].strip()
        pasted = text if number % 3 else text.upper().replace("/", " / ")
        files[f"{number:02}.yaml"] = (
            f"code: {json.dumps(row[0])}\nsummary: {json.dumps('Short words before ' + pasted)}\n"
            if number % 2
            else f"code: {json.dumps(row[0])}\ntitle: {json.dumps(pasted)}\n")
    result_findings = check(files, inputs=full)["findings"]
    found = {f["file"]: f for f in result_findings if f["id"] == "overlay_licensed_text"}
    everything = json.dumps(result_findings)
    for number, row in enumerate(chosen):
        finding = found[f"{number:02}.yaml"]
        column = 30 if number % 2 else 9
        assert finding["line"] == 2 and finding["column"] == column, finding
        # Two codes may have one descriptor.
        assert re.search(r"descriptor of [0-9A-Z]{5}, which belongs to the American (Medical|Dental)", finding["message"])
        assert row[2].strip() not in everything


@pytest.mark.parametrize("inputs", ["samples", "samples with drugs", "full", "full without drugs"])
def test_nothing_is_found_in_the_samples(inputs, request):
    if inputs.startswith("full"):
        paths = request.getfixturevalue("rvu26a_inputs")[: 2 if "without" in inputs else 3]
    else:
        paths = SAMPLES + ([SAMPLE_DRUGS] if "with" in inputs else [])
    result = lint(SAMPLE_OVERLAYS, paths, "--strict")
    assert (result.code, result.out) == (0, b""), result
    assert "37 overlays in 37 files: 0 errors, 0 warnings" in result.err


def test_all_mistakes_of_all_files_are_found_in_one_run(check):
    report = check({
        "a.yaml": "code: J7308\ntitel: x\nsummary: A drug for the the skin.\n",
        "b.yaml": "code: J7308\nsummary: [\n",
        "c/d.yaml": "code: J7308\ntitle: TODO\n",
        "e.yaml": "- list\n",
    })  # fmt: skip
    assert places(report) == [
        "a.yaml:2:1 overlay_key", "a.yaml:3:25 overlay_doubled_word", "b.yaml:3:1 overlay_yaml",
        "c/d.yaml:1:7 overlay_duplicate", "c/d.yaml:2:8 overlay_placeholder", "e.yaml:1:1 overlay_type",
    ]  # fmt: skip
    assert (report["errors"], report["warnings"], report["files"]) == (5, 1, 4)
    by_id = {f["id"]: f for f in report["findings"]}
    assert by_id["overlay_doubled_word"]["code"] == "J7308" and by_id["overlay_doubled_word"]["hint"]
    assert list(by_id["overlay_key"]) == ["id", "severity", "file", "line", "column", "code", "message", "hint"]


def test_more_than_twenty_findings_of_a_kind_are_all_listed(check):
    report = check("".join(f"---\ncode: J{n:04}\nkey{n}: x\n" for n in range(30)))
    assert len([f for f in report["findings"] if f["id"] == "overlay_key"]) == 30


def test_an_overlay_switches_a_rule_off_with_a_reason_for_itself_only(check):
    double = "code: {}\nsummary: A drug of Walla Walla.\n"
    allowed = double.format("J7308") + "lint:\n  - allow: overlay_doubled_word\n    reason: It is a town.\n"
    report = check({"a.yaml": allowed, "b.yaml": double.format("J7306")})
    assert places(report) == ["b.yaml:2:26 overlay_doubled_word"]
    assert report["allowed"] == [
        {"id": "overlay_doubled_word", "reason": "It is a town.", "file": "a.yaml", "line": 4, "findings": 1}]


def test_an_allowance_that_silences_nothing_goes_away(check):
    text = "code: J7308\ntitle: Skin drug\nlint:\n  - allow: overlay_doubled_word\n    reason: Once it did.\n"
    assert places(check(text)) == ["a.yaml:4:12 overlay_allowance_unused"]


@pytest.mark.parametrize("rule", ["overlay_doubled_words", "overlay_yaml", "overlay_allowance_unused"])
def test_a_rule_that_is_none_or_always_on_is_not_switched_off(rule, check, tmp_path):
    text = f"code: J7308\ntitle: Skin drug\nlint:\n  - allow: {rule}\n    reason: x\n"
    assert places(check(text)) == ["a.yaml:4:12 overlay_allowance"]
    result = lint(tmp_path / "overlays", SAMPLES, "--allow", rule, "--reason", "x")
    assert result.code == 64 and rule in result.err


def test_an_allowance_needs_a_reason(check, tmp_path):
    text = "code: J7308\ntitle: Skin drug\nlint:\n  - allow: overlay_doubled_word\n"
    assert places(check(text)) == ["a.yaml:4:5 overlay_allowance"]
    assert lint(tmp_path / "overlays", SAMPLES, "--allow", "overlay_doubled_word").code == 64


def test_a_run_switches_a_rule_off_and_says_so(check, tmp_path):
    report = check("code: J7308\nsummary: A drug for the the skin.\n", "--allow", "overlay_doubled_word", "--reason", "Later.")
    assert report["findings"] == [] and report["allowed"][0]["reason"] == "Later."


def test_warnings_count_as_errors_when_asked(tmp_path):
    (tmp_path / "a.yaml").write_text("code: J7308\nsummary: A drug for the the skin.\n")
    assert lint(tmp_path, SAMPLES).code == 0
    assert lint(tmp_path, SAMPLES, "--strict").code == 1


def test_people_read_file_line_column_and_a_count_of_each_rule(tmp_path):
    (tmp_path / "a.yaml").write_text("code: J7308\nsummary: A drug for the the skin.\ntitle: TODO\n")
    result = lint(tmp_path, SAMPLES)
    assert result.out.decode().splitlines() == [
        "a.yaml:2:25: warning: 'the' stands twice in a row [overlay_doubled_word]",
        "a.yaml:3:8: error: 'TODO' stands where a text should be [overlay_placeholder]",
    ]
    assert "1 overlays in 1 files: 1 errors, 1 warnings" in result.err
    assert re.search(r"1  overlay_doubled_word  Take one away\.", result.err)


def test_github_shows_findings_at_the_lines_of_the_repository(tmp_path):
    (tmp_path / "a.yaml").write_text("code: J7308\nsummary: A drug for the the skin.\ntitle: TODO\n")
    lines = lint(tmp_path, SAMPLES, "--github").out.decode().splitlines()
    assert lines == [
        f"::error file={tmp_path}/a.yaml,line=3,col=8,title=overlay placeholder::'TODO' stands where a text should be",
        f"::warning file={tmp_path}/a.yaml,line=2,col=25,title=overlay doubled word::'the' stands twice in a row",
    ]  # fmt: skip


def test_only_one_code_is_listed(tmp_path):
    for code in ("J7308", "J7306"):
        (tmp_path / f"{code}.yaml").write_text(f"code: {code}\nsummary: A drug for the the skin.\n")
    assert lint(tmp_path, SAMPLES, "--only", "j7306").out.decode().startswith("J7306.yaml:2:25:")


@pytest.mark.parametrize("rule", [None, "overlay_route_word"])
def test_rules_are_explained_with_examples(rule):
    result = ingest("overlay", "rules", *([rule] if rule else []))
    assert result.code == 0
    for name in re.findall(r"^## (overlay_\w+)", (SCHEMAS / "overlay-rules.md").read_text(), re.MULTILINE):
        assert bool(re.search(rf"\b{name}\b", result.out.decode())) == (rule in (None, name))
    rules = json.loads(ingest("overlay", "rules", "--format", "json").out)
    assert all(set(r) == {"id", "severity", "may_be_allowed", "meaning", "hint", "wrong", "right"} for r in rules)
    assert ingest("overlay", "rules", "overlay_nothing").code == 64


# What is put into good texts at random is always found.


def texts_of_samples():
    """Each sample with the lines of its folded texts: what lies between `>-` and a lesser indent."""
    for path in sorted(SAMPLE_OVERLAYS.rglob("*.yaml")):
        lines = path.read_text().split("\n")
        prose = []
        for number, line in enumerate(lines):
            if line.rstrip().endswith(">-"):
                indent = len(line) - len(line.lstrip())
                for below in range(number + 1, len(lines)):
                    if len(lines[below]) - len(lines[below].lstrip()) <= indent:
                        break
                    prose.append(below)
        yield path, lines, prose


def insert_doubled(line, words, rng):
    word = rng.choice(words)
    return line[: word.end()] + " " + word.group() + line[word.end() :], word.end() + 2


def insert_tag(line, words, rng):
    word = rng.choice(words)
    return line[: word.start()] + "<b>" + line[word.start() :], word.start() + 1


def insert_entity(line, words, rng):
    word = rng.choice(words)
    return line[: word.start()] + "&nbsp;" + line[word.start() :], word.start() + 1


def insert_invisible(line, words, rng):
    word = rng.choice(words)
    return line[: word.start()] + rng.choice("\u200b\u00a0\u00ad\u2060\u202e\u200d") + line[word.start() :], word.start() + 1


def insert_mojibake(line, words, rng):
    word = rng.choice(words)
    bad = rng.choice("é’–“ö®").encode().decode("cp1252")
    return line[: word.start()] + bad + line[word.start() :], word.start() + 1


def insert_replacement(line, words, rng):
    word = rng.choice(words)
    return line[: word.start()] + "\ufffd" + line[word.start() :], word.start() + 1


def insert_todo(line, words, rng):
    word = rng.choice(words)
    return line[: word.start()] + "TODO " + line[word.start() :], word.start() + 1


@pytest.mark.parametrize(
    "insert, rule",
    [
        (insert_doubled, "overlay_doubled_word"), (insert_tag, "overlay_markup"), (insert_entity, "overlay_markup"),
        (insert_invisible, "overlay_control_character"), (insert_mojibake, "overlay_mojibake"),
        (insert_replacement, "overlay_mojibake"), (insert_todo, "overlay_placeholder"),
    ])  # fmt: skip
def test_a_mistake_at_a_random_place_is_found_at_its_line_and_column(insert, rule, tmp_path):
    rng = random.Random(rule)
    expected = {}
    for path, lines, prose in texts_of_samples():
        lines = list(lines)
        number = rng.choice(prose)
        # Words of letters alone with blanks around them; some may double.
        words = [
            m for m in re.finditer(r"(?<= )[A-Za-z]{2,}(?= )", lines[number]) if m.group().lower() not in ("had", "that")
        ]
        if not words:
            continue
        lines[number], column = insert(lines[number], words, rng)
        name = str(path.relative_to(SAMPLE_OVERLAYS))
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
        expected[name] = (number + 1, column)
    assert len(expected) > 30
    findings = json.loads(lint(tmp_path, SAMPLES, "--format", "json").out)["findings"]
    found = {(f["file"], f["line"], f["column"]) for f in findings if f["id"] == rule}
    assert {(name, *place) for name, place in expected.items()} - found == set()


def test_a_control_character_at_a_random_place_is_found(tmp_path):
    rng = random.Random(7)
    names = []
    for path, lines, prose in texts_of_samples():
        lines = list(lines)
        number = rng.choice(prose)
        column = rng.randrange(len(lines[number]) - len(lines[number].lstrip()) + 1, len(lines[number]))
        character = chr(rng.choice([*range(1, 9), 11, 12, *range(14, 32), 127, *range(128, 133), *range(134, 160)]))
        lines[number] = lines[number][:column] + character + lines[number][column:]
        names.append(path.name)
        (tmp_path / path.name).write_text("\n".join(lines), encoding="utf-8")
    findings = json.loads(lint(tmp_path, SAMPLES, "--format", "json").out)["findings"]
    found = {f["file"] for f in findings if f["id"] in ("overlay_yaml", "overlay_control_character")}
    assert set(names) - found == set()


# Against CMS's own tables.


def crosswalk(path):
    file = next(path.glob("*Crosswalk*.csv"))
    with open(file, encoding="cp1252", newline="") as rows:
        rows = list(csv.reader(rows))
    start = next(i for i, row in enumerate(rows) if row and row[0].startswith("_20"))
    return sorted({(row[0].strip(), " ".join(row[4].split())) for row in rows[start + 1 :] if row and row[0].strip()})


def test_no_name_that_cms_has_for_a_code_is_held_against_it(check, full):
    files = {}
    for number, (code, name) in enumerate(crosswalk(DATA / "asp" / "2026-q1")):
        files[f"{number:04}.yaml"] = f"code: {code}\nsynonyms:\n  - {json.dumps(name)}\n"
    found = [f for f in check(files, inputs=full)["findings"] if f["id"].endswith("_elsewhere")]
    assert found == []


def test_the_names_of_other_drugs_are_found(check, full):
    rng = random.Random(3)
    pairs = crosswalk(DATA / "asp" / "2026-q1")
    codes = sorted({code for code, _ in pairs})
    files, wrong = {}, 0
    for number in range(600):
        code, name = rng.choice(pairs)
        other = rng.choice(codes)
        if other == code:
            continue
        wrong += 1
        files[f"{number:04}.yaml"] = f"code: {other}\nsynonyms:\n  - {json.dumps(name)}\n"
    found = {f["file"] for f in check(files, inputs=full)["findings"] if f["id"].endswith("_elsewhere")}
    # The rest are common words: sodium chloride, calcium gluconate; and other products of the same drug.
    assert len(found) > 0.9 * wrong
