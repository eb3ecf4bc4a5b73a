"""What is measured: each scenario yields its cases, while the servers that they need are up.

Commands in brackets are no peers but bounds: bare programs that do what the protocol allows. "ours" runs our library
through the benchmark's own program, or the program that people run.
"""
import base64
import os
import shutil
from dataclasses import dataclass, field

import bulk as campaigns
import getters as g
import harness as h
import index
import receiving
from harness import Command

FROM, TO = "shop@example.com", "customer@example.net"
RELEASE = os.path.join(os.environ.get("CARGO_TARGET_DIR", f"{h.ROOT}/target"), "release")
HONGYAN = f"{RELEASE}/hongyan"
HONGYAN_BENCH = f"{RELEASE}/examples/hongyan-bench"
os.environ["HONGYAN_CONFIG"] = "/dev/null"


@dataclass
class Case:
    """Commands that do the same thing.

    unit: msg/s, MB/s (of the attachments' raw bytes: mb in a message) or ms (a run's wall time).
    reach: what is promised of ours: `bound` and `peer` as ratios, a peer's name as a ratio to that one, `rate` in the
    unit, `cpu` in client milliseconds a message, `rss` in MiB.
    """

    scenario: str
    title: str
    commands: dict
    n: int
    unit: str = "msg/s"
    mb: float = 0
    per: int = 1  # connections, where the rate is that of one
    check: object = None
    check_of: object = None
    before: object = None
    reach: dict = field(default_factory=dict)
    rounds: int = 0  # more than asked for, where a run is short
    timeout: int = 600
    places: dict = field(default_factory=dict)


def ours(*args, program=HONGYAN_BENCH, **more):
    return Command([program, *map(str, args)], group="ours", **more)


def fixed(port, n, conns):
    """Postfix's test client: one fixed message again and again, nothing composed."""
    return Command(["smtp-source", "-l", "2600", "-m", str(n), "-s", str(conns), "-d", "-f", FROM, "-t", TO,
                    f"127.0.0.1:{port}"], n=n, group="fixed")


def bound(port, n, conns, mode, attach=""):
    more = [f"attach={attach}"] if attach else []
    return Command([f"{h.BIN}/send_limit", f"port={port}", f"n={n}", f"conns={conns}", f"mode={mode}", *more],
                   n=n, group="bound")


def senders(port, n, conns=1, tls=0, attach="", stalled=False):
    """The sending peers. stalled: the server leaves Nagle's 40 ms a message to lettre and mail-send."""
    a = [f"port={port}", f"conns={conns}", f"tls={tls}"] + ([f"attach={attach}"] if attach else [])
    few, tenth = (min(n, 40 * conns) if stalled else n), max(n // 10, min(n, 50 * conns))
    found = {
        "lettre": Command([f"{h.BIN}/send_lettre", f"n={few}", *a], n=few),
        "mail-send": Command([f"{h.BIN}/send_mailsend", f"n={few}", *a], n=few),
        "nodemailer": Command(["node", f"{h.PEERS}/send_nodemailer.js", f"n={n}", *a], n=n),
        "aiosmtplib": Command([h.PY, f"{h.PEERS}/send_aiosmtplib.py", f"n={tenth}", *a], n=tenth),
    }
    if conns == 1:
        found["smtplib"] = Command([h.PY, f"{h.PEERS}/send_smtplib.py", f"n={tenth}", *a], n=tenth)
    return found


def bulk(title, port, n, conns, check, reach, stalled=False, chunking=False, per=1):
    """A case of S1: n small personalised messages."""
    peers = senders(port, n, conns, stalled=stalled)
    own = ours("send", f"port={port}", f"n={n}", f"conns={conns}", f"chunking={int(chunking)}", n=n)
    commands = {"ours": own, "(bound)": bound(port, n, conns, "bdat" if chunking else "data"), **peers}
    if not chunking:
        commands["smtp-source (fixed)"] = fixed(port, n, conns)
    return Case("S1", title, commands, n, per=per, check=check, reach=reach, places=dict(port=port, n=n, conns=conns))


def s1(scale):
    """2 KB of text and HTML, distinct messages, to a sink that costs next to nothing."""
    n = 10000 // scale
    small = dict(bound=0.6, **{"smtp-source (fixed)": 1.0})
    with h.sink(quick=1):
        for conns in (1, 8):
            yield bulk(f"{conns} conn., sink, no CHUNKING", h.SINK, n, conns, h.taken, small)
        for conns in (1, 8):
            reach = dict(bound=0.4, cpu=0.012, **{"mail-send": 9.0})
            case = bulk(f"{conns} conn., sink, CHUNKING", h.SINK, n, conns, h.taken, reach, chunking=True)
            many = 10 * n  # a tenth of a second is too short to measure
            case.commands["ours"] = ours("send", f"port={h.SINK}", f"n={many}", f"conns={conns}", "chunking=1", n=many)
            case.commands["(bound)"] = bound(h.SINK, many, conns, "bdat")
            yield case
    with h.sink():
        for conns in (1, 8):
            yield bulk(f"{conns} conn., stock sink, no CHUNKING", h.SINK, n, conns, h.taken, small, stalled=True)
    with h.smtp_sink():
        for conns in (1, 8):
            yield bulk(f"{conns} conn., smtp-sink", h.SMTP_SINK, n, conns, None, small, stalled=True)
    with h.sink(), h.delay(20):
        for conns in (1, 8):
            yield bulk(f"{conns} conn., 20 ms, no CHUNKING, a conn.", h.DELAY, 50 * conns, conns, h.taken,
                       dict(rate=40), stalled=True, per=conns)
        for conns in (1, 8):
            case = bulk(f"{conns} conn., 20 ms, CHUNKING, a conn.", h.DELAY, 50 * conns, conns, h.taken,
                        dict(rate=2000), chunking=True, per=conns)
            many = 2000 * conns
            case.commands["ours"] = ours("send", f"port={h.DELAY}", f"n={many}", f"conns={conns}", "chunking=1", n=many)
            case.commands["(bound)"] = bound(h.DELAY, many, conns, "bdat")
            yield case


def s2(scale):
    """As S1, after STARTTLS."""
    n = 5000 // scale
    with h.sink(tls=True, quick=1):
        for conns in (1, 8):
            commands = {"ours": ours("send", f"port={h.SINK}", f"n={n}", f"conns={conns}", "tls=1", n=n),
                        **senders(h.SINK, n, conns, tls=1)}
            yield Case("S2", f"{conns} conn., STARTTLS", commands, n, check=h.taken,
                       reach={"mail-send": 2.5} if conns == 8 else {}, places=dict(port=h.SINK, n=n, conns=conns))


def s3(scale):
    """Own greetings and one shared attachment of 1 MB."""
    n, attach = 500 // scale, f"{h.WORK}/data/1m.bin"
    with h.sink(quick=1):
        for conns in (1, 8):
            peers = senders(h.SINK, n, conns, attach=attach)
            shared = peers["lettre"]
            peers["lettre, shared body"] = Command([*shared.argv, "share=1"], n=n)
            commands = {"ours": ours("send", f"port={h.SINK}", f"n={n}", f"conns={conns}", f"attach={attach}", n=n),
                        "(bound)": bound(h.SINK, n, conns, "bdat", attach), **peers}
            yield Case("S3", f"1 MB shared, {conns} conn.", commands, n, "MB/s", mb=1, check=h.taken,
                       reach={"bound": 0.6, "mail-send": 3.0},
                       places=dict(port=h.SINK, n=n, conns=conns, attach=attach))


def prebuilt(attach, eml):
    """Writes a finished message with the attachment, in constant memory, once."""
    if os.path.exists(eml):
        return
    with open(attach, "rb") as f, open(eml, "wb") as out:
        out.write(b"From: shop@example.com\nTo: customer@example.net\nSubject: big\nMIME-Version: 1.0\n"
                  b"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n")
        while chunk := f.read(57 * 16384):
            out.write(base64.encodebytes(chunk))


def s4(scale):
    """One message with one big attachment. A "prebuilt" peer is given a finished file, so it does no base64."""
    name, mb = ("1g", 1000) if scale == 1 else ("20m", 20)
    attach, eml = f"{h.WORK}/data/{name}.bin", f"{h.WORK}/data/{name}.eml"
    prebuilt(attach, eml)
    a, env = [f"port={h.SINK}", "n=1", f"attach={attach}"], ["--mail-from", FROM, "--mail-rcpt", TO]
    commands = {
        "ours": ours("send", "--server", f"smtp://127.0.0.1:{h.SINK}", "--tls", "none", "-f", FROM, "--to", TO,
                     "-s", "big", "--text", "hello", "-a", attach, program=HONGYAN),
        "ours (library)": ours("send", *a, "conns=1"),
        "(bound)": Command([f"{h.BIN}/send_limit", "share=0", *a], group="bound"),
        "lettre": Command([f"{h.BIN}/send_lettre", *a]),
        "mail-send": Command([f"{h.BIN}/send_mailsend", *a]),
        "nodemailer, stream": Command(["node", f"{h.PEERS}/send_nodemailer.js", "stream=1", *a]),
        "smtplib": Command([h.PY, f"{h.PEERS}/send_smtplib.py", *a]),
        "curl -F": Command(["curl", "-sS", f"smtp://127.0.0.1:{h.SINK}", *env, "-F", "=hello", "-F",
                            f"=@{attach};encoder=base64", "-H", "Subject: big"]),
        "curl -T, prebuilt": Command(["curl", "-sS", f"smtp://127.0.0.1:{h.SINK}", *env, "-T", eml], group="prebuilt"),
        "msmtp, prebuilt": Command(["msmtp", "-C", "/dev/null", "--host=127.0.0.1", f"--port={h.SINK}", "--tls=off",
                                    "--auth=off", "-f", FROM, TO], stdin=eml, group="prebuilt"),
    }
    with h.sink():
        yield Case("S4", f"one attachment of {mb} MB", commands, 1, "MB/s", mb=mb, check=h.taken,
                   timeout=240, reach={"bound": 0.55, "mail-send": 3.5, "rss": 10},
                   places=dict(port=h.SINK, n=1, attach=attach, eml=eml))


def s5(scale):
    """A message with an attachment of 20 MB made into bytes, many times in one process, without a network."""
    n, attach = (50 if scale == 1 else 10), f"{h.WORK}/data/20m.bin"
    a, few = [f"n={n}", f"attach={attach}"], [f"n={n // 5}", f"attach={attach}"]
    commands = {"ours": ours("compose", *a)}
    commands |= {k: Command([f"{h.BIN}/compose", f"with={k}", *a]) for k in ("lettre", "mail-builder")}
    commands["nodemailer"] = Command(["node", f"{h.PEERS}/compose_nodemailer.js", *few], n=n // 5)
    commands["python email"] = Command([h.PY, f"{h.PEERS}/compose.py", *few], n=n // 5)
    floors = {"(lines)": "lines", "(base64-simd)": "base64-simd", "(memcpy)": "memcpy"}
    commands |= {k: Command([f"{h.BIN}/compose", f"with={v}", *a], group="floor") for k, v in floors.items()}
    yield Case("S5", "compose 20 MB", commands, n, "MB/s", mb=20, reach={"mail-builder": 0.9},
               places=dict(n=n, attach=attach))


def s9(scale):
    """One small message from a new process: start to exit."""
    eml, port = f"{h.WORK}/data/one.eml", str(h.SINK)
    with open(eml, "w") as f:
        f.write(f"From: {FROM}\r\nTo: {TO}\r\nSubject: one\r\n\r\n"
                + "A line of text, as long as lines are wont to be.\r\n" * 40)
    python = (f"import smtplib;s=smtplib.SMTP('127.0.0.1',{port});"
              f"s.sendmail('{FROM}',['{TO}'],open('{eml}','rb').read());s.quit()")
    commands = {
        "ours": ours("send", "--server", f"smtp://127.0.0.1:{port}", "--tls", "none", "-f", FROM, "--to", TO,
                     "--raw", eml, program=HONGYAN),
        "(bound)": Command([f"{h.BIN}/send_limit", "n=1", "mode=data", f"port={port}"], group="bound"),
        "curl -T": Command(["curl", "-sS", f"smtp://127.0.0.1:{port}", "--mail-from", FROM, "--mail-rcpt", TO, "-T", eml]),
        "msmtp": Command(["msmtp", "-C", "/dev/null", "--host=127.0.0.1", f"--port={port}", "--tls=off", "--auth=off",
                          "-f", FROM, TO], stdin=eml),
        "s-nail": Command(["s-nail", "-:/", "-Sv15-compat", f"-Smta=smtp://127.0.0.1:{port}", "-Ssmtp-auth=none",
                           f"-Sfrom={FROM}", "-s", "one", TO], stdin=eml),
        "swaks": Command(["swaks", "--server", f"127.0.0.1:{port}", "--from", FROM, "--to", TO, "--data", eml,
                          "--hide-all"]),
        "python smtplib": Command([h.PY, "-c", python]),
        "nodemailer": Command(["node", f"{h.PEERS}/send_nodemailer.js", "n=1", f"port={port}"]),
        "lettre": Command([f"{h.BIN}/send_lettre", "n=1", f"port={port}"]),
        "mail-send": Command([f"{h.BIN}/send_mailsend", "n=1", f"port={port}"]),
    }
    for title, quick in (("one message, stock sink", 0), ("one message, sink", 1)):
        with h.sink(quick=quick):
            yield Case("S9", title, commands, 1, "ms", check=h.taken, rounds=15 if scale == 1 else 5,
                       reach=dict(bound=1.6), places=dict(port=port, n=1, eml=eml))


def test_servers(port, box):
    """The servers of S10, which keep what they accept under `box`; in brackets, those that keep nothing."""
    aiosmtpd = [f"{h.WORK}/py/venv/bin/aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c"]
    return {
        "ours": ours("sandbox", "--quiet", "--smtp", f"127.0.0.1:{port}", "--memory", "256", program=HONGYAN),
        "ours, as files": ours("sandbox", "--quiet", "--smtp", f"127.0.0.1:{port}", "--dir", f"{box}/ours", program=HONGYAN),
        "maildev": Command(["node", f"{h.WORK}/node/node_modules/.bin/maildev", "--smtp", str(port), "--web", str(h.WEB),
                            "--ip", "127.0.0.1", "--silent", "--mail-directory", f"{box}/maildev"]),
        "sendria": Command([f"{h.WORK}/py/venv/bin/sendria", "-n", "-a", "--db", f"{box}/sendria.db", "--smtp-port",
                            str(port), "--http-port", str(h.WEB)]),
        "aiosmtpd Mailbox": Command([*aiosmtpd, "aiosmtpd.handlers.Mailbox", f"{box}/maildir"]),
        "aiosmtpd, keeps none": Command([*aiosmtpd, "aiosmtpd.handlers.Sink"], group="floor"),
        "(smtp-sink, keeps none)": Command(["smtp-sink", "-4", "-u", "postfix", f"127.0.0.1:{port}", "300"], group="floor"),
        "(sink, keeps none)": Command([f"{h.BIN}/sink", f"port={port}"], group="bound"),
    }


def real_mail(corpus):
    """The messages of a corpus of real mail in one folder; None where there is none."""
    if not corpus:
        return None
    folder = f"{h.WORK}/data/real"
    h.fresh(folder)
    kinds = {"bounce", "charset", "dkim-auth", "eai", "headers", "mime", "reports", "spam-phish"}
    with open(f"{corpus}/MANIFEST.tsv") as manifest:
        rows = [line.split("\t") for line in manifest]
    for number, row in enumerate(row for row in rows if row[1] in kinds and row[2] == "input"):
        shutil.copy(f"{corpus}/{row[0]}", f"{folder}/{number:05}")
    return folder


def s6(scale):
    """Reading a folder of mail many times in one process, everything decoded: the mailboxes of S7, and real mail."""
    g.mailboxes(scale)
    folders = {name: f"{h.WORK}/dovecot/{scale}/{name}/Maildir/cur" for name in g.BOXES}
    real = real_mail(os.environ.get("HONGYAN_CORPUS"))
    for name, folder in {**folders, **({"real mail": real} if real else {})}.items():
        mb = sum(entry.stat().st_size for entry in os.scandir(folder)) / 1e6
        n = max(1, int(2000 / scale / mb))
        a, few = [f"dir={folder}", f"n={n}"], max(1, n // 50)
        commands = {
            "ours": ours("parse", *a, n=n),
            "mail-parser": Command([f"{h.BIN}/parse", *a], n=n),
            "python email": Command([h.PY, f"{h.PEERS}/parse.py", f"dir={folder}", f"n={few}"], n=few),
        }
        yield Case("S6", f"read, {name}", commands, n, "MB/s", mb=mb, reach={"mail-parser": 1.5},
                   places=dict(n=n, dir=folder))


def s7(scale):
    return receiving.s7(Case, HONGYAN, scale)


def s8(scale):
    return receiving.s8(Case, HONGYAN, scale)


def s11(scale):
    return index.s11(Case, HONGYAN, scale)


def s12(scale):
    yield from campaigns.s12(Case, HONGYAN, f"{HONGYAN_BENCH.removesuffix('bench')}bulk-bench", senders, scale)


SCENARIOS = dict(S1=s1, S2=s2, S3=s3, S4=s4, S5=s5, S6=s6, S7=s7, S8=s8, S9=s9, S11=s11, S12=s12)
