"""Runs what docs/ARCHIVE.md says to DuckDB, on the data of a running spillway that it starts.

usage: .ci/archive.py SPILLWAY
"""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

import duckdb

ROOT = pathlib.Path(__file__).resolve().parent.parent
DAY = datetime.date(2025, 5, 1)
# What each query of the page finds.
EXPECTED = [
    [("shop", DAY, "/", 1), ("shop", DAY, "/pricing", 1)],
    [("shop", "GET /pricing", 2)],
    [("shop", "/", 1), ("shop", "/pricing", 1)],
]
LINE = '203.0.113.7 - - [01/May/2025:10:00:10 +0000] "GET /pricing HTTP/1.1" 200 512 "-" "curl/8.5.0"\n'


def start(program, folder):
    """Starts the server in the folder, and returns it with its address."""
    environment = {
        "PORT": "0", "AGGREGATE_SECONDS": "1", "WORK_SECONDS_PER_CHAR": "0", "LOG_REQUESTS": "off",
    }
    server = subprocess.Popen(
        [program], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    return server, re.search(r"http://\S+", server.stdout.readline())[0]


def post(url, content_type, body):
    headers = {"Content-Type": content_type, "X-Tenant-ID": "shop"}
    request = urllib.request.Request(url, body.encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202, answer.status


def view(url, number, path):
    event = {
        "site_id": "shop", "event_type": "page_view", "event_id": f"e-{number}", "user_id": "u-1",
        "path": path, "timestamp": f"{DAY}T10:00:00Z",
    }
    post(f"{url}/event", "application/json", json.dumps(event))


def wait_for(file):
    """Until the recount has everything: the two views, and the day of the two requests."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        rows = [json.loads(row) for row in file.read_text().splitlines()] if file.exists() else []
        counts = {(row["dimension"], row["grain"], row["value"]): row["count"] for row in rows}
        if counts.get(("event_type", "all", "page_view")) == 2 and counts.get(("requests", "day", "all")) == 2:
            return
        time.sleep(0.1)
    sys.exit(f"{file} does not have what was sent")


def queries():
    """The statements of the page's blocks, in order."""
    page = (ROOT / "docs/ARCHIVE.md").read_text()
    blocks = "".join(re.findall(r"^```sql\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    return [it for it in blocks.split(";\n") if it.strip()]


def check(what):
    connection = duckdb.connect()
    found = [connection.execute(query).fetchall() for query in queries()]
    found = [rows for rows in found if rows]
    assert found == EXPECTED, f"\n{found}\ninstead of\n{EXPECTED}"
    print(f"{what}: {len(found)} queries find what was sent")


def compress():
    """As the server does with the files of days that are over."""
    for file in pathlib.Path("spillway-data/archive").glob("*/*/*.ndjson"):
        lines = "columns = {id: 'BIGINT', attributes: 'JSON', data: 'VARCHAR'}"
        duckdb.execute(
            f"COPY (FROM read_json('{file}', {lines})) TO '{file}.zst' (FORMAT json, COMPRESSION zstd)")
        file.unlink()


def main():
    program = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        server, url = start(program, folder)
        try:
            # One came twice, and is twice in the archive.
            for number, path in [(1, "/pricing?a=b"), (2, "/"), (1, "/pricing?a=b")]:
                view(url, number, path)
            post(f"{url}/logs", "text/plain", LINE * 2)
            post(f"{url}/ingest", "text/plain", "a text")
            wait_for(pathlib.Path(folder, "spillway-data/analytics/report.ndjson"))
        finally:
            server.terminate()
            server.wait(20)
        os.chdir(folder)
        check("the archive as it was written")
        compress()
        check("a compressed archive")
        os.chdir(ROOT)


main()
