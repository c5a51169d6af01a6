"""Releases that many tests look at, each published once."""

import pytest

import engine_support as engines
from pages import open_browser
from support import (
    DATA, INGEST, SAMPLE_INPUTS, SAMPLE_OVERLAYS, Published, assert_published, run, zip_members)


def pytest_sessionstart(session):
    if not INGEST.is_file():
        pytest.exit(
            f"there is no program at {INGEST}: build it with `swift build -c release`, or name it with INGEST=",
            returncode=1)


def pytest_report_header(config):
    there = "whole CMS files are read from it" if DATA.is_dir() else "NOT THERE: whole-file tests are skipped"
    return [f"program: {INGEST}", f"CMS files: {DATA} ({there})"]


@pytest.fixture(scope="session")
def data():
    """The folder of whole CMS files."""
    if not DATA.is_dir():
        pytest.skip(f"the whole CMS files are not in {DATA}; name their folder with INGEST_DATA=")
    return DATA


@pytest.fixture(scope="session")
def publish(tmp_path_factory):
    """Publishes into a fresh store and reads it."""

    def publish(name, release, inputs, overlays=None, tier=None):
        store = tmp_path_factory.mktemp(name) / "store"
        result = run(store, release, inputs, overlays, tier)
        assert_published(result)
        return Published(store, result)

    return publish


@pytest.fixture(scope="session")
def samples(publish):
    return publish("samples", "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS)


@pytest.fixture(scope="session")
def rvu25a_inputs(data):
    return [
        data / "rvu25a" / "rvu25a-updated-01_10_2025.zip",
        data / "hcpcs" / "2020-annual" / "2020-Alpha-Numeric-HCPCS-File.zip",
        data / "asp" / "2025-q1",
    ]


@pytest.fixture(scope="session")
def rvu26a_inputs(data):
    return [
        data / "rvu26a-standin" / "rvu26a.zip",
        data / "hcpcs" / "2026-jan-standin" / "january-2026-alpha-numeric-hcpcs-file.zip",
        data / "asp" / "2026-q1",
    ]


@pytest.fixture(scope="session")
def rvu25a(publish, rvu25a_inputs):
    return publish("rvu25a", "RVU25A", rvu25a_inputs)


@pytest.fixture(scope="session")
def rvu25d(publish, data):
    return publish("rvu25d", "RVU25D", [data / "rvu25d"])


@pytest.fixture(scope="session")
def rvu26b(publish, data):
    return publish("rvu26b", "RVU26B", [data / "rvu26b"])


@pytest.fixture(scope="session")
def rvu26a(publish, rvu26a_inputs):
    return publish("rvu26a", "RVU26A", rvu26a_inputs, SAMPLE_OVERLAYS)


@pytest.fixture(scope="session")
def four_releases(data, rvu25a_inputs, rvu26a_inputs, tmp_path_factory):
    """A store with the releases of January and October 2025, January and April 2026."""
    store = tmp_path_factory.mktemp("four") / "store"
    for release, inputs, overlays in (
            ("RVU25A", rvu25a_inputs, None), ("RVU25D", [data / "rvu25d"], None),
            ("RVU26A", rvu26a_inputs, SAMPLE_OVERLAYS), ("RVU26B", [data / "rvu26b"], None)):
        assert_published(run(store, release, inputs, overlays))
    return store


@pytest.fixture(scope="session")
def four_as_parquet(four_releases, tmp_path_factory):
    """The same as Parquet, with every payment."""
    out = tmp_path_factory.mktemp("parquet") / "out"
    engines.done(engines.script("to-parquet", "--store", four_releases, "--out", out, "--payments"))
    return out


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL of the tests' own: makes a database, and says how to reach it."""
    with engines.postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def four_in_postgres(four_releases, postgres):
    """The four releases in a database."""
    conninfo = postgres.database("four")
    engines.done(engines.script("load-postgres", "--store", four_releases, "--database", conninfo))
    return conninfo


@pytest.fixture(scope="session")
def rvu25a_licensed(publish, rvu25a_inputs):
    return publish("rvu25a-licensed", "RVU25A", rvu25a_inputs, tier="licensed")


@pytest.fixture(scope="session")
def rvu25d_licensed(publish, data):
    return publish("rvu25d-licensed", "RVU25D", [data / "rvu25d"], tier="licensed")


@pytest.fixture(scope="session")
def rvu25a_members(rvu25a_inputs):
    """The members of CMS's January 2025 archive by name."""
    return zip_members(rvu25a_inputs[0])


@pytest.fixture(scope="session")
def hcpcs_standin(rvu26a_inputs):
    """The 320-byte text file of the full-size HCPCS archive."""
    return next(data for name, data in zip_members(rvu26a_inputs[1]).items() if "ANWEB" in name)


@pytest.fixture(scope="session")
def sample_members():
    """The members of the sample archives by name; take a copy before changing it."""
    return {name: data for path in SAMPLE_INPUTS for name, data in zip_members(path).items()}


@pytest.fixture(scope="session")
def sample_baseline(publish, tmp_path_factory, sample_members):
    """What the unchanged sample members give when they lie loose in a folder."""
    folder = tmp_path_factory.mktemp("baseline") / "in"
    folder.mkdir()
    for name, data in sample_members.items():
        (folder / name).write_bytes(data)
    return publish("baseline-store", "RVU26A", [folder])


@pytest.fixture(scope="session")
def browser():
    """Chromium: one for all tests, since a process can drive only one at a time."""
    yield from open_browser()
