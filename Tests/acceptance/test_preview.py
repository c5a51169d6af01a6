"""`ingest preview`: the page of a code follows its overlay, mistakes included, and is for this machine alone."""

import http.client
import os
import select
import shutil
import signal
import socket
import subprocess
import time
from urllib.parse import urlsplit

import pytest

from pages import Opened, Reader
from support import INGEST, SAMPLE_INPUTS, SAMPLE_OVERLAYS, SAMPLE_RVU, environment, ingest


class Preview:
    """`ingest preview J7308`, running."""

    def __init__(self, folder, *extra):
        self.overlays = folder / "overlays"
        shutil.copytree(SAMPLE_OVERLAYS, self.overlays)
        self.overlay = self.overlays / "codes" / "J7308.yaml"
        self.err = open(folder / "stderr", "w+")
        self.process = subprocess.Popen(
            [str(INGEST), "preview", "J7308", "--release", "RVU26A", *(part for path in SAMPLE_INPUTS for part in ("--input", path)),
             "--overlays", self.overlays, *extra], stdout=subprocess.PIPE, stderr=self.err, env=environment(), text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        self.address = self.process.stdout.readline().strip() if ready else ""
        assert self.address.startswith("http://127.0.0.1:"), self.said()
        self.port = urlsplit(self.address).port

    def said(self):
        self.err.flush()
        return open(self.err.name).read()

    def get(self, path=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path or urlsplit(self.address).path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()

    def edit(self, old, new):
        text = self.overlay.read_text()
        assert old in text
        self.overlay.write_text(text.replace(old, new))

    def wait(self, words):
        """The page as soon as it has these words."""
        for _ in range(150):
            page = self.get()[2]
            if words in page:
                return page
            time.sleep(0.1)
        raise AssertionError(f"the page never said {words!r}\n{self.said()}")

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(timeout=20)


@pytest.fixture
def preview(tmp_path):
    started = Preview(tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()


def test_the_page_is_that_of_the_site(preview, samples, tmp_path):
    status, headers, source = preview.get()
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    assert ingest("site", "--out", tmp_path / "site", "--store", samples.store, "--only", "J7308").code == 0
    page, published = Reader(source), Reader((tmp_path / "site" / "codes" / "J7308.html").read_text())
    # A history is of what was published.
    published.texts.pop("history")
    assert page.heading == published.heading and page.names == published.names and page.texts == published.texts
    assert page.structured_data[0]["@graph"][0]["about"] == published.structured_data[0]["@graph"][0]["about"]
    assert page.facts["record"] == published.facts["record"]
    for link in page.links:
        if link.startswith("../assets/"):
            assert preview.get(link.removeprefix(".."))[0] == 200, link
    assert preview.get("/")[2] == source
    assert "99213" in preview.get("/codes/99213.html")[2]
    assert preview.get("/codes/X0000.html")[0] == preview.get("/etc/passwd")[0] == preview.get("/../secret")[0] == 404


def test_a_saved_text_a_mistake_and_its_mending_are_seen_without_a_reload(preview, browser):
    with Opened(browser, preview.address) as opened:
        assert "Levulan Kerastick" in opened.page.locator("h1").inner_text()
        preview.edit("title: Levulan Kerastick (aminolevulinic acid), topical solution", "title: A new name")
        opened.page.locator("h1", has_text="A new name").wait_for(timeout=20_000)
        preview.edit("synonyms:", "synonims:")
        opened.page.locator("h1", has_text="mistakes").wait_for(timeout=20_000)
        line = preview.overlay.read_text().split("synonims")[0].count("\n") + 1
        assert f"codes/J7308.yaml:{line}:1" in opened.page.locator("main").inner_text()
        assert "A new name" not in opened.page.content(), "nothing stale is shown"
        assert "J7308.yaml" in preview.said() and "synonims" in preview.said()
        preview.edit("synonims:", "synonyms:")
        opened.page.locator("h1", has_text="A new name").wait_for(timeout=20_000)
        assert opened.complaints == []


def test_broken_yaml_is_an_error_at_its_line(preview):
    preview.overlay.write_text("code: J7308\ntitle: [unclosed\n")
    assert "J7308.yaml:" in preview.wait("mistakes")
    shutil.copyfile(SAMPLE_OVERLAYS / "codes" / "J7308.yaml", preview.overlay)
    preview.wait("Kerastick")


def test_events_come_when_a_text_was_saved(preview):
    status, headers, first = preview.get("/events")
    assert status == 200 and headers["Content-Type"] == "text/event-stream" and "data: 1\n" in first
    preview.edit("Levulan Kerastick (", "Changed (")
    assert "data: 2\n" in preview.get("/events", **{"Last-Event-ID": "1"})[2]


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org:80", "localhost.example.org", ""])
def test_a_host_of_another_name_is_refused(host, preview):
    status, _, source = preview.get(Host=host)
    assert status == 421 and "J7308" not in source


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_this_machine_by_either_name_is_served(host, preview):
    assert preview.get(Host=f"{host}:{preview.port}")[0] == 200


def talk(preview, *pieces, pause=0.0):
    """What comes back for these bytes until the connection ends."""
    with socket.create_connection(("127.0.0.1", preview.port), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        said = b""
        while part := connection.recv(65536):
            said += part
    return said


def test_a_request_that_comes_in_pieces_is_answered_as_a_whole(preview):
    path = urlsplit(preview.address).path.encode()
    request = b"GET " + path + b"?x=%20 HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"
    said = talk(preview, *(request[i : i + 7] for i in range(0, len(request), 7)), pause=0.01)
    head, body = said.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n") and b"Connection: close" in head
    assert f"Content-Length: {len(body)}".encode() in head and body.decode() == preview.get()[2]


@pytest.mark.parametrize("bytes_", [
    b"\r\n\r\n", b"GET\r\n\r\n", b"GET / SMTP\r\n\r\n", b"GET %zz HTTP/1.1\r\n\r\n", b"GET /%zz HTTP/1.1\r\n\r\n",
    bytes(range(256)) + b"\r\n\r\n"])
def test_what_is_no_request_has_no_answer_and_does_not_disturb_the_next(bytes_, preview):
    assert talk(preview, bytes_) == b""
    with socket.create_connection(("127.0.0.1", preview.port), timeout=30) as gone:
        gone.sendall(b"GET / HTTP")
    assert preview.get()[0] == 200


def test_a_head_without_end_is_not_read_for_ever(preview):
    try:
        assert talk(preview, b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000) == b""
    except OSError:
        pass  # It hung up while we were still talking.
    assert preview.get()[0] == 200


@pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE"])
def test_nothing_but_reading_is_offered(method, preview):
    said = talk(preview, f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 405 ")


def test_it_listens_on_this_machine_alone(preview):
    ports = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}").read().splitlines()[1:]]
    listening = {fields[1].split(":")[0] for fields in ports if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == preview.port}
    assert listening == {"0100007F"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(number, preview):
    assert preview.end(number) == 0
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", preview.port), timeout=1)


def test_a_port_that_is_taken_is_said(preview, tmp_path):
    result = ingest(
        "preview", "J7308", "--release", "RVU26A", "--input", SAMPLE_RVU, "--overlays", SAMPLE_OVERLAYS, "--port", preview.port)
    assert result.code == 69 and str(preview.port) in result.err and "--port" in result.err and result.out == b"", result


def test_an_unknown_code_is_said_at_once():
    result = ingest("preview", "X0000", "--release", "RVU26A", "--input", SAMPLE_RVU, "--overlays", SAMPLE_OVERLAYS)
    assert result.code == 2 and "X0000" in result.err and os.linesep in result.err, result
