"""Sources behind the AMA's licence page are fetched only by those who accept it, and that is recorded."""

import datetime
import json

import jsonschema
import pytest

import cms_server as cms
from cms_server import Server, archive, file, rvu_archive
from fetching import RVU25B, assert_failed, assert_fetched, fetch, lock_of, pin_of
from support import SCHEMAS

ASP = "/files/zip/april-2026-medicare-part-b-payment-limit-files.zip"
ASP_ARCHIVE = archive({"section 508 version of April 2026 file.csv": b"HCPCS Code\r\n"})
LICENSE_PAGE = '<html><title>License</title><form action="/license/ama"><input name="agree" value="yes"></form></html>'


@pytest.fixture
def server():
    with Server() as server:
        server.routes[ASP] = file(ASP_ARCHIVE)
        yield server


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def fetch_asp(store, server, *extra):
    return fetch(store, server, *extra, release="RVU26B", sources=("asp",))


def gated(handler):
    """As CMS does it: the file for those who agree, the page for all others."""
    if "agree=yes" in handler.requested and "next=Accept" in handler.requested:
        return file(ASP_ARCHIVE)(handler)
    cms.redirect(f"/license/ama?file={ASP}", 302)(handler)


def test_a_gated_source_is_not_even_asked_for_without_acceptance(server, store):
    result = fetch_asp(store, server)
    assert_failed(result, store, "license_needed", f"https://www.cms.gov/license/ama?file={ASP}", "American Medical", "--accept-license ama", code=64)
    assert server.paths() == []


def test_a_gated_source_is_fetched_with_acceptance_and_the_text_is_recorded(server, store):
    server.routes[ASP] = gated
    server.routes["/license/ama"] = cms.page(LICENSE_PAGE)
    assert_fetched(fetch_asp(store, server, "--accept-license", "ama"), store, ASP_ARCHIVE)
    assert server.paths() == [ASP, f"{ASP}?agree=yes&next=Accept"]
    record = pin_of(store, "asp")["license"]
    today = datetime.datetime.now(datetime.timezone.utc).date()
    assert record["id"] == "ama" and record["text"] == f"https://www.cms.gov/license/ama?file={ASP}"
    assert abs((today - datetime.date.fromisoformat(record["accepted_on"])).days) <= 1
    jsonschema.validate(lock_of(store), json.loads((SCHEMAS / "sources-lock.schema.json").read_text()))


def test_yes_is_said_only_where_the_page_stands(server, store):
    assert_fetched(fetch_asp(store, server, "--accept-license", "ama"), store, ASP_ARCHIVE)
    assert server.paths() == [ASP]
    assert pin_of(store, "asp")["license"]["id"] == "ama"


def test_the_January_2025_prices_are_at_their_listed_address(server, store):
    listed = "/files/zip/january-2025-asp-pricing-file-12_19_24-final-file.zip"
    server.routes[listed] = file(ASP_ARCHIVE)
    assert_fetched(
        fetch(store, server, "--accept-license", "ama", release="RVU25A", sources=("asp",)), store, ASP_ARCHIVE)


def test_the_RVU_archives_are_not_gated(server, store):
    server.routes[RVU25B] = file(rvu_archive())
    assert_fetched(fetch(store, server), store, rvu_archive())
    assert pin_of(store)["license"] is None


@pytest.mark.parametrize("answer", [
    cms.redirect(f"/license/ama?file={RVU25B}", 302), cms.redirect(f"/apps/ama/license.asp?file={RVU25B}"), cms.page(LICENSE_PAGE),
    cms.page('<html><a href="/apps/ama/license.asp">License</a></html>')], ids=["redirect", "old redirect", "page", "old page"])
def test_a_licence_page_before_a_free_file_is_told_from_an_error_and_not_agreed_to(answer, server, store):
    server.routes[RVU25B] = answer
    assert_failed(fetch(store, server), store, "download_license", "AMA", "--accept-license ama", code=64)
    assert server.paths() == [RVU25B]


def test_a_licence_page_before_a_free_file_is_recorded_when_it_was_agreed_to(server, store):
    server.routes[RVU25B] = lambda handler: (
        file(rvu_archive()) if "agree=yes" in handler.requested else cms.page(LICENSE_PAGE))(handler)
    assert_fetched(fetch(store, server, "--accept-license", "ama"), store, rvu_archive())
    assert pin_of(store)["license"]["text"] == f"https://www.cms.gov/license/ama?file={RVU25B}"


@pytest.mark.parametrize("answer", [cms.redirect(f"/license/ama?file={ASP}", 302), cms.page(LICENSE_PAGE)], ids=["redirect", "page"])
def test_a_licence_page_that_takes_no_yes_is_given_up(answer, server, store):
    server.routes[ASP] = answer
    assert_failed(fetch_asp(store, server, "--accept-license", "ama"), store, "download_license", "again", code=64)
    assert len(server.paths()) <= 3


def test_only_licences_that_there_are_can_be_accepted(server, store):
    assert fetch_asp(store, server, "--accept-license", "gpl").code == 64


def test_a_gated_file_that_is_kept_can_be_used_offline(server, store):
    fetch_asp(store, server, "--accept-license", "ama")
    server.forget()
    assert fetch_asp(store, server, "--offline").code == 0 and server.paths() == []
