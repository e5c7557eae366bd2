"""Programs of Debian's packages, unpacked in a folder of their own and run without installing them."""

import os
import subprocess
import sys

ROOT = os.environ["DEBIAN"]
"""Where the packages are unpacked."""
LIBRARIES = [f"{ROOT}/{path}" for path in
             ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/syslog-ng")]
ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": ":".join(LIBRARIES)}


def program(path, *arguments):
    """The arguments that start a program of a package."""
    return [f"{ROOT}/{path}", *arguments]


def start(command, **options):
    """Starts it; what it prints is for whoever reads the log of a failed test."""
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=sys.stderr, **options)


def output(command, **options):
    """What it prints."""
    return subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, check=False,
                          **options).stdout


def write(folder, name, content):
    """A file in the folder, and its path."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    return path
