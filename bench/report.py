"""The figures of a case: a line for each command, and its row of docs/performance.md."""
import datetime
import os
import platform
import statistics
from dataclasses import dataclass, field


@dataclass
class Row:
    """A case's row. missed: what ours did not reach."""

    case: object
    cells: list
    missed: list = field(default_factory=list)


def rate(case, run):
    """A run's figure in the case's unit."""
    if case.unit == "ms":
        return 1000 * run["wall"]
    return run["amount"] * (case.mb or 1) / run["wall"] / case.per


def median(runs, of):
    return statistics.median(of(run) for run in runs)


def number(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def ratio(case, runs, others):
    """Ours to another, round by round, and of these the median. Of times, where the unit is one."""
    return statistics.median(rate(case, a) / rate(case, b) for a, b in zip(runs, others))


def line(case, name, runs):
    rates = [rate(case, r) for r in runs]
    cpu = median(runs, lambda r: 1000 * r["cpu"] / r["amount"])
    return (f"  {name:<24} {number(statistics.median(rates)):>9} {case.unit:<5} "
            f"({number(min(rates))}..{number(max(rates))})  client {cpu:.4f} ms/msg, "
            f"{median(runs, lambda r: r['rss']):.1f} MiB")


def promises(case, runs, got, bound, best):
    """What ours is to reach: (text, whether it did)."""
    lower = case.unit == "ms"
    for what, goal in case.reach.items():
        if what == "rate":
            yield f"≥ {number(goal)} {case.unit}", median(runs, lambda r: rate(case, r)) >= goal
        elif what == "most":
            yield f"≤ {number(goal)} {case.unit}", median(runs, lambda r: rate(case, r)) <= goal
        elif what == "rss":
            yield f"≤ {goal} MiB", median(runs, lambda r: r["rss"]) <= goal
        elif what == "cpu":
            yield f"≤ {goal} ms CPU/msg", median(runs, lambda r: 1000 * r["cpu"] / r["amount"]) <= goal
        else:
            other = {"bound": bound, "peer": best}.get(what, what)
            if other in got:
                reached = ratio(case, runs, got[other])
                yield f"{'≤' if lower else '≥'} {goal} × {what}", reached <= goal if lower else reached >= goal


def show(case, commands, got, bad):
    """Prints the case's lines; returns its row."""
    print(f"\n{case.scenario} {case.title}", flush=True)
    for name, runs in got.items():
        print(line(case, name, runs), flush=True)
    for name, why in bad.items():
        print(f"  {name:<24} does not count: {why}", flush=True)

    def of_group(group):
        return [name for name in got if commands[name].group == group]

    best = (min if case.unit == "ms" else max)(
        of_group("peer"), key=lambda name: median(got[name], lambda r: rate(case, r)), default=None)
    bound = next(iter(of_group("bound")), None)
    own = got.get("ours")
    figure = lambda runs: number(median(runs, lambda r: rate(case, r)))
    ratio_to = lambda name: f"{ratio(case, own, got[name]):.2f}" if own and name else "–"
    reached = list(promises(case, own, got, bound, best)) if own else []
    mine = "–"
    if own:
        mine = f"{figure(own)} {case.unit}, {median(own, lambda r: 1000 * r['cpu'] / r['amount']):.3f} ms CPU/msg"
        if "rss" in case.reach:
            mine += f", {median(own, lambda r: r['rss']):.1f} MiB"
    cells = [
        case.scenario,
        case.title,
        mine,
        f"{best} {figure(got[best])}" if best else "–",
        figure(got[bound]) if bound else "–",
        ratio_to(best),
        ratio_to(bound),
        "<br>".join(f"{text} {'✓' if ok else '✗'}" for text, ok in reached) or "–",
    ]
    return Row(case, cells, [text for text, ok in reached if not ok] if own else ["ours did not run"])


def machine():
    model = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {'.'.join(platform.release().split('.')[:2])}"


HEAD = ["", "case", "ours", "best peer", "bound", "ours ÷ best peer", "ours ÷ bound", "to reach"]


def kept(path, measured):
    """The rows of the page whose scenarios were not measured now, as they stand there."""
    if not os.path.exists(path):
        return []
    rows = [line for line in open(path, encoding="utf-8") if line.startswith("| S")]
    return [line.rstrip("\n") for line in rows if line.split("|")[1].strip() not in measured]


def write(path, rows, rounds):
    """Writes the page: what was measured, where and when. Rows of scenarios that were not measured stay."""
    lines = kept(path, {row.case.scenario for row in rows}) + ["| " + " | ".join(row.cells) + " |" for row in rows]
    lines.sort(key=lambda line: int(line.split("|")[1].strip()[1:]))
    page = [
        "# Performance", "",
        "Written by `make bench`; do not edit. What each scenario does is at its head in `bench/scenarios.py`, the peers'",
        "versions are in `bench/setup.sh` and `bench/rust-peers/Cargo.lock`.", "",
        f"{datetime.date.today().isoformat()}, {machine()}. All commands of a case ran in turn, {rounds} rounds or more;",
        "figures are medians, ratios are medians of each round's ratio. The sinks run on the same machine and share its cores.",
        "The bound is a bare program that does what the protocol and the disk allow. Where the unit is ms, a ratio is one of",
        "times (less is better), elsewhere one of rates. The rows of a scenario are of one run; scenarios may be of different ones.", "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *lines, "",
    ]
    with open(path, "w") as f:
        f.write("\n".join(page))
