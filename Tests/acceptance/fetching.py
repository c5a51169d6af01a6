"""What the tests of fetching share: running `ingest fetch` against the stand-in for CMS's site, and reading what it kept."""

import json
from pathlib import Path

from cms_server import HCPCS_ARCHIVE, file, rvu_archive
from support import INGEST, environment, ingest, sha256

# Addresses of the catalogue, and those that its rules lead to.
RVU25B = "/files/zip/rvu25b-updated-06/05/2025.zip"
RVU25B_BY_RULE = "/files/zip/rvu25b.zip"
HCPCS25B = "/files/zip/april-2025-alpha-numeric-hcpcs-file.zip"
RVU25A = "/files/zip/rvu25a-updated-01/10/2025.zip"
HCPCS25A = "/files/zip/january-2025-alpha-numeric-hcpcs-file.zip"
RVU26A = "/files/zip/rvu26a-updated-12-29-2025.zip"
HCPCS26A = "/files/zip/january-2026-alpha-numeric-hcpcs-file.zip"

# No test waits for the network's sake.
QUICK = ["--retry-delay", "0", "--stall-time", "2", "--max-time", "60"]


def no_proxy(**changes):
    """An environment in which the stand-in is asked directly, whatever the machine's proxy is."""
    names = [f"{name}_proxy" for name in ("http", "https", "all", "no")]
    return environment(**{**{name: None for name in names}, **{name.upper(): None for name in names}, **changes})


def fetch_command(store, server, *extra, release="RVU25B", sources=("rvu",), url=None):
    command = ["fetch", "--release", release, "--store", store, "--mirror", url or server.url, *QUICK]
    for source in sources:
        command += ["--source", source]
    return [*command, *extra]


def fetch(store, server, *extra, env=None, timeout=120, **options):
    return ingest(*fetch_command(store, server, *extra, **options), env=env or no_proxy(), timeout=timeout)


def lock_of(store):
    return json.loads((Path(store) / "sources" / "sources.lock.json").read_text())


def pin_of(store, kind="rvu"):
    return next(source for source in lock_of(store)["sources"] if source["kind"] == kind)


def kept(store):
    """Every downloaded file's bytes by its hash; each must be what its folder says."""
    found = {}
    for path in (Path(store) / "sources" / "sha256").glob("*/*"):
        found[path.parent.name] = path.read_bytes()
        assert sha256(found[path.parent.name]) == path.parent.name
    return found


def leftovers(store):
    """Whatever lies below sources/ that is no kept file, lock or list of pins."""
    sources = Path(store) / "sources"
    return sorted(
        str(path.relative_to(sources)) for path in sources.rglob("*")
        if path.is_file() and path.relative_to(sources).parts[0] != "sha256"
        and path.name not in (".lock", "sources.lock.json"))


def assert_fetched(result, store, *files):
    assert result.code == 0, result
    assert set(kept(store)) >= {sha256(data) for data in files}, result
    assert leftovers(store) == [], result


def assert_failed(result, store, identifier, *words, code=69):
    """The fetch said why and kept nothing that could be taken for the file."""
    assert result.code == code, result
    assert f"[{identifier}]" in result.err and result.out == b"", result
    for word in words:
        assert word in result.err, f"{word} is not said\n{result}"
    assert kept(store) == {}, result
    assert not (Path(store) / "sources" / "sources.lock.json").exists() or lock_of(store)["sources"] == [] or all(
        source["pinned"] is None for source in lock_of(store)["sources"]), result
