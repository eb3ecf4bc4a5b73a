"""Starts servers on 127.0.0.1, runs each command in turn, round by round, and measures it."""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
WORK = os.environ.get("HB_WORK", f"{HERE}/work")
BIN = f"{WORK}/target/release"
PY = f"{WORK}/py/venv/bin/python"
PEERS = f"{HERE}/peers"
os.environ["HB_DATA"] = f"{HERE}/data"
os.environ["HB_NODE"] = f"{WORK}/node"
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


# One port for each role in a run, so that whatever else listens on this machine is left alone.
SINK, SMTP_SINK, DELAY, SANDBOX, WEB = (free_port() for _ in range(5))


class Server:
    """A server process of our own, ended by its pid. cpu(): seconds that it and its children have used."""

    def __init__(self, argv, port, **kw):
        self.log = open(f"{WORK}/server-{os.path.basename(argv[0])}.log", "w")
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True, **kw)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"{argv[0]} does not listen on {port}: see {self.log.name}")

    def pids(self):
        children = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                parent = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1]
            except OSError:
                continue
            children.setdefault(int(parent), []).append(int(pid))
        found = [self.process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu(self):
        ticks = 0
        for pid in self.pids():
            try:
                fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks += sum(int(x) for x in fields[11:15])
        return ticks / TICK

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def sink(tls=False, quick=0):
    """Our sink. quick=1: it acknowledges at once, so that Nagle costs no client 40 ms."""
    keys = [f"cert={WORK}/cert.pem", f"key={WORK}/key.pem"] if tls else []
    return Server([f"{BIN}/sink", f"port={SINK}", f"quickack={quick}", *keys], SINK)


def smtp_sink():
    """Postfix's test server, which offers neither CHUNKING nor TLS."""
    return Server(["smtp-sink", "-4", "-u", "postfix", "-m", "300", f"127.0.0.1:{SMTP_SINK}", "300"], SMTP_SINK)


def delay(ms, to=SINK):
    """Stands before our sink, or another port, and adds a round trip of `ms`."""
    return Server([f"{BIN}/delayproxy", f"listen={DELAY}", f"to={to}", f"ms={ms}"], DELAY)


def taken():
    """The messages that our sink took since it was last asked."""
    with socket.create_connection(("127.0.0.1", SINK)) as s, s.makefile("rwb") as f:
        f.readline()
        f.write(b"XSTAT\r\n")
        f.flush()
        return int(f.readline().split()[1])


class Command:
    """What one peer runs. n: messages it sends; stdin: a file; group: ours, bound or peer."""

    def __init__(self, argv, n=None, stdin=None, group="peer"):
        self.argv, self.n, self.stdin, self.group = argv, n, stdin, group


def once(command, timeout):
    """Runs one command: wall and CPU seconds, peak MiB of the process tree, exit status; None when too slow."""
    out = f"{WORK}/runm-{os.getpid()}"
    with open(f"{WORK}/peer.log", "w") as log, open(command.stdin or os.devnull, "rb") as inp:
        p = subprocess.Popen([f"{BIN}/runm", out, *command.argv], stdin=inp, stdout=log, stderr=log, start_new_session=True)
        try:
            p.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            return None
    wall, user, system, rss, code = open(out).read().split()
    os.unlink(out)
    # A command may leave out what it prepares.
    measured = re.search(r"^measured: ([0-9.]+) s$", open(f"{WORK}/peer.log", errors="replace").read(), re.M)
    return dict(wall=float(measured[1] if measured else wall), cpu=float(user) + float(system), rss=int(rss) / 1024, code=int(code))


def failure(result):
    """Why a run does not count, or None."""
    if result is None:
        return "too slow"
    if result["code"]:
        said = open(f"{WORK}/peer.log", errors="replace").read()[-200:].replace("\n", " | ")
        return f"exit {result['code']}: {said}"
    return None


def measure(commands, rounds, n, check=None, timeout=600, before=None, check_of=None):
    """Runs every command once a round. Returns name -> list of results, a round each, and name -> why it dropped out.

    check(): the messages that arrived since it was last called; check_of(name): those that this command left somewhere.
    before(name) is called, uncounted, before each run. Each result gains `amount`, the messages sent.
    """
    got = {name: [] for name in commands}
    bad = {name: f"no program {c.argv[0]}" for name, c in commands.items() if not shutil.which(c.argv[0])}
    for _ in range(rounds):
        for name, command in commands.items():
            if name in bad:
                continue
            if check:
                check()
            if before:
                before(name)
            result = once(command, timeout)
            why = failure(result)
            amount = command.n or n
            if not why and check and (arrived := check()) != amount:
                why = f"{arrived} of {amount} arrived"
            if not why and check_of and (left := check_of(name)) != amount:
                why = f"{left} of {amount} were kept"
            if why:
                bad[name] = why
                continue
            result["amount"] = amount
            got[name].append(result)
    return {name: runs for name, runs in got.items() if runs and name not in bad}, bad


def chosen(commands, only, added, places):
    """The commands whose names match `only`, and the added ones: NAME=COMMAND with {places} filled in."""
    kept = {name: c for name, c in commands.items() if re.search(only, name)}
    for text in added:
        name, line = text.split("=", 1)
        for place, value in places.items():
            line = line.replace("{%s}" % place, str(value))
        kept[name] = Command(shlex.split(line), group="added")
    return kept


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path
