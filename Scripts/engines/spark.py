"""Spark SQL on a standalone cluster: one master and two workers on loopback, started for the questions and stopped after.

Each is a process of its own with a bounded memory: driver 1 GB, two executors of 1 GB and a core each, and 256 MB for the
master and each worker.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from .environment import UNAVAILABLE, Failure, need_program
from .postgres import ends_with_parent

WORKERS, HOST = 2, "127.0.0.1"
MEMORY, DAEMON_MEMORY = "1g", "256m"
SECONDS = 300
LOGGING = """rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %c{1}: %m%n
"""


def java():
    """Java's program, as JAVA_HOME or PATH have it."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home and (Path(home) / "bin" / "java").exists() else shutil.which("java")


class Cluster:
    """A master with its workers. `address` is what a session connects to."""

    def __enter__(self):
        need_program(java, "Java 17")
        self.folder = Path(tempfile.mkdtemp(prefix="ingest-spark-"))
        self.processes = []
        try:
            self.environment = prepared_environment(self.folder)
            port, page = free_ports(2)
            self.address, self.page = f"spark://{HOST}:{port}", f"http://{HOST}:{page}/json/"
            self._start("master", "org.apache.spark.deploy.master.Master", "--port", str(port), "--webui-port", str(page))
            self._wait(0)
            for number in range(1, WORKERS + 1):
                self._start(
                    f"worker-{number}", "org.apache.spark.deploy.worker.Worker", "--port", "0", "--webui-port", "0",
                    "--cores", "1", "--memory", MEMORY, "--work-dir", str(self.folder / f"worker-{number}"), self.address)
            self._wait(WORKERS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for how, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
            for process in reversed(self.processes):
                # A group of its own: a worker's executors are in it.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, how)
            end = time.monotonic() + seconds
            for process in self.processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=max(0.1, end - time.monotonic()))
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, name, program, *arguments):
        import pyspark

        with open(self.folder / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                [str(Path(pyspark.__file__).parent / "bin" / "spark-class"), program, "--host", HOST, *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, start_new_session=True,
                preexec_fn=ends_with_parent(signal.SIGTERM)))

    def _wait(self, workers):
        """Until the master's own page says that the workers are there."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if any(process.poll() is not None for process in self.processes):
                break
            with contextlib.suppress(OSError, ValueError):
                # The environment's proxy is not meant for loopback.
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(self.page, timeout=5) as answer:
                    if json.load(answer)["aliveworkers"] >= workers:
                        return
            time.sleep(0.1)
        said = []
        for log in sorted(self.folder.glob("*.log")):
            said += [f"{log.stem}: {line}" for line in log.read_text(errors="replace").strip().splitlines()[-3:]]
        raise Failure(UNAVAILABLE, f"Spark's cluster does not start within {SECONDS} s; {'; '.join(said)}")


def prepared_environment(folder):
    """Nothing of the user's own Spark, and everything that it writes below `folder`."""
    (folder / "conf").mkdir()
    (folder / "conf" / "log4j2.properties").write_text(LOGGING)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    return environment | {
        "SPARK_CONF_DIR": str(folder / "conf"), "SPARK_LOCAL_DIRS": str(folder), "SPARK_LOCAL_IP": HOST,
        "SPARK_DAEMON_MEMORY": DAEMON_MEMORY, "PYSPARK_PYTHON": sys.executable,
    }


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Spark:
    """The Parquet tables of a folder in Spark SQL: on a cluster of its own, or on that at `master`."""

    packages = ("pyspark",)

    def __init__(self, folder, master=None):
        self.folder, self.master, self.session = Path(folder), master, None

    def __enter__(self):
        self.ending = contextlib.ExitStack()
        try:
            if self.master is None:
                cluster = self.ending.enter_context(Cluster())
                self.master = cluster.address
                os.environ.update(cluster.environment)
            else:
                need_program(java, "Java 17")
            self.ending.callback(self._stop)
            self.session = self._session()
        except BaseException as error:
            self.ending.close()
            if isinstance(error, Failure) or not isinstance(error, Exception):
                raise
            said = " ".join(str(error).split())[:500]
            raise Failure(UNAVAILABLE, f"Spark gives no session at {self.master}: {said}") from None
        return self

    def __exit__(self, *_):
        self.ending.close()

    def _session(self):
        from pyspark.sql import SparkSession

        settings = {
            "spark.driver.host": HOST, "spark.driver.bindAddress": HOST, "spark.driver.memory": MEMORY,
            "spark.executor.memory": "640m", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false",
            "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "4",
            # A label such as RVU26A is text, whatever it looks like.
            "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
            # No digit of a decimal is given up in silence.
            "spark.sql.ansi.enabled": "true", "spark.sql.decimalOperations.allowPrecisionLoss": "false",
        }
        builder = SparkSession.builder.master(self.master).appName("ingest")
        for name, value in settings.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()

    def _stop(self):
        """The session, and the driver's Java too."""
        from pyspark import SparkContext

        gateway = SparkContext._gateway
        with contextlib.suppress(Exception):
            if self.session is not None:
                self.session.stop()
        if gateway is not None:
            with contextlib.suppress(Exception):
                gateway.shutdown()
            SparkContext._gateway = SparkContext._jvm = None
            gateway.proc.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                gateway.proc.wait(timeout=15)
            gateway.proc.kill()

    def open(self, table):
        self.session.read.option("mergeSchema", "true").parquet(str(self.folder / table)).createOrReplaceTempView(table)

    def ask(self, sql):
        """Names of the columns, and the rows as Python's values."""
        found = self.session.sql(sql)
        return found.columns, [tuple(row) for row in found.collect()]
