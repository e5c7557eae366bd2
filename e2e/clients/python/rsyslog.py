"""rsyslog and its module for Elasticsearch, fed from a file."""

import json
import os
import tempfile
import time

import debian
from client import BAD, COUNT, HOST, PLACES, PORT, TENANT, believes, text

CONFIGURATION = """
global(workDirectory="%(folder)s" maxMessageSize="8m")
module(load="%(modules)s/imfile" mode="polling" pollingInterval="1")
module(load="%(modules)s/omelasticsearch")
module(load="%(modules)s/impstats" interval="1" format="json" log.file="%(folder)s/stats" log.syslog="off")
template(name="document" type="list" option.jsonf="on") {
  property(outname="message" name="msg" format="jsonf")
}
input(type="imfile" file="%(lines)s" tag="shop" ruleset="spillway")
ruleset(name="spillway" queue.type="linkedlist" queue.timeoutshutdown="20000") {
  action(type="omelasticsearch" server="%(host)s" serverport="%(port)s" uid="%(tenant)s" pwd="-" searchIndex="shop"
    searchType="" bulkmode="on" template="document" errorfile="%(folder)s/errors"
    action.resumeRetryCount="-1" action.resumeInterval="1")
}
"""


def stats(folder):
    """The last counters of the module."""
    last = {}
    path = os.path.join(folder, "stats")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                if '"omelasticsearch"' in line:
                    last = json.loads(line[line.index("{"):])
    return last


with tempfile.TemporaryDirectory() as folder:
    lines = debian.write(folder, "lines", "".join(f"{text(place)}\n" for place in PLACES))
    modules = f"{debian.ROOT}/usr/lib/x86_64-linux-gnu/rsyslog"
    values = {"folder": folder, "lines": lines, "modules": modules, "host": HOST, "port": PORT,
              "tenant": TENANT}
    configuration = debian.write(folder, "conf", CONFIGURATION % values)
    process = debian.start(debian.program(
        "usr/sbin/rsyslogd", "-n", "-f", configuration, "-i", f"{folder}/pid", "-M", modules))
    seen = {}
    for _ in range(300):
        time.sleep(0.2)
        seen = stats(folder)
        if seen.get("response.success", 0) + seen.get("response.bad", 0) >= COUNT:
            break
    process.terminate()
    process.wait()
print(seen)
believes(texts=seen.get("response.success", 0), failed=seen.get("response.bad", 0))
