"""What a source is pinned to, re-posted files, and the folder of downloads that proves itself."""

import json
import shutil

import jsonschema
import pytest

import cms_server as cms
from cms_server import HCPCS_ARCHIVE, Server, archive, file, rvu_archive
from fetching import (
    HCPCS25B, HCPCS26A, QUICK, RVU25A, RVU25B, RVU25B_BY_RULE, RVU26A, assert_failed, assert_fetched, fetch, kept, leftovers,
    lock_of, no_proxy, pin_of)
from support import SAMPLE_HCPCS, SAMPLE_RVU, SCHEMAS, Published, ingest, revisions, sha256, write_zip, zip_members

FIRST = rvu_archive("03/20/2025", member="PPRRVU25_APR.csv", GPCI2025_csv=b"a\r\n", ANES2025_csv=b"same\r\n", OLD_csv=b"old\r\n")
SECOND = rvu_archive("06/05/2025", member="PPRRVU25_APR.csv", GPCI2025_csv=b"bcd\r\n", ANES2025_csv=b"same\r\n", NEW_csv=b"new\r\n")


@pytest.fixture
def server():
    with Server() as server:
        server.routes = {RVU25B: file(FIRST), HCPCS25B: file(HCPCS_ARCHIVE)}
        yield server


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def pinned(server, store):
    """A store with the first posting."""
    assert_fetched(fetch(store, server), store, FIRST)
    server.forget()
    return store


# The lock file.


def test_the_lock_file_records_address_hash_length_and_CMS_s_own_date(server, store):
    assert_fetched(fetch(store, server, sources=("rvu", "hcpcs")), store, FIRST, HCPCS_ARCHIVE)
    lock = lock_of(store)
    jsonschema.validate(lock, json.loads((SCHEMAS / "sources-lock.schema.json").read_text()))
    assert [(source["kind"], source["of"]) for source in lock["sources"]] == [("hcpcs", "2025B"), ("rvu", "RVU25B")]
    rvu = pin_of(store)
    assert rvu["pinned"] == {
        "name": "rvu25b-updated-06_05_2025.zip", "url": f"https://www.cms.gov{RVU25B}", "final_url": server.url + RVU25B,
        "sha256": sha256(FIRST), "bytes": len(FIRST), "released": "2025-03-20", "etag": cms.etag_of(FIRST), "last_modified": None}
    assert (rvu["offered"], rvu["earlier"], rvu["license"]) == (None, [], None)


def test_the_lock_file_of_the_same_files_is_the_same(server, store, tmp_path):
    fetch(store, server, sources=("rvu", "hcpcs"))
    fetch(tmp_path / "other", server, sources=("hcpcs", "rvu"))
    text = (store / "sources/sources.lock.json").read_bytes()
    assert text == (tmp_path / "other/sources/sources.lock.json").read_bytes()
    fetch(store, server, sources=("hcpcs",))
    assert (store / "sources/sources.lock.json").read_bytes() == text


def test_a_second_release_is_pinned_beside_the_first(server, pinned):
    server.routes["/files/zip/rvu27a.zip"] = file(SECOND)
    assert_fetched(fetch(pinned, server, release="RVU27A"), pinned, FIRST, SECOND)
    assert [source["of"] for source in lock_of(pinned)["sources"]] == ["RVU25B", "RVU27A"]


def test_what_was_fetched_before_a_failure_stays_pinned(server, store):
    del server.routes[HCPCS25B]
    result = fetch(store, server, sources=("rvu", "hcpcs"))
    assert result.code == 69 and pin_of(store)["pinned"]["sha256"] == sha256(FIRST), result


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version":"1.0.0","sources":[{"kind":"rvu"}]}', '{"schema_version":"1.0.0","sources":{}}'])
def test_a_lock_file_that_cannot_be_read_stops_and_is_left_alone(text, server, pinned):
    path = pinned / "sources/sources.lock.json"
    path.write_text(text)
    result = fetch(pinned, server)
    assert result.code == 2 and "pins_unreadable" in result.err and path.read_text() == text, result


@pytest.mark.parametrize("name", ["../../../escaped.zip", "/etc/passwd", "a/b.zip", ".."])
def test_a_lock_file_cannot_lead_out_of_the_folder(name, server, pinned):
    path = pinned / "sources/sources.lock.json"
    path.write_text(path.read_text().replace("rvu25b-updated-06_05_2025.zip", name))
    assert fetch(pinned, server).code == 2


# Nothing twice.


def test_a_file_that_is_there_is_asked_about_and_not_downloaded(server, pinned):
    result = fetch(pinned, server)
    assert result.code == 0 and "kept rvu" in result.err, result
    assert [request.headers.get("If-None-Match") for request in server.requests] == [cms.etag_of(FIRST)]
    assert server.body_bytes == 0


@pytest.mark.parametrize("date", [cms.http_date(1_736_500_000), None], ids=["date", "length only"])
def test_a_file_that_is_there_is_not_downloaded_where_the_server_has_no_tags(date, server, store):
    server.routes[RVU25B] = file(FIRST, etag=None, date=date)
    assert_fetched(fetch(store, server), store, FIRST)
    assert fetch(store, server).code == 0
    # Where it cannot be asked conditionally, the first bytes and the length are looked at.
    assert "kept rvu" in fetch(store, server).err and leftovers(store) == []


def test_the_same_content_under_two_names_lies_under_one_hash(server, store):
    server.routes["/files/zip/rvu27a.zip"] = file(FIRST)
    fetch(store, server)
    fetch(store, server, release="RVU27A")
    assert [path.name for path in (store / "sources/sha256").iterdir()] == [sha256(FIRST)]


# Damage.


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:50] + b"x" + data[51:], None], ids=["cut", "empty", "bit", "gone"])
def test_a_damaged_copy_is_noticed_and_replaced(damage, server, pinned):
    path, = (pinned / "sources/sha256").glob("*/*")
    if damage:
        path.write_bytes(damage(FIRST))
    else:
        path.unlink()
    result = fetch(pinned, server)
    assert_fetched(result, pinned, FIRST)
    if damage:
        assert "source_damaged" in result.err and "replaced rvu" in result.err
    assert server.body_bytes == len(FIRST)


def test_a_damaged_copy_is_noticed_offline(server, pinned):
    path, = (pinned / "sources/sha256").glob("*/*")
    path.write_bytes(FIRST[:-1])
    result = fetch(pinned, server, "--offline")
    assert result.code == 69 and "offline_damaged" in result.err and server.paths() == [], result


def test_a_damaged_copy_is_not_replaced_by_another_file(server, pinned):
    path, = (pinned / "sources/sha256").glob("*/*")
    path.write_bytes(FIRST[:-1])
    server.routes[RVU25B] = file(SECOND)
    result = fetch(pinned, server)
    assert result.code == 1 and "source_reposted" in result.err, result
    assert pin_of(pinned)["pinned"]["sha256"] == sha256(FIRST)


def test_the_pins_of_one_store_hold_in_another(server, pinned, tmp_path):
    """The lock file alone, as it may lie in a repository."""
    def copy(name):
        (tmp_path / name / "sources").mkdir(parents=True)
        shutil.copy(pinned / "sources/sources.lock.json", tmp_path / name / "sources")
        return tmp_path / name

    assert_fetched(fetch(copy("same"), server), tmp_path / "same", FIRST)
    server.routes[RVU25B] = file(SECOND)
    result = fetch(copy("other"), server)
    assert result.code == 1 and "source_reposted" in result.err, result


# Re-posts.


def test_a_re_posted_file_is_shown_as_a_difference_of_members_and_not_taken(server, pinned):
    server.routes[RVU25B] = file(SECOND)
    result = fetch(pinned, server)
    assert result.code == 1 and result.out == b"", result
    for line in ("pinned   rvu25b-updated-06_05_2025.zip", "released 2025-03-20", "released 2025-06-05", "+ NEW.csv, 5 bytes",
                 "- OLD.csv, 5 bytes", "~ GPCI2025.csv, 3 → 5 bytes", "~ PPRRVU25_APR.csv", "1 members are the same", "--accept-repost"):
        assert line in result.err, f"{line}\n{result}"
    pin = pin_of(pinned)
    assert pin["pinned"]["sha256"] == sha256(FIRST) and pin["offered"]["sha256"] == sha256(SECOND)
    jsonschema.validate(lock_of(pinned), json.loads((SCHEMAS / "sources-lock.schema.json").read_text()))


def test_a_re_posted_file_is_taken_when_that_is_accepted_and_not_downloaded_twice(server, pinned):
    server.routes[RVU25B] = file(SECOND)
    assert fetch(pinned, server).code == 1
    server.forget()
    result = fetch(pinned, server, "--accept-repost")
    assert_fetched(result, pinned, FIRST, SECOND)
    assert "accepted rvu" in result.err and server.body_bytes == 0
    pin = pin_of(pinned)
    assert pin["pinned"]["sha256"] == sha256(SECOND) and pin["offered"] is None
    assert [old["sha256"] for old in pin["earlier"]] == [sha256(FIRST)]
    assert fetch(pinned, server).code == 0


def test_a_re_posted_file_stays_refused_until_it_is_accepted(server, pinned):
    server.routes[RVU25B] = file(SECOND)
    for _ in range(3):
        assert fetch(pinned, server).code == 1
    assert server.body_bytes == len(SECOND)


def test_a_re_post_that_CMS_takes_back_is_forgotten(server, pinned):
    server.routes[RVU25B] = file(SECOND)
    assert fetch(pinned, server).code == 1
    server.routes[RVU25B] = file(FIRST)
    assert fetch(pinned, server).code == 0
    assert pin_of(pinned)["offered"] is None


@pytest.mark.parametrize("validators", [{"etag": None}, {"etag": None, "date": cms.http_date(1_750_000_000)}], ids=str)
def test_a_re_post_is_noticed_without_tags(validators, server, store):
    server.routes[RVU25B] = file(FIRST, etag=None)
    fetch(store, server)
    server.routes[RVU25B] = file(SECOND, **validators)
    assert fetch(store, server).code == 1


def test_new_tags_on_the_same_file_are_no_re_post(server, pinned):
    server.routes[RVU25B] = file(FIRST, etag='"new"')
    assert fetch(pinned, server).code == 0
    assert pin_of(pinned)["pinned"]["etag"] == '"new"'
    server.forget()
    assert fetch(pinned, server).code == 0 and server.body_bytes == 0


def test_a_file_that_is_not_the_catalogue_s_is_a_re_post_too(server, store):
    server.routes[RVU25A] = file(FIRST)
    result = fetch(store, server, release="RVU25A")
    assert result.code == 1 and "catalogue" in result.err and "8871f447d1df" in result.err, result
    assert pin_of(store)["pinned"] is None
    assert fetch(store, server, "--offline", release="RVU25A").code == 69
    server.forget()
    assert fetch(store, server, "--accept-repost", release="RVU25A").code == 0
    assert server.body_bytes == 0 and pin_of(store)["pinned"]["sha256"] == sha256(FIRST)


def test_a_newer_posting_of_the_catalogue_is_a_re_post_under_another_name(server, pinned):
    """As RVU26B of 10 March, and then of 1 May."""
    path = pinned / "sources/sources.lock.json"
    path.write_text(path.read_text().replace("RVU25B", "RVU26B").replace(RVU25B, "/files/zip/rvu26b-updated-03-10-2026.zip"))
    server.routes = {"/files/zip/rvu26b-updated-03-10-2026.zip": file(FIRST), "/files/zip/rvu26b-updated-05-01-2026.zip": file(SECOND)}
    result = fetch(pinned, server, release="RVU26B")
    assert result.code == 1 and server.paths() == ["/files/zip/rvu26b-updated-05-01-2026.zip"], result
    assert fetch(pinned, server, "--accept-repost", release="RVU26B").code == 0
    assert pin_of(pinned)["pinned"]["url"].endswith("05-01-2026.zip")


@pytest.mark.parametrize("answer", [cms.not_found, cms.status(403), cms.status(503), cms.page("<html>moved</html>")])
def test_a_pinned_file_that_CMS_has_no_more_is_used_and_that_is_said(answer, server, pinned):
    server.routes[RVU25B] = answer
    result = fetch(pinned, server, "--retries", "0")
    assert result.code == 0 and "source_unchecked" in result.err and result.out, result


# Runs.


@pytest.fixture
def samples(server, tmp_path):
    """The sample release under the addresses of RVU26A, and its re-post."""
    members = zip_members(SAMPLE_RVU)
    second = write_zip(tmp_path / "second.zip", {**members, "NOTE.txt": b"Corrected.\r\n"}).read_bytes()
    server.routes = {RVU26A: file(SAMPLE_RVU.read_bytes()), HCPCS26A: file(SAMPLE_HCPCS.read_bytes())}
    return server, second


def run_pinned(store, server, *extra):
    return ingest("run", "--release", "RVU26A", "--store", store, "--mirror", server.url, *QUICK, *extra, env=no_proxy())


def test_an_accepted_re_post_makes_a_new_revision(samples, store):
    server, second = samples
    # The sample is not the archive that the catalogue knows.
    assert run_pinned(store, server).code == 1 and revisions(store) == []
    assert run_pinned(store, server, "--accept-repost").code == 0
    assert revisions(store) == ["RVU26A/r1"]
    server.routes[RVU26A] = file(second)
    # A run uses what is pinned, whatever CMS serves.
    server.forget()
    result = run_pinned(store, server)
    assert result.code == 0 and "nothing changed" in result.err and server.paths() == [], result
    # A fetch looks, and from then on runs say so.
    assert ingest("fetch", "--release", "RVU26A", "--store", store, "--mirror", server.url, *QUICK, env=no_proxy()).code == 1
    result = run_pinned(store, server)
    assert result.code == 0 and "source_reposted" in result.err and revisions(store) == ["RVU26A/r1"], result
    result = run_pinned(store, server, "--accept-repost")
    assert result.code == 0 and revisions(store) == ["RVU26A/r1", "RVU26A/r2"], result
    hashes = [entry["sha256"] for entry in Published(store).manifest["inputs"] if entry["role"] == "archive"]
    assert sha256(second) in hashes and sha256(SAMPLE_RVU.read_bytes()) not in hashes


def test_accepting_and_offline_contradict_each_other(server, store):
    assert fetch(store, server, "--offline", "--accept-repost").code == 64
