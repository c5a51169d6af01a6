"""nginx with the configuration that samples/ ships, for one folder, as the user who runs the tests."""

import contextlib
import getpass
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import INGEST, SAMPLES

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
READER = INGEST.with_name("hosted-reader")


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes


@dataclass
class Server:
    """A folder that nginx serves below a path, as on a host with other things beside it."""

    port: int
    prefix: Path

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/data/fees/"

    def get(self, path, **headers):
        """A file by its path below the folder, or by an address of this server."""
        address = urllib.parse.urlsplit(urllib.parse.urljoin(self.url, path))
        assert address.port == self.port, f"{path} leads to another server"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", address.path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)

    @property
    def log(self):
        """(path, status, content encoding) of every answer."""
        return [line.split("|") for line in (self.prefix / "access.log").read_text().splitlines()]

    def read(self, *arguments, code=0):
        """Reads the folder with the library."""
        assert READER.is_file(), f"there is no {READER}: build it with `swift build -c release`"
        done = subprocess.run([READER, self.url, *map(str, arguments)], capture_output=True, timeout=120)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serve(folder, prefix):
    """Starts nginx for `folder` with files of its own below `prefix`."""
    if NGINX is None:
        pytest.skip("nginx is not installed; `Scripts/setup --tests` installs it")
    prefix.mkdir()
    # Not the server's root: relative links must hold where other things lie beside the folder.
    (prefix / "www" / "data").mkdir(parents=True)
    (prefix / "www" / "data" / "fees").symlink_to(folder)
    snippet = (SAMPLES / "hosting" / "nginx.conf").absolute()
    port = free_port()
    user = f"user {getpass.getuser()};" if os.getuid() == 0 else ""
    (prefix / "nginx.conf").write_text(f"""
        daemon off; pid nginx.pid; error_log error.log; worker_processes 1; {user}
        events {{ worker_connections 64; }}
        http {{
            log_format short "$uri|$status|$sent_http_content_encoding";
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            server {{
                listen 127.0.0.1:{port};
                root www;
                access_log access.log short;
                include {snippet};
            }}
        }}
        """)
    process = subprocess.Popen([NGINX, "-p", prefix, "-c", prefix / "nginx.conf", "-e", prefix / "error.log"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    server = Server(port, prefix)
    try:
        deadline = time.monotonic() + 20
        while True:
            assert process.poll() is None, process.stderr.read().decode()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "nginx does not answer"
                time.sleep(0.02)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
