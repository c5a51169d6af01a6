"""What a release of the program is made of, and that what is written about security is there to be looked at."""

import json
import os
import re
import subprocess
import sys

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from support import INGEST, REPO, environment, ingest


def sbom(licenses):
    build = INGEST.resolve().parents[2]
    if not (build / "checkouts").is_dir() or not (REPO / "Package.resolved").is_file():
        pytest.skip("the program does not lie in the folder in which it was built")
    done = subprocess.run(
        [sys.executable, REPO / "Scripts" / "sbom", "--program", INGEST, "--build", build, "--licenses", licenses],
        capture_output=True, text=True, env=environment(SOURCE_DATE_EPOCH="1767225600"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_SBOM_validates_against_the_schema_of_CycloneDX(tmp_path):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom(tmp_path)) is None


def test_the_SBOM_names_each_resolved_package_with_version_licence_and_source(tmp_path):
    found = {item["name"].lower(): item for item in json.loads(sbom(tmp_path))["components"]}
    pins = json.loads((REPO / "Package.resolved").read_text())["pins"]
    assert pins
    for pin in pins:
        item = found[pin["identity"]]
        assert item["version"] == pin["state"]["version"] and item["purl"].endswith("@" + item["version"])
        assert item["licenses"] and item["externalReferences"][0]["url"] == pin["location"]
        assert list((tmp_path / pin["location"].removesuffix(".git").rsplit("/", 1)[1]).glob("LICENSE*")), pin
    libraries = {name.split(".so")[0] for name in found if ".so" in name}
    assert libraries >= {"libcsv", "libcurl", "libz", "libsqlite3", "libc"} and "swift" in found
    # What Package.swift asks for has been resolved.
    asked = re.findall(r'\.package\(url: "([^"]+)"', (REPO / "Package.swift").read_text())
    assert asked and all(any(pin["location"] == url for pin in pins) for url in asked)


def test_the_SBOM_names_the_library_that_is_loaded_when_something_is_fetched(tmp_path):
    found = {item["name"]: item for item in json.loads(sbom(tmp_path))["components"]}
    assert found["libcurl.so.4"]["properties"][0] == {"name": "ingest:linked", "value": "when needed"}
    assert '"libcurl.so.4"' in (REPO / "Sources" / "CLibcurl" / "CLibcurl.c").read_text()
    assert found["libz.so.1"]["properties"][0] == {"name": "ingest:linked", "value": "dynamic"}


def test_the_SBOM_is_the_same_every_time(tmp_path):
    first = sbom(tmp_path / "a")
    assert first == sbom(tmp_path / "b")
    assert json.loads(first)["metadata"]["timestamp"] == "2026-01-01T00:00:00Z"
    assert str(REPO) not in first


def test_a_release_is_a_commit():
    """Anything that is not committed stops it before it builds."""
    path = REPO / "not-committed.txt"
    path.write_text("x\n")
    try:
        done = subprocess.run([REPO / "Scripts" / "release"], capture_output=True, text=True)
    finally:
        path.unlink()
    assert done.returncode == 1 and "not committed" in done.stderr, done


def test_SECURITY_names_tests_and_code_that_are_there():
    text = (REPO / "SECURITY.md").read_text()
    acceptance = "".join(path.read_text() for path in (REPO / "Tests" / "acceptance").glob("test_*.py"))
    swift = "".join(path.read_text() for path in (REPO / "Tests").glob("*Tests/*.swift"))
    names = re.findall(r"`(test_\w+)`", text)
    assert len(names) > 12
    for name in names:
        assert f"def {name}(" in acceptance, name
    for file in re.findall(r"`(test_\w+\.py)`", text):
        assert (REPO / "Tests" / "acceptance" / file).is_file(), file
    rows = [row.split("|") for row in text.splitlines() if row.startswith("| **")]
    assert len(rows) >= 10
    for row in rows:
        for quoted in re.findall(r'"([^"]+)"', row[4]):
            assert quoted in swift, quoted
        folder = REPO
        for code in re.findall(r"`([^`]+)`", row[3]):
            # A bare name stands beside the one before it.
            place = REPO / code if "/" in code else folder / code
            assert place.exists(), code
            folder = place.parent
        assert row[2].strip() and row[4].strip()


def test_the_README_leads_to_SECURITY():
    assert "(SECURITY.md)" in (REPO / "README.md").read_text()


def test_the_help_says_what_SECURITY_tells_people_to_type():
    assert "--sign" in ingest("help", "run").out.decode()
    assert all(option in ingest("help", "validate").out.decode() for option in ("--public-key", "--trust"))
    assert os.access(REPO / "Scripts" / "release", os.X_OK)
