"""`ingest publish` and `withdraw`: what a plain web server then serves, read over HTTP by others and by the library."""

import gzip
import hashlib
import json
import os
import posixpath
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.parse
import xml.etree.ElementTree as xml
from html.parser import HTMLParser
from pathlib import Path

import feedparser
import pytest

from faults import calls_of, run_watched, targets
from hosting import serve
from pages import Opened
from support import (
    INGEST, SAMPLE_INPUTS, SAMPLE_OVERLAYS, Published, assert_published, environment, files_below, ingest, run, run_arguments,
    sha256)
from test_schemas import problems

ATOM = "{http://www.w3.org/2005/Atom}"
REASON = "Wrong <GPCI> & \"more\""


def publish(store, folder, *extra, code=0):
    result = ingest("publish", "--out", folder, "--store", store, *extra)
    assert result.code == code, result
    return result


def withdraw(store, revision, *extra, reason=REASON, date="2026-05-04", code=0):
    result = ingest("withdraw", revision, "--reason", reason, "--date", date, "--store", store, *extra)
    assert result.code == code, result
    return result


def tree(folder):
    """Every file's bytes by path, and where the link leads."""
    folder = Path(folder)
    found = {}
    for root, folders, names in os.walk(folder):
        for name in [*names, *(name for name in folders if (Path(root) / name).is_symlink())]:
            path = Path(root) / name
            found[str(path.relative_to(folder))] = os.readlink(path) if path.is_symlink() else path.read_bytes()
    return found


def immutable(files):
    return {path: data for path, data in files.items() if re.match(r"releases/[^/]+/r\d+/", path)}


def index(folder):
    return json.loads((folder / "releases" / "index.json").read_text())


def revisions(folder):
    return {revision["name"]: revision for release in index(folder)["releases"] for revision in release["revisions"]}


def check_servable(folder):
    """Whatever a reader can learn of at this moment is there, whole."""
    if not (folder / "releases" / "index.json").exists():
        assert not (folder / "latest.json").exists()
        return
    for revision in revisions(folder).values():
        root = folder / revision["path"]
        manifest = (root / "manifest.json").read_bytes()
        assert sha256(manifest) == revision["manifest_sha256"]
        for file in json.loads(manifest)["files"]:
            assert sha256((root / file["path"]).read_bytes()) == file["sha256"], file["path"]
            assert gzip.decompress((root / f"{file['path']}.gz").read_bytes()) == (root / file["path"]).read_bytes()
        assert len(list((root / "codes").glob("[0-9A-Z]????.json"))) == revision["codes"]
    if (folder / "latest.json").exists():
        latest = json.loads((folder / "latest.json").read_text())
        assert (folder / latest["path"] / "manifest.json").is_file()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two revisions of the samples: without the editors' texts, and with them."""
    store = tmp_path_factory.mktemp("to-publish") / "store"
    assert_published(run(store, "RVU26A", SAMPLE_INPUTS))
    assert_published(run(store, "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS))
    return store


@pytest.fixture(scope="module")
def hosted(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosted") / "site"
    publish(store, folder)
    return folder


@pytest.fixture(scope="module")
def server(hosted, tmp_path_factory):
    with serve(hosted, tmp_path_factory.mktemp("nginx") / "run") as server:
        yield server


@pytest.fixture(scope="module")
def withdrawn(store, tmp_path_factory):
    """(store, folder) where the second revision was withdrawn after it was published."""
    place = tmp_path_factory.mktemp("withdrawn")
    shutil.copytree(store, place / "store")
    publish(place / "store", place / "site")
    before = immutable(tree(place / "site"))
    withdraw(place / "store", "RVU26A-r2", "--use", "RVU26A-r1")
    publish(place / "store", place / "site")
    assert immutable(tree(place / "site")) == before, "withdrawing changed what never changes"
    return place / "store", place / "site"


@pytest.fixture(scope="module")
def withdrawn_server(withdrawn, tmp_path_factory):
    with serve(withdrawn[1], tmp_path_factory.mktemp("nginx") / "run") as server:
        yield server


# The layout.


def test_a_revision_is_laid_out_as_it_is(store, hosted):
    for name in ("r1", "r2"):
        mine = files_below(store / "releases" / "RVU26A" / name)
        theirs = files_below(hosted / "releases" / "RVU26A" / name)
        assert {path: theirs.get(path) for path in mine} == mine
        assert all(path.startswith("codes/") or path.removesuffix(".gz") in mine for path in theirs)


def test_each_code_has_its_document_byte_for_byte_and_a_line_in_the_index(store, hosted):
    for name in ("r1", "r2"):
        published = Published(store, revision=f"releases/RVU26A/{name}")
        folder = hosted / "releases" / "RVU26A" / name / "codes"
        assert sorted(path.name for path in folder.glob("[0-9A-Z]????.json")) == [f"{code}.json" for code in published.documents]
        for code, line in zip(published.documents, published.lines):
            assert (folder / f"{code}.json").read_bytes() == line + b"\n", code
        listed = json.loads((folder / "index.json").read_text())
        assert (listed["release"], f"r{listed['revision']}") == ("RVU26A", name)
        expected = []
        for document in published.documents.values():
            rows = document["relative_values"]
            row = next((row for row in rows if row["modifier"] is None), rows[0] if rows else None)
            expected.append({
                "code": document["code"], "title": document["title"] or document["suggested_title"],
                "system": document["system"], "section": document["section"] and document["section"]["id"],
                "status": row and row["status"]})
        assert listed["codes"] == expected


def test_every_file_has_its_packed_form_which_names_no_file_and_no_time(hosted):
    files = {path: data for path, data in tree(hosted).items() if isinstance(data, bytes)}
    for path, data in files.items():
        if path.endswith(".gz"):
            assert data[:10] == bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]), path
            assert gzip.decompress(data) == files[path[:-3]], path
        else:
            assert f"{path}.gz" in files


def test_two_folders_are_equal_in_every_byte_and_publishing_again_writes_nothing(store, hosted, tmp_path):
    publish(store, tmp_path / "a")
    assert tree(tmp_path / "a") == tree(hosted)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*")}
    result = publish(store, tmp_path / "a", "--format", "json")
    said = json.loads(result.out)
    assert (said["files"], said["published"], said["kept"]) == (0, [], ["RVU26A-r1", "RVU26A-r2"])
    unchanged = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*")}
    assert unchanged == times


def test_the_list_of_releases_fits_its_schema_and_what_is_there(store, hosted, withdrawn):
    for folder in (hosted, withdrawn[1]):
        assert problems("releases.schema.json", index(folder)) == []
        assert list(revisions(folder)) == ["RVU26A-r2", "RVU26A-r1"]
        for revision in revisions(folder).values():
            manifest = json.loads((folder / revision["path"] / "manifest.json").read_text())
            assert revision["manifest_sha256"] == sha256((folder / revision["path"] / "manifest.json").read_bytes())
            assert revision["bytes"] == sum(file["bytes"] for file in manifest["files"])
            assert revision["files"] == len(manifest["files"])
            assert revision["content_hash"] == manifest["content_hash"]
            assert revision["sequence"] == manifest["sequence"]
    changed = index(hosted)
    changed["releases"][0]["revisions"][0]["withdrawn"] = True
    assert problems("releases.schema.json", changed)


def test_latest_is_the_stores_and_the_link_leads_there(store, hosted):
    assert (hosted / "latest.json").read_bytes() == (store / "latest.json").read_bytes()
    assert os.readlink(hosted / "latest") == json.loads((store / "latest.json").read_text())["path"]


# Served by nginx.


def test_nginx_serves_every_file_of_a_revision_plain_and_packed(server, hosted):
    revision = index(hosted)["releases"][0]["revisions"][0]
    manifest = json.loads(server.get(f"{revision['path']}/manifest.json").body)
    for file in manifest["files"]:
        path = f"{revision['path']}/{file['path']}"
        plain = server.get(path)
        assert (plain.status, sha256(plain.body)) == (200, file["sha256"]), path
        assert "content-encoding" not in plain.headers
        packed = server.get(path, Accept_Encoding="gzip")
        assert packed.headers["content-encoding"] == "gzip" and packed.headers["vary"] == "Accept-Encoding", path
        assert sha256(gzip.decompress(packed.body)) == file["sha256"], path


@pytest.mark.parametrize("path, type, cache", [
    ("", "text/html", "max-age=300"), ("index.html", "text/html", "max-age=300"),
    ("latest.json", "application/json", "max-age=300"), ("releases/index.json", "application/json", "max-age=300"),
    ("feed.atom", "application/atom+xml", "max-age=300"), ("feed.json", "application/feed+json", "max-age=300"),
    ("latest/codes/J7308.json", "application/json", "max-age=300"),
    ("releases/RVU26A/r2/codes/J7308.json", "application/json", "immutable"),
    ("releases/RVU26A/r2/codes.ndjson", "application/x-ndjson", "immutable"),
    ("releases/RVU26A/r2/dataset.sqlite", "application/vnd.sqlite3", "immutable"),
    ("releases/RVU26A/r2/tables/codes.csv", "text/csv", "immutable"),
    ("releases/RVU26A/r2/diff.html", "text/html", "immutable")])
def test_nginx_says_what_a_file_is_how_long_it_may_be_kept_and_that_any_page_may_read_it(path, type, cache, server):
    for encoding in ("identity", "gzip"):
        answer = server.get(path, Accept_Encoding=encoding)
        assert answer.status == 200
        assert answer.headers["content-type"].split(";")[0] == type
        assert cache in answer.headers["cache-control"]
        assert answer.headers["access-control-allow-origin"] == "*"


def test_nginx_says_of_a_missing_code_that_it_is_not_there_and_not_for_ever(server):
    answer = server.get("releases/RVU26A/r2/codes/Z9999.json")
    assert answer.status == 404 and "cache-control" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert server.get(".new/revision/manifest.json").status == 404


def test_the_library_reads_over_HTTP_what_was_published(server, store, tmp_path):
    assert server.read("releases").stdout.decode().splitlines() == [
        "RVU26A-r2 2026-01-01 stands", "RVU26A-r1 2026-01-01 stands"]
    published = Published(store)
    assert server.read("code", "J7308").stdout == published.lines[list(published.documents).index("J7308")] + b"\n"
    older = Published(store, revision="releases/RVU26A/r1")
    assert server.read("code", "99213", "RVU26A-r1").stdout == older.lines[list(older.documents).index("99213")] + b"\n"
    assert b"no Z9999" in server.read("code", "Z9999", code=1).stderr
    assert [line.split()[0] for line in server.read("codes").stdout.decode().splitlines()] == list(published.documents)
    said = server.read("download", "RVU26A-r2", tmp_path / "r2").stdout.decode()
    assert said == f"RVU26A-r2 {published.manifest['content_hash']}\n"
    assert files_below(tmp_path / "r2") == files_below(published.folder)
    assert ingest("validate", tmp_path / "r2").code == 0
    encodings = {encoding for path, status, encoding in server.log if path.endswith("codes.ndjson") and status == "200"}
    assert "gzip" in encodings, "the library did not ask for packed files"


def test_the_library_refuses_a_file_that_something_on_the_way_has_changed(hosted, tmp_path):
    shutil.copytree(hosted, tmp_path / "site", symlinks=True)
    table = tmp_path / "site" / "releases" / "RVU26A" / "r2" / "tables" / "codes.csv"
    data = table.read_bytes()[:-2] + b"X\n"
    table.write_bytes(data)
    Path(f"{table}.gz").write_bytes(gzip.compress(data))
    with serve(tmp_path / "site", tmp_path / "run") as server:
        done = server.read("download", "RVU26A-r2", tmp_path / "r2", code=2)
    assert b"hosted_changed releases/RVU26A/r2/tables/codes.csv" in done.stderr
    assert not (tmp_path / "r2").exists() and not (tmp_path / ".r2.new").exists()


def test_the_library_brings_an_app_up_to_date_over_HTTP_by_the_delta_alone(server, hosted, store, tmp_path):
    older, newer = Published(store, revision="releases/RVU26A/r1"), Published(store)
    assert revisions(hosted)["RVU26A-r2"]["delta"]["base"] == "RVU26A-r1" and revisions(hosted)["RVU26A-r1"]["delta"] is None
    app = tmp_path / "app"
    app.mkdir()
    for name in ("dataset.sqlite", "manifest.json"):
        shutil.copyfile(older.folder / name, app / name)
    before = len(server.log)
    said = f"RVU26A-r2 {newer.manifest['content_hash']}\n".encode()
    assert server.read("update", "RVU26A-r2", app).stdout == said
    asked = {path.split("/RVU26A/r2/")[1] for path, _, _ in server.log[before:] if "/RVU26A/r2/" in path}
    assert "delta/manifest.json" in asked and all(path == "manifest.json" or path.startswith("delta/") for path in asked)
    assert (app / "manifest.json").read_bytes() == (newer.folder / "manifest.json").read_bytes()
    assert sorted(os.listdir(app)) == ["dataset.sqlite", "manifest.json", "manifest.json.sha256"]
    with sqlite3.connect(app / "dataset.sqlite") as updated, sqlite3.connect(newer.folder / "dataset.sqlite") as published:
        for table in (path.stem for path in newer.folder.glob("tables/*.csv")):
            assert updated.execute(f"SELECT * FROM {table}").fetchall() == published.execute(f"SELECT * FROM {table}").fetchall()
    assert server.read("update", "RVU26A-r2", app).stdout == said, "once more does no harm"
    with sqlite3.connect(app / "dataset.sqlite") as updated:
        updated.execute("DELETE FROM relative_values WHERE code = '99213'")
    bytes_before = (app / "dataset.sqlite").read_bytes()
    assert b"delta" in server.read("update", "RVU26A-r2", app, code=2).stderr
    assert (app / "dataset.sqlite").read_bytes() == bytes_before
    assert b"has no delta" in server.read("update", "RVU26A-r1", app, code=69).stderr


# Withdrawn.


def test_withdrawing_moves_latest_and_says_so_everywhere(withdrawn, withdrawn_server, tmp_path):
    store, folder = withdrawn
    assert json.loads((store / "latest.json").read_text())["path"] == "releases/RVU26A/r1"
    assert json.loads((folder / "latest.json").read_text())["path"] == "releases/RVU26A/r1"
    assert os.readlink(folder / "latest") == "releases/RVU26A/r1"
    assert problems("withdrawn.schema.json", json.loads((store / "withdrawn.json").read_text())) == []
    expected = {"reason": REASON, "use": "RVU26A-r1", "date": "2026-05-04"}
    assert revisions(folder)["RVU26A-r2"]["withdrawn"] == expected
    assert revisions(folder)["RVU26A-r1"]["withdrawn"] is None
    listed = ingest("releases", "--store", store, "--format", "json")
    release = next(entry for entry in json.loads(listed.out) if entry["label"] == "RVU26A")
    assert release["withdrawn"] == [{"revision": 2, **expected}] and release["revisions"] == [1, 2]
    assert "r1 r2 (withdrawn)" in ingest("releases", "--store", store).out.decode()
    assert ingest("validate", store).code == 0
    assert withdrawn_server.read("releases").stdout.decode().splitlines()[0] == f"RVU26A-r2 2026-01-01 {REASON}"
    refused = withdrawn_server.read("download", "RVU26A-r2", tmp_path / "r2", code=69).stderr.decode()
    assert REASON in refused and "RVU26A-r1" in refused and not (tmp_path / "r2").exists()
    withdrawn_server.read("download", "RVU26A-r2", tmp_path / "r2", "--even-if-withdrawn")
    assert files_below(tmp_path / "r2") == files_below(store / "releases" / "RVU26A" / "r2")


def test_a_releases_name_means_its_newest_revision_that_stands(withdrawn):
    store, _ = withdrawn
    first = (store / "releases" / "RVU26A" / "r1" / "codes.ndjson").read_bytes().splitlines()
    shown = ingest("show", "J7308", "--release", "RVU26A", "--store", store, "--format", "json").out.strip()
    assert shown in first
    assert ingest("show", "J7308", "--release", "RVU26A-r2", "--store", store, "--format", "json").out.strip() not in first


def test_a_run_that_would_publish_the_withdrawn_again_is_refused_and_another_is_compared_with_what_stands(withdrawn, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(withdrawn[0], store)
    again = run(store, "RVU26A", SAMPLE_INPUTS, SAMPLE_OVERLAYS)
    assert again.code == 1 and REASON in again.err and "Nothing was published" in again.err, again
    overlays = tmp_path / "overlays"
    shutil.copytree(SAMPLE_OVERLAYS, overlays)
    text = overlays / "codes" / "J7308.yaml"
    text.write_text(text.read_text() + "# Read again.\n")
    assert_published(run(store, "RVU26A", SAMPLE_INPUTS, overlays))
    published = Published(store)
    assert published.manifest["release"]["revision"] == 3
    assert json.loads((published.folder / "diff.json").read_text())["base"]["name"] == "RVU26A-r1"
    assert ingest("validate", store).code == 0


def test_a_later_release_is_not_compared_with_a_withdrawn_one(withdrawn, data, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(withdrawn[0], store)
    assert_published(run(store, "RVU26B", [data / "rvu26b"]))
    assert json.loads((Published(store).folder / "diff.json").read_text())["base"]["name"] == "RVU26A-r1"


def test_when_nothing_stands_nothing_is_the_latest(withdrawn, tmp_path):
    shutil.copytree(withdrawn[0], tmp_path / "store")
    shutil.copytree(withdrawn[1], tmp_path / "site", symlinks=True)
    withdraw(tmp_path / "store", "RVU26A-r1", reason="All of it")
    assert not (tmp_path / "store" / "latest.json").exists()
    assert ingest("show", "J7308", "--store", tmp_path / "store").code == 69
    refused = ingest("show", "J7308", "--release", "RVU26A", "--store", tmp_path / "store")
    assert refused.code == 69 and "withdrawn" in refused.err, refused
    assert ingest("validate", tmp_path / "store").code == 0
    publish(tmp_path / "store", tmp_path / "site")
    assert index(tmp_path / "site")["latest"] is None
    assert problems("releases.schema.json", index(tmp_path / "site")) == []
    for name in ("latest", "latest.json", "latest.json.gz"):
        assert not os.path.lexists(tmp_path / "site" / name)


@pytest.mark.parametrize("arguments, code, words", [
    (["RVU26A-r9"], 69, "holds no"), (["RVU26A"], 64, "RVU26A-r1"), (["RVU26A-r2", "--use", "RVU26A-r2"], 64, "itself"),
    (["RVU26A-r2", "--use", "RVU26A-r7"], 69, "holds no"), (["RVU26A-r2", "--reason", " "], 64, "reason"),
    (["RVU26A-r2", "--date", "4 May"], 64, "day")], ids=str)
def test_a_withdrawal_that_makes_no_sense_is_refused(arguments, code, words, store):
    before = files_below(store)
    result = ingest("withdraw", "--reason", "Because", "--date", "2026-05-04", *arguments, "--store", store)
    assert result.code == code and words in result.err, result
    assert {path for path in files_below(store)} - {".lock"} == set(before) - {".lock"}


def test_a_withdrawal_stays_as_it_was_said(withdrawn, tmp_path):
    shutil.copytree(withdrawn[0], tmp_path / "store")
    before = (tmp_path / "store" / "withdrawn.json").read_bytes()
    withdraw(tmp_path / "store", "RVU26A-r2", "--use", "RVU26A-r1")
    assert "withdrawn on 2026-05-04" in withdraw(tmp_path / "store", "RVU26A-r2", reason="Other words", code=64).err
    assert (tmp_path / "store" / "withdrawn.json").read_bytes() == before


def test_an_unreadable_list_of_withdrawals_is_no_empty_one(withdrawn, tmp_path):
    shutil.copytree(withdrawn[0], tmp_path / "store")
    (tmp_path / "store" / "withdrawn.json").write_text('{"revisions": [{"revision": "RVU26A-r2"}]}')
    for command in (["show", "J7308", "--release", "RVU26A"], ["publish", "--out", tmp_path / "site"], ["releases"]):
        assert ingest(*command, "--store", tmp_path / "store").code == 2
    assert ingest("validate", tmp_path / "store").code == 1


# The feeds.


def links(folder, *, base):
    """Every address in a feed or page as it stands there."""
    atom = xml.parse(folder / "feed.atom").getroot()
    found = [link.get("href") for link in atom.iter(f"{ATOM}link")]
    feed = json.loads((folder / "feed.json").read_text())
    found += [feed["home_page_url"], feed["feed_url"]]
    for item in feed["items"]:
        found += [item["url"], *(file["url"] for file in item["attachments"])]
    assert all(link.startswith(base) for link in found) if base else not any(urllib.parse.urlsplit(link).scheme for link in found)
    return found


class Hrefs(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        href = dict(attributes).get("href")
        if href and not href.startswith("#"):
            self.found.append(href)


def test_every_link_leads_to_a_file_wherever_the_folder_is_hosted(server, withdrawn_server):
    for host in (server, withdrawn_server):
        folder = host.prefix / "www" / "data" / "fees"
        page = Hrefs((folder / "index.html").read_text()).found
        assert len(page) > 15
        for link in links(folder, base="") + page:
            assert host.get(link).status == 200, link


@pytest.mark.parametrize("name", ["hosted", "withdrawn"])
def test_the_Atom_feed_has_what_RFC_4287_demands(name, request):
    value = request.getfixturevalue(name)
    folder = value if name == "hosted" else value[1]
    feed = xml.parse(folder / "feed.atom").getroot()
    moment = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
    assert feed.tag == f"{ATOM}feed"

    def one(element, name):
        found = element.findall(f"{ATOM}{name}")
        assert len(found) == 1 and (found[0].text or "").strip(), f"{element.tag} has {len(found)} of {name}"
        return found[0].text

    identifiers = [one(feed, "id")]
    one(feed, "title")
    assert feed.find(f"{ATOM}author/{ATOM}name").text
    assert [link for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"]
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 2
    for entry in entries:
        identifiers.append(one(entry, "id"))
        one(entry, "title")
        assert moment.fullmatch(one(entry, "updated")) and moment.fullmatch(one(entry, "published"))
        assert one(entry, "updated") >= one(entry, "published")
        assert len([link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "alternate"]) == 1
        assert entry.find(f"{ATOM}content").get("type") == "text"
    assert one(feed, "updated") == max(one(entry, "updated") for entry in entries)
    assert len(set(identifiers)) == len(identifiers)
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", i) for i in identifiers)


def test_another_reader_of_feeds_finds_nothing_to_complain_of(hosted, withdrawn):
    for folder in (hosted, withdrawn[1]):
        parsed = feedparser.parse((folder / "feed.atom").read_bytes())
        assert not parsed.bozo and parsed.version == "atom10" and len(parsed.entries) == 2
        assert all(entry.updated_parsed and entry.link and entry.title for entry in parsed.entries)


def test_the_JSON_feed_has_what_its_version_1_1_demands_and_says_the_same(hosted, withdrawn):
    for folder in (hosted, withdrawn[1]):
        feed = json.loads((folder / "feed.json").read_text())
        assert feed["version"] == "https://jsonfeed.org/version/1.1" and feed["title"] and isinstance(feed["authors"], list)
        atom = xml.parse(folder / "feed.atom").getroot()
        assert [(item["id"], item["title"], item["content_text"], item["date_published"], item["date_modified"]) for item in feed["items"]] == [
            tuple(entry.find(f"{ATOM}{name}").text for name in ("id", "title", "content", "published", "updated"))
            for entry in atom.findall(f"{ATOM}entry")]
        for item in feed["items"]:
            assert all(file["url"] and "/" in file["mime_type"] for file in item["attachments"])


def test_a_withdrawal_is_news_under_the_same_identifier(hosted, withdrawn):
    before = {entry.id: entry for entry in feedparser.parse((hosted / "feed.atom").read_bytes()).entries}
    after = {entry.id: entry for entry in feedparser.parse((withdrawn[1] / "feed.atom").read_bytes()).entries}
    assert before.keys() == after.keys()
    changed = [after[name] for name in before if before[name] != after[name]]
    assert len(changed) == 1
    assert changed[0].title.startswith("Withdrawn: RVU26A-r2") and changed[0].updated == "2026-05-04T00:00:00Z"
    text = next(item for item in json.loads((withdrawn[1] / "feed.json").read_text())["items"] if item["id"] == changed[0].id)
    assert REASON in text["content_text"] and "Use RVU26A-r1" in text["content_text"] and text["tags"] == ["withdrawn"]


def test_the_feeds_sum_up_the_difference(data, tmp_path):
    store, folder = tmp_path / "store", tmp_path / "site"
    assert_published(run(store, "RVU25D", [data / "rvu25d"]))
    assert_published(run(store, "RVU26B", [data / "rvu26b"]))
    publish(store, folder)
    newest = json.loads((folder / "feed.json").read_text())["items"][0]
    assert "Against RVU25D-r1: 9,791 of 18,860 common rows changed; 417 added, 230 deleted." in newest["content_text"]
    assert "7,414 of 7,477" in newest["content_text"]
    released = json.loads((folder / "latest" / "manifest.json").read_text())["release"]
    assert newest["date_published"][:10] == (released["released"] or released["effective"]["from"])


def test_with_an_address_every_link_of_the_feeds_is_absolute(store, tmp_path):
    publish(store, tmp_path / "site", "--base-url", "https://example.org/fees")
    found = links(tmp_path / "site", base="https://example.org/fees/")
    for link in found:
        assert (tmp_path / "site" / link.removeprefix("https://example.org/fees/")).is_file(), link


# Damage, licences and crashes.


def test_a_damaged_revision_is_refused_and_nothing_of_it_is_shown(store, tmp_path):
    shutil.copytree(store, tmp_path / "store")
    table = tmp_path / "store" / "releases" / "RVU26A" / "r2" / "tables" / "codes.csv"
    table.write_bytes(table.read_bytes()[:-1])
    result = publish(tmp_path / "store", tmp_path / "site", code=2)
    assert "r2/tables/codes.csv" in result.err and result.out == b""
    assert not (tmp_path / "site" / "releases" / "RVU26A" / "r2").exists()
    assert not (tmp_path / "site" / "latest.json").exists() and not (tmp_path / "site" / ".new").exists()


def test_a_published_file_that_was_changed_is_refused_with_its_place(hosted, store, tmp_path):
    shutil.copytree(hosted, tmp_path / "site", symlinks=True)
    file = tmp_path / "site" / "releases" / "RVU26A" / "r1" / "codes" / "J7308.json"
    file.write_bytes(file.read_bytes().replace(b"J7308", b"J7309", 1))
    before = tree(tmp_path / "site")
    result = publish(store, tmp_path / "site", code=2)
    assert "releases/RVU26A/r1/codes/J7308.json" in result.err
    assert tree(tmp_path / "site") == before


def test_the_licensed_tier_is_published_only_when_both_licences_are_confirmed(tmp_path):
    store = tmp_path / "store"
    assert_published(run(store, "RVU26A", SAMPLE_INPUTS, tier="licensed"))
    for extra, code in (([], 64), (["--tier", "licensed"], 64), (["--tier", "licensed", "--accept-license", "ama"], 64)):
        publish(store, tmp_path / "site", *extra, code=code)
        assert not (tmp_path / "site" / "releases").exists()
    publish(store, tmp_path / "site", "--tier", "licensed", "--accept-license", "ama", "--accept-license", "ada")
    assert revisions(tmp_path / "site")["RVU26A-r1"]["tier"] == "licensed"


def test_an_empty_store_has_nothing_to_publish(tmp_path):
    result = publish(tmp_path / "store", tmp_path / "site", code=69)
    assert "nothing is published" in result.err and not (tmp_path / "site").exists()


@pytest.fixture(scope="module")
def large(data, tmp_path_factory):
    """(store, the clean tree, seconds it took): a whole release, for its forty thousand files."""
    place = tmp_path_factory.mktemp("large")
    assert_published(run(place / "store", "RVU26A", SAMPLE_INPUTS))
    assert_published(run(place / "store", "RVU26B", [data / "rvu26b"]))
    start = time.monotonic()
    publish(place / "store", place / "site")
    return place / "store", tree(place / "site"), time.monotonic() - start


def check_crashes(seed, store, clean, seconds, folder):
    chance = random.Random(seed)
    for _ in range(1 + seed % 2):
        process = subprocess.Popen(
            [INGEST, "publish", "--out", folder, "--store", store], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, seconds))
        process.kill()
        process.wait()
        check_servable(folder)
    publish(store, folder)
    assert tree(folder) == clean


def test_a_run_killed_before_or_behind_any_file_that_can_change_is_completed_by_the_next(store, tmp_path):
    site, log = tmp_path / "clean", tmp_path / "calls"
    assert run_watched(site, ["publish", "--out", site, "--store", store], log=log).code == 0
    clean, calls = tree(site), calls_of(log)
    placed = [
        (call.second, target) for call, target in zip(calls, targets(calls))
        if call.name == "rename" and not call.second.startswith((".new", "releases/RVU"))]
    # By the list of releases the next run knows the folder as ours.
    assert placed[0][0] == "releases/index.json" and placed[-1][0] == "latest.json.gz" and len(placed) > 8
    for name, target in placed:
        for how in ("kill-before", "kill-after"):
            site = tmp_path / "site"
            killed = run_watched(site, ["publish", "--out", site, "--store", store], target=target, how=how)
            assert killed.code == -signal.SIGKILL, killed
            publish(store, site)
            assert tree(site) == clean, f"{how} {name}"
            shutil.rmtree(site)


@pytest.mark.parametrize("seed", range(24))
def test_a_run_killed_at_any_moment_leaves_a_servable_folder_that_the_next_completes(seed, store, tmp_path):
    start = time.monotonic()
    publish(store, tmp_path / "clean")
    check_crashes(seed, store, tree(tmp_path / "clean"), time.monotonic() - start, tmp_path / "site")


@pytest.mark.parametrize("seed", range(2))
def test_a_run_killed_among_forty_thousand_files_is_completed_by_the_next(seed, large, tmp_path):
    check_crashes(seed, *large, tmp_path / "site")


def test_two_runs_at_once_never_share_a_folder(large, tmp_path):
    folder = tmp_path / "site"
    first = subprocess.Popen([INGEST, "publish", "--out", folder, "--store", large[0]],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (folder / ".new").exists() and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    first.send_signal(signal.SIGSTOP)
    try:
        assert first.poll() is None, "the first run ended before it could be held"
        result = publish(large[0], folder, code=73)
        assert "another run" in result.err
    finally:
        first.send_signal(signal.SIGCONT)
        first.communicate()
    assert first.returncode == 0 and tree(folder) == large[1]


# The page for people.


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_releases_is_quiet_and_for_everyone(scheme, browser, withdrawn_server):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    for width in (390, 1280):
        with Opened(browser, withdrawn_server.url, color_scheme=scheme, viewport={"width": width, "height": 900}) as opened:
            found = axe.run(opened.page).response
            assert found["passes"] and found["violations"] == []
            assert opened.complaints == []
            assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert "Withdrawn on 2026-05-04: " + REASON in opened.page.inner_text("main")
