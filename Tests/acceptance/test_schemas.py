"""What is emitted validates against Schemas/ with tools that are not ours."""

import functools
import json
import shutil
import sqlite3
import subprocess

import frictionless
import jsonschema
import pytest
import yaml

from support import SAMPLE_OVERLAYS, SCHEMAS, ingest

RELEASES = ["samples", "rvu25a", "rvu25d", "rvu26b", "rvu26a"]


@functools.cache
def validator(name):
    path = SCHEMAS / name
    assert path.is_file(), f"there is no Schemas/{name}"
    schema = json.loads(path.read_text())
    kind = jsonschema.validators.validator_for(schema)
    assert kind is not jsonschema.validators.validator_for({}) or "$schema" in schema, f"{name} names no draft"
    kind.check_schema(schema)
    return kind(schema, format_checker=jsonschema.FormatChecker())


def problems(name, value):
    return [f"{error.json_path}: {error.message}"[:300] for error in validator(name).iter_errors(value)]


@pytest.fixture(params=RELEASES)
def published(request):
    return request.getfixturevalue(request.param)


def test_the_manifest_validates_against_its_schema(published):
    assert problems("manifest.schema.json", published.manifest) == []


def test_the_pointer_validates_against_its_schema(published):
    assert problems("latest.schema.json", json.loads((published.store / "latest.json").read_text())) == []


def test_the_data_package_validates_against_its_schema(published):
    assert problems("datapackage.schema.json", json.loads((published.folder / "datapackage.json").read_text())) == []


def check_documents(lines):
    schema = validator("code.schema.json")
    for number, line in enumerate(lines, 1):
        error = next(schema.iter_errors(json.loads(line)), None)
        assert error is None, f"codes.ndjson:{number}: {error.json_path}: {error.message[:300]}"


def test_every_document_of_the_samples_validates_against_its_schema(samples):
    check_documents(samples.lines)


@pytest.mark.parametrize("release, every", [("rvu25a", 9), ("rvu25d", 9), ("rvu26b", 9), ("rvu26a", 4)])
def test_documents_of_whole_releases_validate_against_their_schema(release, every, request):
    """Every so-manieth document, and all that an editor wrote for."""
    published = request.getfixturevalue(release)
    check_documents(
        line for number, line in enumerate(published.lines) if number % every == 0 or b'"review":{' in line)


def test_documents_are_sorted_and_unique(published):
    codes = [json.loads(line)["code"] for line in published.lines]
    assert codes == sorted(set(codes))


def test_a_document_with_a_wrong_value_does_not_validate(samples):
    """The schema says something: it refuses what must not be."""
    document = json.loads(samples.lines[0])
    for change in ({"code": 100}, {"code": "123"}, {"system": "ICD"}, {"relative_values": None}, {"surprise": 1}):
        assert problems("code.schema.json", {**document, **change}), change
    assert problems("code.schema.json", {name: value for name, value in document.items() if name != "code"})


def test_a_manifest_with_a_wrong_value_does_not_validate(samples):
    for change in ({"schema_version": 1}, {"content_hash": "md5:1"}, {"tier": "secret"}, {"files": {}}, {"release": None}):
        assert problems("manifest.schema.json", {**samples.manifest, **change}), change


@pytest.mark.parametrize("path", sorted(SAMPLE_OVERLAYS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_sample_overlay_validates_against_its_schema(path):
    schema = "overlay.schema.json" if path.parent.name == "codes" else "category-overlay.schema.json"
    for document in yaml.load_all(path.read_text(), yaml.BaseLoader):
        assert problems(schema, document) == []


@pytest.mark.parametrize("path", sorted(SAMPLE_OVERLAYS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_sample_overlay_names_the_schema_that_an_editor_completes_it_with(path):
    first = path.read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.split("=", 1)[1]).resolve().is_file(), first


@pytest.mark.parametrize("change", [
    {"sinonyms": ["x"]}, {"title": ""}, {"synonyms": "one"}, {"synonyms": [""]}, {"questions": [{"question": "Why?"}]},
    {"review": {"descriptor": "sha256:1"}}, {"code": "J73"}, {"title": ["x"]}], ids=str)
def test_the_overlay_schema_refuses_what_a_run_refuses(change):
    document = yaml.load((SAMPLE_OVERLAYS / "codes" / "J7308.yaml").read_text(), yaml.BaseLoader)
    assert problems("overlay.schema.json", {**document, **change})


@pytest.mark.parametrize("change", [
    {"nome": "x"}, {"rvu_notes": {"because": "x"}}, {"questions": [{"question": "Why?", "answer": "So.", "routes": ["by air"]}]},
    {"billing": ""}, {"range": {"first": "J0000", "last": "J9999"}}], ids=str)
def test_the_category_overlay_schema_refuses_what_a_run_refuses(change):
    document = yaml.load((SAMPLE_OVERLAYS / "categories" / "J.yaml").read_text(), yaml.BaseLoader)
    assert problems("category-overlay.schema.json", {**document, **change})


# Frictionless.


def frictionless_errors(published):
    report = frictionless.Package(str(published.folder / "datapackage.json")).validate()
    return [error.message for task in report.tasks for error in task.errors][:10] + [error.message for error in report.errors]


def test_frictionless_validates_the_data_package_of_the_samples(samples):
    assert frictionless_errors(samples) == []


def test_frictionless_validates_the_data_package_of_a_whole_release(rvu26a):
    assert frictionless_errors(rvu26a) == []


def test_frictionless_finds_a_wrong_table(samples, tmp_path):
    """It does look: at types, keys and references."""
    folder = tmp_path / "r1"
    shutil.copytree(samples.folder, folder)
    path = folder / "tables" / "relative_values.csv"
    path.write_text(path.read_text().replace("99213,,A,true,,1.30", "99213,,A,true,,x.30"))
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert not report.valid


def test_the_data_package_describes_every_table_and_every_column(published):
    package = json.loads((published.folder / "datapackage.json").read_text())
    resources = {resource["name"]: resource for resource in package["resources"]}
    assert sorted(resources) == published.table_names
    for name, resource in resources.items():
        header = (published.folder / resource["path"]).open().readline().rstrip("\n").split(",")
        assert [field["name"] for field in resource["schema"]["fields"]] == header, name
        assert all(field.get("description") for field in resource["schema"]["fields"]), name


def test_the_data_packages_hashes_and_sizes_are_those_of_the_files(published):
    import hashlib

    for resource in json.loads((published.folder / "datapackage.json").read_text())["resources"]:
        data = (published.folder / resource["path"]).read_bytes()
        assert resource["bytes"] == len(data)
        assert resource["hash"] == "sha256:" + hashlib.sha256(data).hexdigest()


# SQLite.


def test_sqlite3_finds_the_database_whole_and_its_references_kept(published):
    command = shutil.which("sqlite3")
    if command is None:
        pytest.skip("there is no sqlite3 command")
    done = subprocess.run(
        [command, "-readonly", str(published.database), "PRAGMA integrity_check; PRAGMA foreign_key_check; SELECT 'end';"],
        capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\nend\n", "")


def test_the_database_has_keys_indices_and_references(samples):
    with sqlite3.connect(samples.database) as database:
        for table in ("codes", "relative_values", "modifiers", "localities", "opps_caps"):
            assert [row for row in database.execute(f"PRAGMA table_info({table})") if row[5]], f"{table} has no primary key"
        assert database.execute("PRAGMA foreign_key_list(relative_values)").fetchall()
        assert database.execute("PRAGMA foreign_key_list(opps_caps)").fetchall()
        assert database.execute("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchone()[0] >= 2


@pytest.mark.parametrize("words, code", [("levulan", "J7308"), ("luxturna", "J3398"), ("lumoxiti", "J9313"), ("contraceptive", "J7306"),
                                         ("J7308", "J7308"), ("aminolevulinic", "J7308"), ("scaly spots", "J7308")])
def test_the_databases_own_search_finds_codes_by_what_people_type(words, code, samples):
    with sqlite3.connect(samples.database) as database:
        found = database.execute(
            "SELECT codes.code FROM search JOIN codes ON codes.rowid = search.rowid WHERE search MATCH ?", (words,)).fetchall()
    assert (code,) in found


# The manifest.


def test_the_manifest_lists_every_file_with_its_bytes_hash_and_rows(published):
    import hashlib

    listed = {file["path"]: file for file in published.manifest["files"]}
    present = {str(path.relative_to(published.folder)) for path in published.folder.rglob("*") if path.is_file()}
    assert set(listed) == present - {"manifest.json", "manifest.json.sha256"}
    for path, file in listed.items():
        data = (published.folder / path).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest()), path
        if path.startswith("tables/"):
            assert file["rows"] == len(published.table(path[7:-4])), path
        if path == "codes.ndjson":
            assert file["rows"] == len(published.lines)


def test_the_pointer_names_the_manifest_by_its_hash(published):
    import hashlib

    latest = json.loads((published.store / "latest.json").read_text())
    data = (published.store / latest["path"] / "manifest.json").read_bytes()
    assert latest["manifest_sha256"] == hashlib.sha256(data).hexdigest()
    assert latest["content_hash"] == published.manifest["content_hash"]
    assert latest["sequence"] == published.manifest["sequence"] == 1


def test_the_manifests_inputs_are_named_by_their_own_hashes(samples):
    import hashlib

    from support import SAMPLE_INPUTS, zip_members

    expected = {path.name: path.read_bytes() for path in SAMPLE_INPUTS}
    for path in SAMPLE_INPUTS:
        expected |= {f"{path.name}/{name}": data for name, data in zip_members(path).items()}
    expected |= {str(path.relative_to(SAMPLE_OVERLAYS)): path.read_bytes() for path in SAMPLE_OVERLAYS.rglob("*.yaml")}
    inputs = {item["path"]: item["sha256"] for item in samples.manifest["inputs"]}
    assert inputs == {path: hashlib.sha256(data).hexdigest() for path, data in expected.items()}


# `ingest validate`.


def test_validate_accepts_what_was_published(published):
    result = ingest("validate", published.folder)
    assert result.code == 0, result
    assert b"valid" in result.out
