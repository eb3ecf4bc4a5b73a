#!/usr/bin/env python3
"""A campaign of a million rows into the sink: what memory it takes, whether it slows down, and how large its ledger becomes.

    bench/million.py [ROWS]
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import bulk
import harness as h

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
HONGYAN = os.path.join(os.environ.get("CARGO_TARGET_DIR", f"{h.ROOT}/target"), "release", "hongyan")


def status(pid, key):
    """A figure of /proc/PID/status in MiB."""
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith(key))


def watched(process):
    """Once a second while it sends: how many letters arrived, and the memory it takes."""
    seconds, began, prepared, peak = [], time.monotonic(), None, 0
    while process.poll() is None:
        time.sleep(1)
        try:
            peak, now = status(process.pid, "VmHWM"), status(process.pid, "VmRSS")
        except (OSError, StopIteration):
            break
        arrived = h.taken()
        if arrived and prepared is None:
            prepared = time.monotonic() - began
        if prepared is not None:
            seconds.append((arrived, now))
    process.wait()
    return seconds, prepared, peak, time.monotonic() - began


def main():
    folder = bulk.campaign(f"small-{ROWS}", ROWS)
    bulk.begun_anew(folder)
    data = tempfile.mkdtemp()
    environment = dict(os.environ, HONGYAN_CONFIG="/dev/null", XDG_DATA_HOME=data)
    with h.sink(quick=1):
        command = [HONGYAN, "bulk", "run", folder, "--server", f"smtp://127.0.0.1:{h.SINK}", "--tls", "none"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        seconds, prepared, peak, all_of_it = watched(process)
    shutil.rmtree(data)
    whole = seconds[1:-1]  # the first and the last second are not
    fifth = max(1, len(whole) // 5)
    first, last = (sum(n for n, _ in part) / fifth for part in (whole[:fifth], whole[-fifth:]))
    ledger = sum(os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder) if name.startswith("ledger.sqlite"))
    print(f"exit {process.returncode}; checked and loaded in {prepared:.0f} s, {all_of_it:.0f} s in all")
    print(f"peak {peak:.1f} MiB; while sending {whole[0][1]:.1f} MiB at first, {whole[-1][1]:.1f} at last")
    print(f"{first:,.0f} msg/s in the first fifth, {last:,.0f} in the last: {last / first:.2f}")
    print(f"ledger: {ledger / ROWS:.0f} octets a row")
    sys.exit(process.returncode)


main()
