"""syslog-ng and its http() destination, fed from a file as from a program's log."""

import os
import tempfile
import time

import debian
from client import BAD, COUNT, ENDPOINT, PLACES, TENANT, believes, text

CONFIGURATION = """
@version: 3.38
options { use-rcptid(yes); stats-level(1); time-reopen(1); log-msg-size(8388608); };
source lines { file("%(lines)s" flags(no-parse) follow-freq(0.2)); };
destination spillway {
  http(
    url("%(url)s")
    method("POST")
    headers("X-Tenant-ID: %(tenant)s", "Content-Type: application/x-ndjson")
    body("$(format-json --pair message=$MESSAGE --pair log_id=$HOST-$RCPTID)")
    delimiter("\\n")
    batch-lines(20) batch-timeout(200)
    retries(30)
  );
};
log { source(lines); destination(spillway); flags(flow-control); };
"""


def counter(control, name):
    """A counter of the destination."""
    stats = debian.output(debian.program("usr/sbin/syslog-ng-ctl", "stats", f"--control={control}"))
    for line in stats.decode().splitlines():
        fields = line.split(";")
        if fields[0] == "dst.http" and fields[-2] == name:
            return int(fields[-1])
    return 0


with tempfile.TemporaryDirectory() as folder:
    lines = debian.write(folder, "lines", "".join(f"{text(place)}\n" for place in PLACES))
    values = {"lines": lines, "url": f"{ENDPOINT}/records", "tenant": TENANT}
    configuration = debian.write(folder, "conf", CONFIGURATION % values)
    control = os.path.join(folder, "control")
    process = debian.start(debian.program(
        "usr/sbin/syslog-ng", "--foreground", "--no-caps", f"--cfgfile={configuration}",
        f"--persist-file={folder}/persist", f"--pidfile={folder}/pid", f"--control={control}",
        f"--module-path={debian.ROOT}/usr/lib/syslog-ng/3.38"))
    written = dropped = 0
    for _ in range(300):
        time.sleep(0.2)
        written, dropped = counter(control, "written"), counter(control, "dropped")
        if written + dropped >= COUNT:
            break
    process.terminate()
    process.wait()
refused = 0 if BAD is None else 1
believes(texts=written - refused, failed=dropped + refused)
