"""systemd-journal-upload, with a journal that systemd-journal-remote writes from its export format."""

import os
import tempfile
import time

import debian
from client import BAD, COUNT, ENDPOINT, PLACES, TENANT, believes, text

MACHINE = "0123456789abcdef0123456789abcdef"


def entry(place):
    """An entry in the journal's export format."""
    moment = int(time.time() * 1e6) + place
    return (f"__REALTIME_TIMESTAMP={moment}\n__MONOTONIC_TIMESTAMP={place + 1}\n_BOOT_ID={MACHINE}\n"
            f"_MACHINE_ID={MACHINE}\nPRIORITY=6\nSYSLOG_IDENTIFIER=shop\nMESSAGE={text(place)}\n\n")


with tempfile.TemporaryDirectory() as folder:
    journal = os.path.join(folder, "shop.journal")
    debian.output(
        debian.program("lib/systemd/systemd-journal-remote", f"--output={journal}", "-"),
        input="".join(map(entry, PLACES)).encode())
    # It ends with the first failure; its unit starts it again, from where it was.
    for _ in range(30):
        process = debian.start(debian.program(
            "lib/systemd/systemd-journal-upload", f"--url={ENDPOINT}/tenants/{TENANT}", f"--file={journal}",
            f"--save-state={folder}/state", "--follow=no"))
        if process.wait() == 0:
            break
        time.sleep(1)
taken = COUNT if process.returncode == 0 else 0
refused = 0 if BAD is None else 1
believes(texts=taken - refused, failed=COUNT - taken + refused)
