"""`ingest releases --remote`: what CMS has that the store has not, from its index page and from the known addresses."""

import json
import random

import pytest

import cms_server as cms
from cms_server import RVU_INDEX, Server, file, rvu_archive
from fetching import QUICK, RVU25B, assert_fetched, fetch, no_proxy
from support import SAMPLE_RVU, assert_published, ingest, run

ARCHIVE = rvu_archive()
RVU26D = "/files/zip/rvu26d-updated-08-26-2026.zip"

# CMS's page as its system of 2026 writes it, an older one, and one that somebody has tidied beyond recognition.
INDEX_NOW = """<!DOCTYPE html><html><head><title>PFS Relative Value Files | CMS</title></head><body><nav><a href="/">Home</a></nav>
<table><thead><tr><th>Calendar Year</th><th>File Name</th></tr></thead><tbody>
<tr><td>2027</td><td headers="file"><a href="/medicare/payment/fee-schedules/physician/pfs-relative-value-files/rvu27a" hreflang="en">RVU27A</a></td></tr>
<tr><td>2026</td><td headers="file"><a href="/medicare/payment/fee-schedules/physician/pfs-relative-value-files/rvu26d-0" hreflang="en">RVU26D</a></td></tr>
<tr><td>2022</td><td><a href="/medicaremedicare-fee-service-paymentphysicianfeeschedpfs-relative-value-files/rvu22a">RVU22A</a></td></tr>
</tbody></table></body></html>"""
INDEX_OLD = """<HTML><BODY><TABLE><TR><TD><A CLASS=x HREF='/medicare/payment/fee-schedules/physician/pfs-relative-value-files-items/cms1216693'>
<SPAN>RVU27A</SPAN></A></TD></TR></TABLE>"""
INDEX_BARE = "see href = /files/zip/rvu27a-updated-12-30-2026.zip>here"
ITEM = """<html><body><h1>RVU27A</h1><p>File Size 6 MB</p><div>Downloads <a href="/files/zip/rvu27a-updated-12-30-2026.zip" title="ZIP">RVU27A (ZIP)</a>
<a href="/files/zip/rvu26d-updated-08-26-2026.zip">the one before</a></div></body></html>"""
FOUND = "/files/zip/rvu27a-updated-12-30-2026.zip"


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.fixture
def store(tmp_path):
    """A store that holds October 2026."""
    store = tmp_path / "store"
    with Server() as server:
        server.routes[RVU26D] = file(ARCHIVE)
        assert fetch(store, server, "--accept-repost", release="RVU26D").code == 0
    return store


def remote(store, server, *extra, timeout=60):
    return ingest("releases", "--remote", "--store", store, "--mirror", server.url, *QUICK, *extra, env=no_proxy(), timeout=timeout)


def states(result):
    return {entry["label"]: entry["at_cms"] for entry in json.loads(result.out)}


def address(result, label):
    return next(entry["address"] for entry in json.loads(result.out) if entry["label"] == label)


def test_a_store_that_has_all_is_told_so_with_exit_code_0(server, store):
    server.routes = {RVU_INDEX: cms.page(INDEX_NOW.replace("27", "20").replace("rvu26d-0", "rvu26d")), RVU26D: file(ARCHIVE)}
    result = remote(store, server, "--format", "json")
    assert result.code == 0 and "nothing that the store has not" in result.err, result
    assert states(result) == {"RVU26D": "same", "RVU27A": "absent", "RVU27B": "absent"}


@pytest.mark.parametrize("index, item", [
    (INDEX_NOW, RVU_INDEX + "/rvu27a"), (INDEX_OLD, RVU_INDEX + "-items/cms1216693"), (INDEX_BARE, None)], ids=["now", "old", "bare"])
def test_a_new_release_of_the_index_page_is_found_in_any_layout(index, item, server, store):
    server.routes = {RVU_INDEX: cms.page(index), FOUND: file(ARCHIVE), RVU26D: file(ARCHIVE)}
    if item:
        server.routes[item] = cms.page(ITEM)
    result = remote(store, server, "--format", "json")
    assert result.code == 1 and "ingest fetch --release RVU27A" in result.err, result
    assert states(result)["RVU27A"] == "new"
    assert address(result, "RVU27A").endswith(FOUND)


def test_a_new_release_is_found_by_its_name_without_the_index_page(server, store):
    server.routes = {"/files/zip/rvu27a.zip": cms.redirect(FOUND), FOUND: file(ARCHIVE), RVU26D: file(ARCHIVE)}
    result = remote(store, server)
    assert result.code == 1 and "index page cannot be read" in result.err, result
    line, = [line for line in result.out.decode().splitlines() if line.startswith("RVU27A ")]
    assert " new " in line and "2027-01-01" in line


def test_a_listed_release_that_the_store_has_not_is_found(server, tmp_path):
    store = tmp_path / "store"
    assert_published(run(store, "RVU26A", [SAMPLE_RVU]))
    server.routes = {"/files/zip/rvu26b-updated-05-01-2026.zip": file(ARCHIVE)}
    result = remote(store, server, "--format", "json")
    assert result.code == 1
    assert states(result) == {"RVU26B": "new", "RVU26C": "absent", "RVU26D": "absent", "RVU27A": "absent", "RVU27B": "absent"}


def test_an_empty_store_is_compared_with_the_last_releases(server, tmp_path):
    server.routes[RVU26D] = file(ARCHIVE)
    result = remote(tmp_path / "nothing", server, "--format", "json")
    assert result.code == 1 and states(result)["RVU26D"] == "new" and len(states(result)) == 6, result
    assert not (tmp_path / "nothing").exists()


def test_a_re_posted_archive_is_found(server, store):
    server.routes[RVU26D] = file(rvu_archive("09/09/2026"))
    result = remote(store, server, "--format", "json")
    assert result.code == 1 and states(result)["RVU26D"] == "reposted", result


def test_a_re_post_under_a_new_name_is_found_by_the_index_page(server, store):
    new = "/files/zip/rvu26d-updated-10-10-2026.zip"
    server.routes = {
        RVU_INDEX: cms.page(INDEX_NOW), RVU_INDEX + "/rvu26d-0": cms.page(f'<a href="{new}">RVU26D</a>'), RVU26D: file(ARCHIVE),
        new: file(rvu_archive("10/10/2026", padding=100))}
    result = remote(store, server, "--format", "json")
    assert states(result)["RVU26D"] == "reposted" and address(result, "RVU26D").endswith(new), result


def test_a_second_link_to_the_same_file_is_no_re_post(server, store):
    new = "/files/zip/rvu26d-0.zip"
    server.routes = {
        RVU_INDEX: cms.page(INDEX_NOW), RVU_INDEX + "/rvu26d-0": cms.page(f'<a href="{new}">RVU26D</a>'), RVU26D: file(ARCHIVE), new: file(ARCHIVE)}
    assert states(remote(store, server, "--format", "json"))["RVU26D"] == "same"


def test_a_pinned_archive_that_CMS_has_no_more_is_said(server, store):
    result = remote(store, server, "--format", "json")
    assert result.code == 0 and states(result)["RVU26D"] == "absent", result


def test_looking_downloads_nothing_and_changes_nothing(server, store):
    large = rvu_archive(padding=20_000_000)
    server.routes = {RVU_INDEX: cms.page(INDEX_NOW), RVU_INDEX + "/rvu27a": cms.page(ITEM), FOUND: cms.slow(large, 65536, 0.01, etag=None), RVU26D: file(ARCHIVE)}
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    assert remote(store, server).code == 1
    assert before == {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    assert server.body_bytes < 8_000_000


def test_a_page_in_place_of_an_archive_is_not_taken_for_a_release(server, store):
    server.routes = {"/files/zip/rvu27a.zip": cms.page("<html>soon</html>"), RVU26D: file(ARCHIVE)}
    result = remote(store, server, "--format", "json")
    assert result.code == 0 and states(result)["RVU27A"] == "absent", result


def test_a_site_that_does_not_answer_is_said_with_its_own_exit_code(store):
    with Server() as gone:
        pass
    result = remote(store, gone, "--retries", "0", "--format", "json")
    assert result.code == 69 and set(states(result).values()) == {"unknown"} and "could not be asked" in result.err, result


@pytest.mark.parametrize("answer", [
    cms.page(""), cms.page("<html></html>"), cms.page("<a href="), cms.page('<a href="' + "x" * 100_000), cms.page("<a " * 50_000),
    cms.page('<a href="http://[::1">RVU27A</a><a href="javascript:alert(1)">RVU27B</a><a href="//">RVU26D</a>'),
    cms.page("PPRRVU27A RVU27 RVU27E rvu2 RVU"), cms.status(500), cms.status(403), cms.redirect(RVU_INDEX), cms.raw(b"\x00\x01\x02"),
    cms.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + random.Random(1).randbytes(100_000))])
def test_an_index_page_that_makes_no_sense_is_never_fatal(answer, server, store):
    server.routes = {RVU_INDEX: answer, RVU26D: file(ARCHIVE)}
    result = remote(store, server, "--retries", "0", "--format", "json")
    assert result.code in (0, 69), result
    assert states(result)["RVU26D"] in ("same", "unknown")


def test_a_large_page_of_links_is_read_quickly(server, store):
    links = "".join(f'<a href="/x/{number}?a=1&amp;b=2">link <b>{number}</b></a>\n' for number in range(60_000))
    server.routes = {RVU_INDEX: cms.page(INDEX_NOW + links), FOUND: file(ARCHIVE), RVU26D: file(ARCHIVE), RVU_INDEX + "/rvu27a": cms.page(ITEM)}
    result = remote(store, server, "--format", "json", timeout=20)
    assert states(result)["RVU27A"] == "new"


def test_a_page_without_end_is_read_as_far_as_its_first_megabytes(server, store):
    def answer(handler):
        handler.head(200, Content_Type="text/html", Connection="close")
        handler.sent(INDEX_NOW.encode())
        for _ in range(10_000):
            handler.sent(b" " * 65536)

    server.routes = {RVU_INDEX: answer, RVU_INDEX + "/rvu27a": cms.page(ITEM), FOUND: file(ARCHIVE), RVU26D: file(ARCHIVE)}
    result = remote(store, server, "--format", "json")
    assert states(result)["RVU27A"] == "new" and server.body_bytes < 60_000_000


def test_without_remote_nobody_is_asked(server, store):
    assert ingest("releases", "--store", store, "--mirror", server.url, env=no_proxy()).code == 0
    assert server.paths() == []
