"""`ingest fetch` against a server that serves files, redirects, hangs up, lies about lengths, answers pages,
throttles and refuses. Nothing inside the program is replaced."""

import json
import os
import random
import re
import resource
import shutil
import signal
import ssl
import struct
import subprocess
import sys
import time
import zlib

import pytest

import cms_server as cms
from cms_server import HCPCS_ARCHIVE, Server, file, rvu_archive
from fetching import (
    HCPCS25A, HCPCS25B, QUICK, RVU25A, RVU25B, RVU25B_BY_RULE, assert_failed, assert_fetched, fetch, fetch_command, kept,
    leftovers, lock_of, no_proxy, pin_of)
from support import INGEST, ingest, sha256, terminal

SMALL = rvu_archive()
LARGE = rvu_archive(padding=3_000_000)


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


# The library that talks to servers.


def test_the_program_starts_without_the_library_that_talks_to_servers(server, store, tmp_path):
    """It brings thirty others, and most commands fetch nothing. A broken one is said where it is needed."""
    (tmp_path / "libcurl.so.4").write_bytes(b"no library")
    search = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("LD_LIBRARY_PATH")]))
    assert ingest("--version", env={"LD_LIBRARY_PATH": search}).code == 0
    server.routes[RVU25B] = file(SMALL)
    result = fetch(store, server, env=no_proxy(LD_LIBRARY_PATH=search))
    assert result.code == 69 and "libcurl is needed to fetch" in result.err and "libcurl.so.4" in result.err, result
    named = subprocess.run(["readelf", "--dynamic", "--wide", INGEST], capture_output=True, text=True, check=True).stdout
    assert "libc.so.6" in named and "libcurl" not in named and "FoundationNetworking" not in named


# What is asked for, and where.


def test_the_release_and_its_HCPCS_quarter_are_fetched_and_their_paths_printed(server, store):
    server.routes = {RVU25B: file(SMALL), HCPCS25B: file(HCPCS_ARCHIVE)}
    result = ingest("fetch", "--release", "rvu25b", "--store", store, "--mirror", server.url, env=no_proxy())
    assert_fetched(result, store, SMALL, HCPCS_ARCHIVE)
    paths = result.out.decode().splitlines()
    assert [open(path, "rb").read() for path in paths] == [SMALL, HCPCS_ARCHIVE]
    assert server.paths() == [RVU25B, HCPCS25B]


def test_the_server_is_told_honestly_who_asks(server, store):
    server.routes[RVU25B] = file(SMALL)
    assert_fetched(fetch(store, server), store, SMALL)
    headers = server.requests[0].headers
    version = ingest("--version").out.decode().strip()
    assert headers["User-Agent"].startswith(f"ingest/{version} libcurl/") and "Mozilla" not in headers["User-Agent"]


@pytest.mark.parametrize("release, rvu, hcpcs", [
    ("RVU20A", "/files/zip/rvu20a-updated-01312020.zip", "/Medicare/Coding/HCPCSReleaseCodeSets/Downloads/2020-Alpha-Numeric-HCPCS-File.zip"),
    ("RVU21C", "/files/zip/rvu21c-updated-6302021.zip", "/files/zip/july-2021-alpha-numeric-hcpcs-file.zip"),
    ("RVU24AR", "/files/zip/rvu24ar-posted-04/01/2024.zip", "/files/zip/january-2024-alpha-numeric-hcpcs-file.zip"),
    ("RVU26B", "/files/zip/rvu26b-updated-05-01-2026.zip", "/files/zip/april-2026-alpha-numeric-hcpcs-file.zip"),
    ("RVU26D", "/files/zip/rvu26d-updated-08-26-2026.zip", "/files/zip/october-2026-alpha-numeric-hcpcs-file.zip"),
    ("RVU27C", "/files/zip/rvu27c.zip", "/files/zip/july-2027-alpha-numeric-hcpcs-file.zip")])
def test_each_release_is_asked_for_where_CMS_has_it(release, rvu, hcpcs, server, store):
    server.routes = {rvu: file(SMALL), hcpcs: file(HCPCS_ARCHIVE)}
    fetch(store, server, "--accept-repost", release=release, sources=("rvu", "hcpcs"))
    assert server.paths() == [rvu, hcpcs]


def test_a_file_that_is_not_at_its_listed_address_is_looked_for_by_the_rule(server, store):
    """The bare name leads to the dated one by a redirect."""
    server.routes = {RVU25B_BY_RULE: cms.redirect("/files/zip/rvu25b-updated-09-09-2025.zip"),
                     "/files/zip/rvu25b-updated-09-09-2025.zip": file(SMALL)}
    assert_fetched(fetch(store, server), store, SMALL)
    assert server.paths() == [RVU25B, RVU25B_BY_RULE, "/files/zip/rvu25b-updated-09-09-2025.zip"]
    assert pin_of(store)["pinned"]["final_url"].endswith("rvu25b-updated-09-09-2025.zip")


def test_the_plural_of_the_HCPCS_name_is_tried_too(server, store):
    server.routes["/files/zip/april-2025-alpha-numeric-hcpcs-files.zip"] = file(HCPCS_ARCHIVE)
    assert_fetched(fetch(store, server, sources=("hcpcs",)), store, HCPCS_ARCHIVE)


def test_a_file_that_is_nowhere_is_said_with_every_address(server, store):
    result = fetch(store, server)
    assert_failed(result, store, "source_not_found", "download_not_found", RVU25B, RVU25B_BY_RULE, "try:")


def test_a_file_that_is_at_no_known_address_is_found_by_CMS_s_pages(server, store):
    item = cms.RVU_INDEX + "/rvu25b-0"
    server.routes = {
        cms.RVU_INDEX: cms.page(f'<a href="{item}">RVU25B</a> <a href="https://cms.invalid/files/zip/rvu25b-2.zip">RVU25B</a>'),
        item: cms.page('<a href="/files/zip/rvu25b-updated-09-09-2025.zip">the archive</a>'),
        "/files/zip/rvu25b-updated-09-09-2025.zip": file(SMALL),
        cms.HCPCS_INDEX: cms.page(
            '<a href="/files/zip/april-2025-hcpcs-corrections-file.zip">1</a> <a href="/files/zip/july-2025-hcpcs-file.zip">2</a>'
            '<a href="/files/zip/april-2025-alpha-numeric-hcpcs-file-v2.zip">3</a>'),
        "/files/zip/april-2025-alpha-numeric-hcpcs-file-v2.zip": file(HCPCS_ARCHIVE)}
    assert_fetched(fetch(store, server, sources=("rvu", "hcpcs")), store, SMALL, HCPCS_ARCHIVE)
    assert pin_of(store)["pinned"]["url"] == "https://www.cms.gov/files/zip/rvu25b-updated-09-09-2025.zip"


def test_a_mirror_may_lie_below_a_path(server, store):
    server.routes["/mirrors/cms" + RVU25B] = file(SMALL)
    assert_fetched(fetch(store, server, url=f"{server.url}/mirrors/cms/"), store, SMALL)


@pytest.mark.parametrize("url", ["", "cms", "ftp://127.0.0.1/", "file:///tmp", "http://", "https://a/?b=c"])
def test_a_mirror_that_is_no_address_is_a_usage_error(url, server, store):
    result = fetch(store, server, url=url or "-")
    assert result.code == 64 and "error" in result.err.lower(), result


def test_an_unknown_label_is_a_usage_error_and_nobody_is_asked(server, store):
    assert fetch(store, server, release="RVU25X").code == 64
    assert server.paths() == []


# Redirects.


def test_redirects_are_followed_absolute_or_not_and_the_last_address_is_kept(server, store):
    server.routes = {
        RVU25B: cms.redirect(f"{server.url}/a", 301), "/a": cms.redirect("/b", 302), "/b": cms.redirect("c/d", 307),
        "/c/d": cms.redirect("../e.zip?x=1", 308), "/e.zip": file(SMALL)}
    assert_fetched(fetch(store, server), store, SMALL)
    assert pin_of(store)["pinned"]["final_url"] == f"{server.url}/e.zip?x=1"
    assert pin_of(store)["pinned"]["url"] == "https://www.cms.gov" + RVU25B


@pytest.mark.parametrize("routes", [
    {RVU25B: RVU25B}, {RVU25B: "/a", "/a": RVU25B}, {RVU25B: "/a", "/a": "/b", "/b": "/a"}], ids=["self", "two", "tail"])
def test_a_redirect_loop_is_explained(routes, server, store):
    server.routes = {path: cms.redirect(to) for path, to in routes.items()}
    assert_failed(fetch(store, server), store, "download_redirects", "loop", "→")
    assert len(server.paths()) <= 4


def test_redirects_without_end_are_given_up(server, store):
    def further(handler):
        number = int(handler.requested.rsplit("/", 1)[1]) if handler.requested.startswith("/n/") else 0
        cms.redirect(f"/n/{number + 1}", 302)(handler)

    server.routes = {RVU25B: further, **{f"/n/{number}": further for number in range(200)}}
    assert_failed(fetch(store, server), store, "download_redirects", "more than 10")
    assert len(server.paths()) <= 12


def test_a_redirect_with_an_endless_body_is_followed_or_given_up(server, store):
    def answer(handler):
        handler.head(302, Location="/b.zip", Connection="close")
        for _ in range(10_000):
            handler.sent(bytes(1 << 16))

    server.routes = {RVU25B: answer, "/b.zip": file(SMALL)}
    assert fetch(store, server).code in (0, 69)
    assert server.body_bytes < 50_000_000


@pytest.mark.parametrize("to", ["http://cms.invalid/x.zip", "ftp://127.0.0.1/x.zip", "file:///etc/passwd", "gopher://127.0.0.1:70/x"])
def test_a_redirect_to_an_unsafe_address_is_not_followed(to, server, store):
    server.routes[RVU25B] = cms.redirect(to)
    assert_failed(fetch(store, server), store, "download_insecure", to)


def test_a_redirect_without_a_target_is_explained(server, store):
    server.routes[RVU25B] = cms.status(302)
    assert_failed(fetch(store, server), store, "download_redirects", "without saying where")


# Repetition.


@pytest.mark.parametrize("codes", [[503], [500, 502], [429], [408, 503, 504]], ids=str)
def test_a_busy_server_is_asked_again(codes, server, store):
    server.routes[RVU25B] = cms.in_turn(*[cms.status(code) for code in codes], file(SMALL))
    assert_fetched(fetch(store, server), store, SMALL)
    assert len(server.paths()) == len(codes) + 1


def test_a_server_that_stays_busy_is_given_up(server, store):
    server.routes[RVU25B] = cms.status(503)
    assert_failed(fetch(store, server, "--retries", "2"), store, "download_busy", "503")
    assert len(server.paths()) == 3


def test_each_wait_is_twice_the_last(server, store):
    server.routes[RVU25B] = cms.status(503)
    start = time.monotonic()
    fetch(store, server, "--retries", "2", "--retry-delay", "1")
    assert 2.9 < time.monotonic() - start < 8


def test_Retry_After_is_waited_for(server, store):
    server.routes[RVU25B] = cms.in_turn(cms.status(429, Retry_After=2), file(SMALL))
    start = time.monotonic()
    assert_fetched(fetch(store, server), store, SMALL)
    assert time.monotonic() - start > 1.9


@pytest.mark.parametrize("after", ["1000000", "9223372036854775807", "99999999999999999999", "-5", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_Retry_After_beyond_the_time_or_sense_ends_or_is_passed_over(after, server, store):
    server.routes[RVU25B] = cms.status(429, Retry_After=after)
    start = time.monotonic()
    assert_failed(fetch(store, server, "--max-time", "30"), store, "download_busy", "429")
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("code", [400, 401, 403, 407, 451])
def test_a_refusal_is_not_argued_with(code, server, store):
    server.routes[RVU25B] = cms.status(code)
    assert_failed(fetch(store, server), store, "download_refused", str(code), "try:")
    assert len(server.paths()) == 1


def test_nobody_there_is_said_with_what_to_try(store):
    with Server() as gone:
        pass
    assert_failed(fetch(store, gone, "--retries", "1"), store, "download_unreachable", "--input")


# Broken bodies.


def test_a_cut_body_is_gone_on_with_and_no_byte_is_sent_twice(server, store):
    server.routes[RVU25B] = cms.cut(LARGE, 1_000_000)
    assert_fetched(fetch(store, server), store, LARGE)
    ranges = [request.headers.get("Range") for request in server.requests]
    assert ranges[0] is None and len(ranges) == 4 and all(text.startswith("bytes=") for text in ranges[1:])
    assert all(request.headers["If-Range"] == cms.etag_of(LARGE) for request in server.requests[1:])
    assert server.body_bytes == len(LARGE)


def test_a_cut_body_is_gone_on_with_by_its_date_where_there_is_no_tag(server, store):
    date = cms.http_date(1_736_500_000)
    server.routes[RVU25B] = cms.in_turn(cms.cut(LARGE, 2_000_000, etag=None, date=date), file(LARGE, etag=None, date=date))
    assert_fetched(fetch(store, server), store, LARGE)
    assert server.requests[1].headers["If-Range"] == date
    assert server.body_bytes == len(LARGE)


def test_a_cut_body_without_tag_or_date_is_asked_for_anew(server, store):
    server.routes[RVU25B] = cms.in_turn(cms.cut(LARGE, 2_000_000, etag=None), file(LARGE, etag=None))
    assert_fetched(fetch(store, server), store, LARGE)
    assert "Range" not in server.requests[1].headers


def test_a_weak_tag_is_not_gone_on_with(server, store):
    server.routes[RVU25B] = cms.in_turn(cms.cut(LARGE, 2_000_000, etag='W/"1"'), file(LARGE))
    assert_fetched(fetch(store, server), store, LARGE)
    assert "Range" not in server.requests[1].headers


def test_a_server_without_ranges_sends_all_again(server, store):
    server.routes[RVU25B] = cms.in_turn(cms.cut(LARGE, 2_000_000), file(LARGE, ranges=False))
    assert_fetched(fetch(store, server), store, LARGE)


def test_a_file_that_changes_between_two_halves_is_never_glued(server, store):
    other = rvu_archive("01/10/2025", padding=3_000_000)
    server.routes[RVU25B] = cms.in_turn(cms.cut(LARGE, 2_000_000), file(other))
    assert_fetched(fetch(store, server), store, other)
    assert set(kept(store)) == {sha256(other)}


@pytest.mark.parametrize("start, tag", [(0, True), (1, True), (2_000_001, True), (2_000_000, '"another"')], ids=str)
def test_a_range_that_is_not_the_one_asked_for_is_never_glued(start, tag, server, store):
    def answer(handler):
        handler.head(
            206, Content_Length=len(LARGE) - start, Content_Range=f"bytes {start}-{len(LARGE) - 1}/{len(LARGE)}",
            ETag=cms.etag_of(LARGE) if tag is True else tag)
        handler.sent(LARGE[start:])

    server.routes[RVU25B] = cms.in_turn(cms.cut(LARGE, 2_000_000), answer, file(LARGE))
    assert_fetched(fetch(store, server), store, LARGE)
    assert set(kept(store)) == {sha256(LARGE)}


def test_a_206_that_nobody_asked_for_is_no_file(server, store):
    def answer(handler):
        handler.head(206, Content_Length=len(SMALL), Content_Range=f"bytes 0-{len(SMALL) - 1}/{len(SMALL)}")
        handler.sent(SMALL)

    server.routes[RVU25B] = answer
    assert_failed(fetch(store, server, "--retries", "1"), store, "download_cut")


@pytest.mark.parametrize("answer", [cms.chunked, cms.unstated], ids=["chunked", "unstated"])
def test_a_body_without_a_stated_length_is_fetched(answer, server, store):
    server.routes[RVU25B] = answer(LARGE)
    assert_fetched(fetch(store, server), store, LARGE)


@pytest.mark.parametrize("size", [4, 100, len(SMALL) - 1])
def test_a_body_without_a_stated_length_that_is_cut_is_noticed(size, server, store):
    server.routes[RVU25B] = cms.unstated(SMALL[:size])
    assert_failed(fetch(store, server, "--retries", "2"), store, "download_cut", f"after {size} bytes", "directory")


def test_a_body_that_is_always_cut_is_explained(server, store):
    server.routes[RVU25B] = cms.wrong_length(LARGE[:1_000_000], len(LARGE))
    result = fetch(store, server, "--retries", "2")
    assert_failed(result, store, "download_cut", f"after 1000000 of {len(LARGE)} bytes")
    assert leftovers(store) == []


def test_a_file_that_lies_cut_on_the_server_is_explained(server, store):
    server.routes[RVU25B] = file(LARGE[:1_000_000])
    assert_failed(fetch(store, server), store, "download_cut", "1000000 bytes", "directory")
    assert leftovers(store) == []


@pytest.mark.parametrize("difference", [1, 100, 1_000_000])
def test_a_length_stated_too_long_is_explained(difference, server, store):
    server.routes[RVU25B] = cms.wrong_length(SMALL, len(SMALL) + difference)
    assert_failed(
        fetch(store, server), store, "download_length", f"length of {len(SMALL) + difference} bytes and sends {len(SMALL)}")
    assert leftovers(store) == []


@pytest.mark.parametrize("difference", [1, 100])
def test_a_length_stated_too_short_is_explained(difference, server, store):
    server.routes[RVU25B] = cms.wrong_length(SMALL, len(SMALL) - difference)
    assert_failed(
        fetch(store, server), store, "download_length", f"length of {len(SMALL) - difference} bytes and sends {len(SMALL)}")


def test_a_wrong_length_does_not_matter_where_the_hash_is_known(server, store, data):
    archive = (data / "rvu25a" / "rvu25a-updated-01_10_2025.zip").read_bytes()
    server.routes[RVU25A] = cms.wrong_length(archive, len(archive) + 7)
    assert_fetched(fetch(store, server, release="RVU25A"), store, archive)


@pytest.mark.parametrize("text", ["-1", "abc", "1e3", "99999999999999999999", "5, 6"])
def test_a_length_that_is_no_number_does_no_harm(text, server, store):
    server.routes[RVU25B] = cms.wrong_length(SMALL, text)
    result = fetch(store, server, "--retries", "1")
    assert result.code in (0, 69), result


@pytest.mark.parametrize("html", [
    "<html><head><title>Access Denied</title></head><body>No.</body></html>", "  \n<!DOCTYPE html><title>\n Access\n Denied </title>",
    "<HTML><TITLE>ACCESS DENIED</TITLE></HTML>"])
def test_a_page_in_place_of_the_archive_is_explained_with_its_title(html, server, store):
    server.routes = {RVU25B: cms.page(html), RVU25B_BY_RULE: cms.page(html)}
    result = fetch(store, server)
    assert_failed(result, store, "download_html", "web page", "access denied")
    assert leftovers(store) == []


def test_a_page_cannot_play_with_the_terminal(server, store):
    html = "<html><title>\x1b[2J\x07\x9b31mred\x00</title></html>"
    server.routes = {RVU25B: cms.page(html), RVU25B_BY_RULE: cms.page(html)}
    assert "\x1b" not in fetch(store, server).err


def test_a_redirect_cannot_play_with_the_terminal(server, store):
    server.routes[RVU25B] = cms.raw(b"HTTP/1.1 302 Found\r\nLocation: /\x1b[2J\x07\x9b\r\nContent-Length: 0\r\n\r\n")
    result = fetch(store, server)
    assert result.code == 69 and "\x1b" not in result.err and "\x07" not in result.err, result


def test_a_page_does_not_spoil_what_has_arrived(server, store):
    server.routes[RVU25B] = cms.in_turn(cms.cut(LARGE, 2_000_000), cms.page("<html>sorry</html>"), file(LARGE))
    assert_failed(fetch(store, server), store, "download_html")
    server.forget()
    assert_fetched(fetch(store, server), store, LARGE)
    assert server.requests[0].headers.get("Range") == "bytes=2000000-"


@pytest.mark.parametrize("body", [b"\x1f\x8b\x08\x00" + bytes(500), b"PK\x05\x06" + bytes(18), b"PK", b"x", b"%PDF-1.7 ..."], ids=str)
def test_what_is_neither_archive_nor_page_is_explained(body, server, store):
    server.routes[RVU25B] = file(body)
    assert_failed(fetch(store, server), store, "download_not_archive", "50 4B 03 04")
    assert leftovers(store) == []


def test_an_empty_body_is_explained(server, store):
    server.routes[RVU25B] = file(b"")
    assert_failed(fetch(store, server), store, "download_cut", "empty")


def test_an_archive_with_a_flipped_bit_is_not_kept(server, store):
    damaged = bytearray(LARGE)
    damaged[len(damaged) // 2] ^= 1
    server.routes[RVU25B] = file(bytes(damaged))
    assert_failed(fetch(store, server), store, "archive_member_damaged", code=2)


def test_an_archive_of_something_else_is_not_kept(server, store):
    server.routes[RVU25B] = file(HCPCS_ARCHIVE)
    assert_failed(fetch(store, server), store, "source_content", "PPRRVU", "ANWEB", code=2)


# Limits.


def test_a_file_that_is_stated_too_large_is_refused_at_once(server, store):
    server.routes[RVU25B] = cms.wrong_length(LARGE, 5_000_000_000)
    assert_failed(fetch(store, server), store, "download_too_large", "5000000000")
    assert leftovers(store) == []


def test_an_archive_without_end_is_stopped(server, store):
    server.routes[RVU25B] = cms.endless()
    assert_failed(fetch(store, server, "--max-size", "20"), store, "download_too_large")
    assert server.body_bytes < 60_000_000 and leftovers(store) == []


def test_a_page_without_end_is_stopped(server, store):
    def answer(handler):
        handler.head(200, Connection="close")
        handler.sent(b"<html>")
        for _ in range(10_000):
            handler.sent(b"a" * 65536)

    server.routes = {RVU25B: answer}
    result = fetch(store, server)
    assert result.code == 69 and server.body_bytes < 60_000_000


@pytest.mark.parametrize("answer", [cms.silent(), cms.stalls(LARGE, 1_000_000), cms.stalls(LARGE, 2)], ids=["silent", "half", "two bytes"])
def test_a_server_that_falls_silent_is_given_up(answer, server, store):
    server.routes[RVU25B] = answer
    start = time.monotonic()
    result = fetch(store, server, "--stall-time", "1", "--retries", "0")
    assert_failed(result, store, "download_timeout", "sent nothing for 1 seconds")
    assert time.monotonic() - start < 8


def test_a_server_that_drips_is_given_up_at_the_time_limit(server, store):
    server.routes[RVU25B] = cms.slow(LARGE, 100, 0.05)
    start = time.monotonic()
    assert_failed(fetch(store, server, "--max-time", "3"), store, "download_timeout", "longer than 3 seconds")
    assert time.monotonic() - start < 8


def test_headers_without_end_are_stopped(server, store):
    def answer(handler):
        handler.sent(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000_000):
            handler.sent(b"X-%d: %s\r\n" % (number, b"y" * 1000))

    server.routes[RVU25B] = answer
    result = fetch(store, server, "--retries", "0")
    assert result.code == 69 and kept(store) == {} and server.body_bytes < 50_000_000, result


@pytest.mark.parametrize("seed", range(25))
def test_garbage_in_place_of_HTTP_is_refused_and_never_crashes(seed, server, store):
    chance = random.Random(seed)
    heads = [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 206 OK\r\nContent-Range: bytes -5-/x\r\n\r\n", b"HTTP/1.1 302\r\nLocation: \x00\xff://\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\nPK\x03\x04", b"HTTP/2 999 \r\n\r\n",
             b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", b"HTTP/1.1 200 OK\r\nETag: " + b"a" * 5000 + b"\r\n\r\nPK\x03\x04"]
    body = chance.choice(heads) + chance.randbytes(chance.randrange(0, 400))
    server.routes = {RVU25B: cms.raw(body), RVU25B_BY_RULE: cms.raw(body)}
    result = fetch(store, server, "--retries", "1", "--stall-time", "1", "--max-time", "10", timeout=60)
    assert result.code in (2, 69), (body, result)
    assert "error:" in result.err and kept(store) == {}


def test_a_body_of_500_MB_takes_no_more_memory_than_a_small_one(server, store, tmp_path):
    """A genuine archive that is made while it is sent."""
    size = 500_000_000
    block = bytes(1 << 20)
    name = b"PPRRVU25_APR.csv"
    crc, left = 0, size
    while left:
        crc = zlib.crc32(block[:min(left, len(block))], crc)
        left -= min(left, len(block))
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0x21, crc, size, size, len(name), 0) + name
    directory = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0x21, crc, size, size, len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(directory), len(local) + size, 0)

    def generated(handler):
        handler.head(200, Content_Length=len(local) + size + len(directory) + len(end), ETag='"large"')
        handler.sent(local)
        left = size
        while left:
            handler.sent(block[:min(left, len(block))])
            left -= min(left, len(block))
        handler.sent(directory + end)

    server.routes = {RVU25B: generated, HCPCS25B: file(HCPCS_ARCHIVE)}

    def peak(*arguments):
        """Kilobytes that one run took at most."""
        code = ("import resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); "
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)")
        done = subprocess.run(
            [sys.executable, "-c", code, str(INGEST), *map(str, arguments)], env=no_proxy(), capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
        return int(done.stdout.split()[-1])

    small = peak(*fetch_command(tmp_path / "small", server, sources=("hcpcs",)))
    large = peak(*fetch_command(store, server, "--max-time", "250"))
    print(f"peak memory: {small} kB for {len(HCPCS_ARCHIVE)} bytes, {large} kB for {size} bytes")
    assert large < small + 8_000, (small, large)
    path = next((store / "sources" / "sha256").glob("*/*"))
    assert path.stat().st_size == len(local) + size + len(directory) + len(end) and leftovers(store) == []
    shutil.rmtree(store)


# What is said.


def test_a_terminal_shows_how_far_a_download_is_on_one_line(server, store):
    server.routes[RVU25B] = cms.slow(LARGE, 300_000, 0.1)
    said = terminal(fetch_command(store, server), no_proxy(TERM="xterm-256color"))
    moves = re.findall(r"fetch … ([\d.]+) of 3\.0 MB", said)
    assert len(moves) > 3 and moves == sorted(moves, key=float), said
    assert all(len(line) < 90 for line in re.split(r"[\r\n]", said) if "…" in line and "fetched" not in line), said


def test_without_a_terminal_a_download_is_two_plain_lines(server, store):
    server.routes[RVU25B] = cms.slow(LARGE, 300_000, 0.1)
    lines = fetch(store, server).err.splitlines()
    assert lines[0] == f"fetch … https://www.cms.gov{RVU25B}" and lines[1].startswith("fetched rvu RVU25B: ") and len(lines) == 2


def test_fetch_as_JSON_says_what_the_lock_file_says(server, store):
    server.routes[RVU25B] = file(SMALL)
    entry, = json.loads(fetch(store, server, "--format", "json").out)
    assert (entry.pop("kind"), entry.pop("of"), entry.pop("state")) == ("rvu", "RVU25B", "downloaded")
    assert open(entry.pop("path"), "rb").read() == SMALL
    assert entry == pin_of(store)["pinned"]


# Kills, crowds and repetition.


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition(), "it did not happen in time"


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_download_that_is_killed_half_way_is_gone_on_with(sent, server, store):
    server.routes[RVU25B] = cms.slow(LARGE, 50_000, 0.02)
    process = subprocess.Popen(
        [str(INGEST), *map(str, fetch_command(store, server))], env=no_proxy(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: server.body_bytes > len(LARGE) // 2)
    process.send_signal(sent)
    process.communicate(timeout=30)
    assert process.returncode != 0 and kept(store) == {}
    time.sleep(0.2)  # The server notices at its next block.
    server.forget()
    server.routes[RVU25B] = file(LARGE)
    assert_fetched(fetch(store, server), store, LARGE)
    start = int(server.requests[0].headers["Range"][6:-1])
    assert start >= len(LARGE) // 4 and server.requests[0].headers["If-Range"] == cms.etag_of(LARGE)
    assert server.body_bytes == len(LARGE) - start


@pytest.mark.parametrize("seed", range(12))
def test_a_download_that_is_killed_at_any_moment_leaves_a_store_that_the_next_one_completes(seed, server, store):
    chance = random.Random(seed)
    server.routes[RVU25B] = cms.slow(LARGE, 400_000, 0.01)
    for _ in range(3):
        process = subprocess.Popen(
            [str(INGEST), *map(str, fetch_command(store, server))], env=no_proxy(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.communicate()
    server.routes[RVU25B] = file(LARGE)
    assert_fetched(fetch(store, server), store, LARGE)


def test_a_download_that_was_killed_after_its_last_byte_is_not_fetched_again(server, store):
    server.routes[RVU25B] = cms.in_turn(cms.cut(LARGE, 2_000_000), cms.status(403))
    fetch(store, server)
    part, = (store / "sources" / "partial").glob("*.part")
    part.write_bytes(LARGE)
    server.forget()
    server.routes[RVU25B] = file(LARGE)
    assert_fetched(fetch(store, server), store, LARGE)
    assert server.body_bytes == 0 and len(server.paths()) == 1


@pytest.mark.parametrize("spoil", ["bytes", "note", "both"])
def test_a_spoilt_partial_download_never_becomes_a_file(spoil, server, store):
    server.routes[RVU25B] = cms.in_turn(cms.cut(LARGE, 2_000_000), cms.status(403))
    fetch(store, server)
    part, = (store / "sources" / "partial").glob("*.part")
    note, = (store / "sources" / "partial").glob("*.note")
    if spoil in ("bytes", "both"):
        part.write_bytes(os.urandom(2_000_000))
    if spoil in ("note", "both"):
        note.write_bytes(os.urandom(100))
    server.routes[RVU25B] = file(LARGE)
    result = fetch(store, server)
    assert (result.code == 0 and set(kept(store)) == {sha256(LARGE)}) or (result.code in (2, 69) and kept(store) == {}), result
    # And nobody has to clear anything up by hand.
    assert_fetched(fetch(store, server), store, LARGE)


def test_fetches_at_once_into_one_store_download_once(server, store):
    server.routes = {RVU25B: cms.slow(LARGE, 500_000, 0.05), HCPCS25B: file(HCPCS_ARCHIVE)}
    command = [str(INGEST), *map(str, fetch_command(store, server, sources=("rvu", "hcpcs")))]
    runs = [subprocess.Popen(command, env=no_proxy(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(5)]
    outcomes = [(process.communicate(timeout=60), process.returncode) for process in runs]
    assert [code for _, code in outcomes] == [0] * 5, outcomes
    assert len({out for (out, _), _ in outcomes}) == 1
    assert server.body_bytes <= len(LARGE) + len(HCPCS_ARCHIVE) + 4 * 65536 * 8
    assert set(kept(store)) == {sha256(LARGE), sha256(HCPCS_ARCHIVE)} and leftovers(store) == []


def test_200_fetches_in_a_row_leave_no_temporary_file(server, store, tmp_path):
    """Whole files, cut ones, pages and refusals in turn."""
    answers = [file(SMALL), cms.page("<html>busy</html>"), cms.unstated(SMALL[:-5]), cms.status(403), cms.wrong_length(SMALL, 9_999),
               file(b"\x1f\x8b none"), cms.cut(SMALL, 40), file(rvu_archive("01/01/2025"))]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = no_proxy(TMPDIR=str(temporary))
    codes = []
    for turn in range(200):
        server.routes[RVU25B] = server.routes[RVU25B_BY_RULE] = answers[turn % len(answers)]
        codes.append(fetch(store, server, "--accept-repost", "--retries", "1", env=env).code)
    assert set(codes) <= {0, 1, 69} and codes.count(0) > 40, codes
    server.routes[RVU25B] = file(SMALL)
    assert_fetched(fetch(store, server, "--accept-repost", env=env), store, SMALL)
    assert list(temporary.iterdir()) == []
    assert len(kept(store)) == 2


def test_a_full_disk_is_said_and_leaves_nothing_half(server, store):
    server.routes[RVU25B] = file(LARGE)

    def full_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    result = ingest(*fetch_command(store, server), env=no_proxy(), preexec_fn=full_disk)
    assert result.code == 73 and "error:" in result.err, result
    assert kept(store) == {}
    assert_fetched(fetch(store, server), store, LARGE)


def test_a_store_that_is_a_file_cannot_be_written(server, tmp_path):
    (tmp_path / "store").write_text("no folder")
    server.routes[RVU25B] = file(SMALL)
    result = fetch(tmp_path / "store", server)
    assert result.code == 73 and server.paths() == [], result


# Without a network, through a proxy, by HTTPS.


def test_offline_uses_what_is_there_and_asks_nobody(server, store):
    server.routes[RVU25B] = file(SMALL)
    assert_fetched(fetch(store, server), store, SMALL)
    server.forget()
    result = fetch(store, server, "--offline")
    assert result.code == 0 and open(result.out.decode().strip(), "rb").read() == SMALL
    assert server.paths() == []


def test_offline_without_the_file_says_what_is_missing(server, store):
    result = fetch(store, server, "--offline")
    assert result.code == 69 and "RVU25B" in result.err and "--input" in result.err, result
    assert server.paths() == [] and not store.exists()


def test_the_proxy_of_the_environment_is_used(server, store):
    server.routes[RVU25B] = file(SMALL)
    env = no_proxy(http_proxy=server.url)
    assert_fetched(fetch(store, server, url="http://mirror.invalid", env=env), store, SMALL)
    assert server.requests[0].line == f"http://mirror.invalid{RVU25B}"


def test_the_HTTPS_proxy_of_the_environment_is_asked_for_a_tunnel(store):
    seen = []
    with Server() as proxy:
        proxy.RequestHandlerClass.do_CONNECT = lambda handler: (seen.append(handler.path), handler.head(403, Content_Length=0))
        result = ingest(
            "fetch", "--release", "RVU25B", "--store", store, *QUICK, "--retries", "0", env=no_proxy(https_proxy=proxy.url))
    assert result.code == 69 and seen and set(seen) == {"www.cms.gov:443"}, (seen, result)


def test_no_proxy_is_respected(server, store):
    server.routes[RVU25B] = file(SMALL)
    env = no_proxy(http_proxy="http://127.0.0.1:1", no_proxy="127.0.0.1")
    assert_fetched(fetch(store, server, env=env), store, SMALL)


@pytest.fixture
def https(tmp_path):
    """A server with a certificate that only those trust who name it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not there to make a certificate with")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = Server()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.scheme = "https"
    with server:
        yield server, tmp_path / "cert.pem"


def test_a_certificate_that_nobody_vouches_for_is_refused(https, store):
    server, _ = https
    server.routes[RVU25B] = file(SMALL)
    assert_failed(fetch(store, server), store, "download_certificate", "SSL_CERT_FILE")
    assert server.paths() == []


def test_HTTPS_with_a_company_certificate_works(https, store):
    server, certificate = https
    server.routes[RVU25B] = file(LARGE)
    assert_fetched(fetch(store, server, env=no_proxy(SSL_CERT_FILE=str(certificate))), store, LARGE)


def test_HTTPS_never_leads_to_plain_HTTP_elsewhere(https, store):
    server, certificate = https
    server.routes[RVU25B] = cms.redirect("http://cms.invalid/x.zip")
    assert_failed(fetch(store, server, env=no_proxy(SSL_CERT_FILE=str(certificate))), store, "download_insecure")


# A run without inputs.


@pytest.fixture
def whole(server, data):
    server.routes = {
        RVU25A: file((data / "rvu25a" / "rvu25a-updated-01_10_2025.zip").read_bytes()),
        HCPCS25A: file((data / "hcpcs" / "2026-jan-standin" / "january-2026-alpha-numeric-hcpcs-file.zip").read_bytes())}
    return server


def test_a_run_without_inputs_fetches_CMS_s_files_and_publishes_what_a_run_with_them_does(whole, store, data, tmp_path):
    result = ingest("run", "--release", "RVU25A", "--store", store, "--mirror", whole.url, env=no_proxy())
    assert result.code == 0, result
    assert whole.paths() == [RVU25A, HCPCS25A]
    manifest = json.loads((store / "releases/RVU25A/r1/manifest.json").read_text())
    assert manifest["release"]["released"] == pin_of(store)["pinned"]["released"] == "2024-12-23"
    assert manifest["counts"]["relative_values"] == 18_865 and manifest["missing_inputs"] == ["asp_payment_limits", "asp_crosswalk"]
    archives = {entry["path"]: entry["sha256"] for entry in manifest["inputs"] if entry["role"] == "archive"}
    assert archives == {source["pinned"]["name"]: source["pinned"]["sha256"] for source in lock_of(store)["sources"]}
    folder = tmp_path / "by hand"
    folder.mkdir()
    for path in (store / "sources" / "sha256").glob("*/*"):
        shutil.copy(path, folder)
    other = ingest("run", "--release", "RVU25A", "--store", tmp_path / "other", "--input", folder)
    assert other.code == 0, other
    assert (tmp_path / "other/releases/RVU25A/r1/manifest.json").read_bytes() == (store / "releases/RVU25A/r1/manifest.json").read_bytes()


def test_a_second_run_without_inputs_asks_nobody_and_publishes_nothing(whole, store):
    command = ["run", "--release", "RVU25A", "--store", store, "--mirror", whole.url]
    assert ingest(*command, env=no_proxy()).code == 0
    whole.forget()
    for extra in ([], ["--offline"]):
        result = ingest(*command, *extra, env=no_proxy())
        assert result.code == 0 and "nothing changed" in result.err, result
    assert whole.paths() == []


def test_a_run_whose_files_cannot_be_had_publishes_nothing(server, store):
    result = ingest("run", "--release", "RVU25A", "--store", store, "--mirror", server.url, *QUICK, env=no_proxy())
    assert result.code == 69 and "Nothing was published" in result.err and not (store / "latest.json").exists(), result


def test_an_offline_run_without_files_publishes_nothing(store):
    result = ingest("run", "--release", "RVU25A", "--store", store, "--offline")
    assert result.code == 69 and "Nothing was published" in result.err, result
