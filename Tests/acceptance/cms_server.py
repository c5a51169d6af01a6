"""A stand-in for CMS's site on this machine: a real HTTP server that can misbehave in every way that is known.

What it answers at a path is a function of the request; those below are the kinds. It listens on 127.0.0.1 only.
"""

import collections
import email.utils
import hashlib
import io
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RVU_INDEX = "/medicare/payment/fee-schedules/physician/pfs-relative-value-files"
HCPCS_INDEX = "/medicare/coding-billing/healthcare-common-procedure-system/quarterly-update"
BLOCK = 1 << 16


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        # A proxy is asked for whole addresses.
        path = "/" + self.path.split("://", 1)[1].split("/", 1)[1] if "://" in self.path else self.path
        self.requested = path
        with self.server.lock:
            self.server.requests.append(Request(self.path, path, dict(self.headers.items()), self.command))
            answer = self.server.routes.get(path) or self.server.routes.get(path.split("?")[0]) or not_found
        try:
            answer(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *arguments):
        pass

    def head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def sent(self, data):
        self.wfile.write(data)
        with self.server.lock:
            self.server.body_bytes += len(data)

    def hang_up(self):
        """Ends the connection here and now."""
        self.wfile.flush()
        self.close_connection = True


Request = collections.namedtuple("Request", "line path headers method")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes = {}
        self.requests = []
        self.body_bytes = 0
        self.lock = threading.Lock()
        self.scheme = "http"

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def paths(self):
        with self.lock:
            return [request.path for request in self.requests]

    def asked(self, path):
        with self.lock:
            return [request for request in self.requests if request.path.split("?")[0] == path]

    def forget(self):
        with self.lock:
            self.requests.clear()
            self.body_bytes = 0

    def handle_error(self, request, client_address):
        pass

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


# Answers.


def not_found(handler):
    page("<html><head><title>Page Not Found | CMS</title></head></html>", 404)(handler)


def page(html, status=200):
    """A web page."""
    data = html.encode()

    def answer(handler):
        handler.head(status, Content_Type="text/html; charset=UTF-8", Content_Length=len(data))
        handler.sent(data)

    return answer


def status(code, **headers):
    def answer(handler):
        handler.head(code, Content_Length=0, **headers)

    return answer


def redirect(to, code=301):
    return status(code, Location=to)


def in_turn(*answers):
    """One answer after the other; the last stays."""
    left = list(answers)
    lock = threading.Lock()

    def answer(handler):
        with lock:
            current = left.pop(0) if len(left) > 1 else left[0]
        current(handler)

    return answer


def etag_of(data):
    return f'"{hashlib.sha256(data).hexdigest()[:16]}"'


def file(data, etag=True, date=None, ranges=True):
    """A file as an honest server gives it: tags, ranges and conditions included."""
    tag = etag_of(data) if etag is True else etag or None

    def answer(handler):
        asked = handler.headers
        validators = {"ETag": tag, "Last_Modified": date, "Accept_Ranges": "bytes" if ranges else None}
        if tag and asked.get("If-None-Match") == tag or not tag and date and asked.get("If-Modified-Since") == date:
            return handler.head(304, **validators)
        start = range_start(asked) if ranges else None
        if start is not None and asked.get("If-Range") in (None, tag, date):
            if start >= len(data):
                return handler.head(416, Content_Range=f"bytes */{len(data)}", Content_Length=0)
            handler.head(
                206, Content_Length=len(data) - start, Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}",
                **validators)
            return handler.sent(data[start:])
        handler.head(200, Content_Type="application/zip", Content_Length=len(data), **validators)
        handler.sent(data)

    return answer


def range_start(headers):
    text = headers.get("Range", "")
    return int(text[6:-1]) if text.startswith("bytes=") and text.endswith("-") else None


def cut(data, after, etag=True, date=None, stated=None):
    """States the whole length, or `stated`, and hangs up `after` bytes further on."""
    tag = etag_of(data) if etag is True else etag or None

    def answer(handler):
        start = range_start(handler.headers) or 0
        if handler.headers.get("If-Range") not in (tag, date):
            start = 0
        length = stated or len(data)
        headers = {"ETag": tag, "Last_Modified": date, "Content_Length": length - start}
        if start:
            handler.head(206, Content_Range=f"bytes {start}-{length - 1}/{length}", **headers)
        else:
            handler.head(200, **headers)
        handler.sent(data[start:start + after])
        handler.hang_up()

    return answer


def unstated(data):
    """No length at all: the end of the connection is the end of the body."""

    def answer(handler):
        handler.head(200, Connection="close")
        handler.sent(data)
        handler.hang_up()

    return answer


def chunked(data):
    def answer(handler):
        handler.head(200, Transfer_Encoding="chunked")
        for start in range(0, len(data), BLOCK):
            block = data[start:start + BLOCK]
            handler.sent(b"%x\r\n%b\r\n" % (len(block), block))
        handler.sent(b"0\r\n\r\n")

    return answer


def wrong_length(data, stated):
    """Sends all of it and states another length."""

    def answer(handler):
        handler.head(200, Content_Length=stated, Connection="close")
        handler.sent(data)
        handler.hang_up()

    return answer


def slow(data, block, pause, limit=60, etag=True):
    """A block at a time."""
    tag = etag_of(data) if etag is True else etag or None

    def answer(handler):
        handler.head(200, Content_Length=len(data), ETag=tag)
        deadline = time.monotonic() + limit
        for start in range(0, len(data), block):
            handler.sent(data[start:start + block])
            time.sleep(pause)
            if time.monotonic() > deadline:
                return handler.hang_up()

    return answer


def stalls(data, after, seconds=20):
    """Falls silent in the middle."""

    def answer(handler):
        handler.head(200, Content_Length=len(data), ETag=etag_of(data))
        handler.sent(data[:after])
        time.sleep(seconds)
        handler.hang_up()

    return answer


def silent(seconds=20):
    """Takes the request and says nothing."""

    def answer(handler):
        time.sleep(seconds)
        handler.hang_up()

    return answer


def raw(data):
    """These very bytes in place of an HTTP answer."""

    def answer(handler):
        handler.sent(data)
        handler.hang_up()

    return answer


def endless(limit=1 << 31):
    """An archive that never ends."""

    def answer(handler):
        handler.head(200, Connection="close")
        handler.sent(b"PK\x03\x04")
        block = bytes(BLOCK)
        for _ in range(limit // BLOCK):
            handler.sent(block)
        handler.hang_up()

    return answer


# Archives.


def rvu_archive(released="12/23/2024", member="PPRRVU25_JAN.csv", padding=0, **others):
    """A small archive with a PPRRVU that says when it was released. The bytes behind it do not shrink."""
    members = {member: f"preamble\r\n,,\r\nRELEASED {released},,,\r\n,,\r\n".encode()}
    members.update({name.replace("_csv", ".csv"): data for name, data in others.items()})
    if padding:
        members["padding.bin"] = hashlib.shake_256(released.encode()).digest(padding)
    return archive(members)


def archive(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members.items():
            target.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


HCPCS_ARCHIVE = archive({"HCPC2025_JAN_ANWEB.txt": b"one line\r\n"})


def http_date(seconds):
    return email.utils.formatdate(seconds, usegmt=True)
