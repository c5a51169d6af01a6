"""`ingest validate` finds every change to a published revision."""

import json
import shutil

import pytest

from support import ingest


@pytest.fixture
def copy(samples, tmp_path):
    folder = tmp_path / "r1"
    shutil.copytree(samples.folder, folder)
    return folder


def check_found(folder, *words):
    result = ingest("validate", folder)
    assert result.code in (1, 2), result
    for word in words:
        assert word in result.err, result
    assert b"not valid" in result.out or result.out == b"", result.out
    return result


def test_an_unchanged_copy_is_valid(copy):
    result = ingest("validate", copy)
    assert result.code == 0 and result.err == "", result


@pytest.mark.parametrize("path", [
    "codes.ndjson", "datapackage.json", "dataset.sqlite", "tables/codes.csv", "tables/relative_values.csv", "tables/modifiers.csv",
    "tables/localities.csv", "tables/opps_caps.csv", "tables/conversion_factors.csv", "tables/editorial.csv",
    "tables/editorial_items.csv", "tables/questions.csv", "tables/category_texts.csv", "tables/indicator_values.csv",
    "tables/provenance.csv"])
@pytest.mark.parametrize("at", [0.0, 0.5, 0.999])
def test_a_flipped_byte_is_found_in_each_file(path, at, copy):
    data = bytearray((copy / path).read_bytes())
    data[int(len(data) * at)] ^= 1
    (copy / path).write_bytes(data)
    check_found(copy, path)


@pytest.mark.parametrize("path", ["codes.ndjson", "dataset.sqlite", "tables/codes.csv", "datapackage.json"])
def test_a_missing_file_is_found(path, copy):
    (copy / path).unlink()
    check_found(copy, path)


@pytest.mark.parametrize("path", ["extra.txt", "tables/extra.csv", ".hidden", "deep/er/file.csv"])
def test_a_file_that_the_manifest_does_not_name_is_found(path, copy):
    (copy / path).parent.mkdir(parents=True, exist_ok=True)
    (copy / path).write_text("x\n")
    check_found(copy, path)


@pytest.mark.parametrize("path", ["codes.ndjson", "tables/codes.csv", "dataset.sqlite"])
def test_a_cut_file_is_found(path, copy):
    data = (copy / path).read_bytes()
    (copy / path).write_bytes(data[:len(data) // 2])
    check_found(copy, path)


def test_an_empty_file_is_found(copy):
    (copy / "tables" / "codes.csv").write_bytes(b"")
    check_found(copy, "tables/codes.csv")


@pytest.mark.parametrize("change", [
    lambda manifest: manifest.update(content_hash="sha256:" + "0" * 64),
    lambda manifest: manifest.update(schema_version=None),
    lambda manifest: manifest["files"][0].update(sha256="0" * 64),
    lambda manifest: manifest["files"].pop(),
    lambda manifest: manifest["files"].append({**manifest["files"][0], "path": "../../../outside.txt"}),
    lambda manifest: manifest.pop("release"),
    lambda manifest: next(f for f in manifest["files"] if f["path"] == "tables/codes.csv").update(rows=1),
], ids=["content hash", "schema version", "hash", "file gone", "path outside", "release gone", "rows"])
def test_a_changed_manifest_is_found(change, copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    change(manifest)
    write_sealed(copy, manifest)
    check_found(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "not json"])
def test_a_manifest_that_is_none_is_found(text, copy):
    (copy / "manifest.json").write_text(text)
    check_found(copy, "manifest.json")


def write_sealed(folder, manifest):
    """Writes the manifest and its own hash beside it."""
    import hashlib

    data = (json.dumps(manifest, indent=2) + "\n").encode()
    (folder / "manifest.json").write_bytes(data)
    (folder / "manifest.json.sha256").write_text(f"{hashlib.sha256(data).hexdigest()}  manifest.json\n")


def reseal(folder, path):
    """Puts the manifest right for a changed file, as somebody who edits a revision by hand would."""
    import hashlib

    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        if file["path"] == path:
            data = (folder / path).read_bytes()
            file["bytes"], file["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    facts = sorted(
        (f["path"], f["sha256"]) for f in manifest["files"] if f["path"].startswith("tables/") and f["path"] != "tables/provenance.csv")
    manifest["content_hash"] = "sha256:" + hashlib.sha256("".join(f"{p} {h}\n" for p, h in facts).encode()).hexdigest()
    write_sealed(folder, manifest)


@pytest.mark.parametrize("path, old, new", [
    ("codes.ndjson", '"system":"HCPCS"', '"system":"ICD10"'),
    ("codes.ndjson", '"work":1.30', '"work":"1.30"'),
    ("codes.ndjson", '{"code":"99213"', '{"code":"00001"'),
    ("tables/relative_values.csv", "99213,,A,true,,1.30", "99213,,A,true,,1.3"),
    ("tables/relative_values.csv", "99213,,A,true", "99213,,A,yes"),
    ("tables/relative_values.csv", "99214,,A", "99213,,A"),
    ("tables/relative_values.csv", "code,modifier", "modifier,code"),
    ("tables/codes.csv", "2002-01-01", "2002-13-01"),
    ("datapackage.json", '"resources"', '"resource"'),
])
def test_a_wrong_value_is_found_under_a_right_hash(path, old, new, copy):
    text = (copy / path).read_text()
    assert old in text
    (copy / path).write_text(text.replace(old, new, 1))
    reseal(copy, path)
    check_found(copy, path)


def test_a_table_whose_reference_leads_nowhere_is_found_under_a_right_hash(copy):
    path = "tables/relative_values.csv"
    lines = (copy / path).read_text().splitlines(keepends=True)
    index = next(i for i, line in enumerate(lines) if line.startswith("99213,"))
    lines[index] = lines[index].replace("99213,", "99219,", 1)
    (copy / path).write_text("".join(lines))
    reseal(copy, path)
    check_found(copy, path)


def test_a_folder_that_is_no_revision_is_said(tmp_path, samples):
    for folder in (tmp_path, tmp_path / "nothing", samples.store / "releases"):
        result = ingest("validate", folder)
        assert result.code in (2, 69), result
        assert "manifest.json" in result.err
    (tmp_path / "releases").mkdir()
    result = ingest("validate", tmp_path)
    assert result.code == 69 and "[store_empty]" in result.err, result


def test_the_JSON_of_validate_lists_the_problems(copy):
    result = ingest("validate", copy, "--format", "json")
    assert result.code == 0
    valid = json.loads(result.out)
    assert valid["valid"] is True and valid["problems"] == []
    (copy / "tables" / "codes.csv").unlink()
    result = ingest("validate", copy, "--format", "json")
    assert result.code == 1
    found = json.loads(result.out)
    assert found["valid"] is False and any("tables/codes.csv" in (item["place"] or "") for item in found["problems"])
