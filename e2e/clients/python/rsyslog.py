"""rsyslog and its omelasticsearch, fed from a file as from a program's log."""

import json
import os
import tempfile
import time

import debian
from client import BAD, COUNT, ENDPOINT, PLACES, TENANT, believes, text

CONFIGURATION = """
global(workDirectory="%(folder)s" maxMessageSize="8m")
module(load="imfile" mode="polling" pollingInterval="1")
module(load="omelasticsearch")
module(load="impstats" interval="1" format="json" resetCounters="off" log.syslog="off"
  log.file="%(folder)s/statistics")
template(name="document" type="string" string="{\\"message\\":\\"%%msg:::json%%\\"}")
template(name="id" type="string" string="%%uuid%%")
ruleset(name="spillway") {
  action(
    type="omelasticsearch" server="%(url)s/elasticsearch" uid="%(tenant)s" pwd="-" searchType=""
    bulkmode="on" template="document" bulkid="id" dynbulkid="on" errorFile="%(folder)s/refused"
    action.resumeRetryCount="-1" action.resumeInterval="1"
    queue.type="LinkedList" queue.dequeueBatchSize="20" queue.timeoutShutdown="60000"
  )
}
input(type="imfile" file="%(lines)s" tag="shop" ruleset="spillway")
"""


def content(folder, name):
    """What is in a file; nothing if there is none."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def submitted(folder):
    """How many records it has begun to send, as it said last."""
    count = 0
    for line in content(folder, "statistics").splitlines():
        # A time comes first. The last line may be half written.
        try:
            said = json.loads(line[line.index("{"):])
        except ValueError:
            continue
        if said.get("name") == "omelasticsearch":
            count = said["submitted"]
    return count


with tempfile.TemporaryDirectory() as folder:
    lines = debian.write(folder, "lines", "".join(f"{text(place)}\n" for place in PLACES))
    values = {"folder": folder, "lines": lines, "url": ENDPOINT, "tenant": TENANT}
    configuration = debian.write(folder, "conf", CONFIGURATION % values)
    process = debian.start(debian.program(
        "usr/sbin/rsyslogd", "-n", "-f", configuration, "-i", f"{folder}/pid",
        "-M", f"{debian.ROOT}/usr/lib/x86_64-linux-gnu/rsyslog"))
    for _ in range(300):
        if submitted(folder) >= COUNT:
            break
        time.sleep(0.2)
    # It sends what it has before it ends.
    process.terminate()
    process.wait()
    # Requests that were refused, or of which a part was, are there as a whole.
    failed = content(folder, "refused").count(r'{\"index\":')
believes(texts=COUNT - failed, failed=failed)
