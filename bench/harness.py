"""harness - what bench/run's jobs stand on: programs that run in turn, what there is to compare
with, the machine, tables

A program is a process of its own that prints lines "key value ..."; one that is missing or fails is
left out with one line. Failures of nnlua, and results that disagree, are kept in `failures`.
"""
import datetime
import os
import re
import shlex
import subprocess
import sys
import time
from statistics import median

BUILD = "build/bench"


def count_from(name, default):
    """The positive number in an environment variable; anything else ends the program."""
    text = os.environ.get(name) or str(default)
    if not re.fullmatch("0*[1-9][0-9]*", text):
        sys.stderr.write("bench/run: %s is '%s', expected a positive integer\n" % (name, text))
        sys.exit(2)
    return int(text)


ROUNDS, THREADS = count_from("ROUNDS", 5), count_from("THREADS", 2)
NNLUA = os.environ.get("NNLUA") or "./nnlua"

failures = []


def say(text):
    print(text, flush=True)


def fail(text):
    failures.append(text)
    say("FAILED: " + text)


# Programs ----------------------------------------------------------------------------------------

def environment(threads):
    """The environment without what tunes a library, so that each runs as it comes."""
    tuning = re.compile("OPENBLAS_|GOTO_|OMP_|GOMP_|KMP_|MKL_|BLIS_|ATEN_|NPY_|LUA_INIT")
    env = {name: value for name, value in os.environ.items() if not tuning.match(name)}
    env.update(OMP_NUM_THREADS=str(threads), NNLUA_NUM_THREADS=str(threads),
               PYTHONDONTWRITEBYTECODE="1", PYTHONWARNINGS="ignore")
    return env


class Program:
    """A program, and what it printed in every round.

    share: the part of the job's steps that it runs; its time is scaled up. threads: for it to use.
    """

    def __init__(self, name, dtype, argv, share=1, threads=THREADS):
        self.name, self.dtype, self.argv = name, dtype, [str(arg) for arg in argv]
        self.share, self.threads, self.runs = share, threads, []

    def run(self):
        """-> what it printed, {key: [list of values, ...]}, or None if it failed."""
        done = subprocess.run(self.argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, env=environment(self.threads))
        if done.returncode != 0:
            last = (done.stderr.strip() or "status %d" % done.returncode).splitlines()[-1]
            if self.name.startswith("nnlua"):
                fail("%s: %s" % (self.name, last))
            else:
                say("left out: %s failed: %s" % (self.name, last))
            return None
        output = {}
        for line in done.stdout.splitlines():
            key, *values = line.split()
            output.setdefault(key, []).append(values)
        return output

    def number(self, key, place=0):
        """The median over the rounds; None if it never printed the key."""
        values = [float(run[key][0][place]) for run in self.runs if key in run]
        return median(values) if values else None

    def seconds(self):
        return [float(run["seconds"][0][0]) / self.share for run in self.runs]


def run_all(programs, rounds=ROUNDS):
    """Runs them in turn, rounds times -> those that never failed."""
    programs = [program for program in programs if program]
    for i in range(rounds):
        for program in list(programs):
            output = program.run()
            if output is None:
                programs.remove(program)
                continue
            program.runs.append(output)
            shown = readable(program.seconds()[-1]) if "seconds" in output else ""
            say("  round %d  %-22s %-8s %s" % (i + 1, program.name, program.dtype, shown))
    return programs


# Prints the versions of the Python peers that are there, and of their BLAS.
PROBE = """
import importlib
for name in ("numpy", "torch", "sklearn"):
    try:
        print(name, importlib.import_module(name).__version__)
    except ImportError:
        pass
try:
    import threadpoolctl
    for pool in threadpoolctl.threadpool_info():
        if pool["user_api"] == "blas":
            print("blas", pool["internal_api"], pool["version"], pool.get("architecture"))
except ImportError:
    pass
"""


class Tools:
    """What is there to compare with. Each method gives a program, or None after saying why."""

    def __init__(self):
        self.said = set()
        self.python = self.find_python()
        self.data = self.find_data()

    def missing(self, what, why):
        if what not in self.said:
            self.said.add(what)
            say("left out: %s (%s)" % (what, why))

    def find_python(self):
        """The Python that has most of the peers, and {module: version}."""
        wanted = os.environ.get("PYTHON")
        best, self.modules = wanted or sys.executable, {}
        for python in [wanted] if wanted else [sys.executable, "python3", "/usr/bin/python3"]:
            text = output_of(python, "-c", PROBE)
            found = dict(line.split(" ", 1) for line in text.splitlines())
            if len(found) > len(self.modules):
                best, self.modules = python, found
        return best

    def find_data(self):
        env = os.environ.get("NNLUA_DATA")
        for folder in ([env, env + "/mnist"] if env else []) + ["data/mnist", "../shared/mnist"]:
            for ending in ("", ".gz"):
                if os.path.exists("%s/train-images-idx3-ubyte%s" % (folder, ending)):
                    return folder
        return None

    def nnlua(self, script, *args, name="nnlua", dtype="float32", threads=THREADS):
        return Program(name, dtype, [NNLUA, "bench/%s.lua" % script, *args], 1, threads)

    def py(self, name, module, script, *args, dtype="float32", threads=THREADS):
        if module not in self.modules:
            return self.missing(name.split(",")[0], "no module %s in %s" % (module, self.python))
        return Program(name, dtype, [self.python, "bench/%s.py" % script, *args], 1, threads)

    def fann(self, source, *args, dtype="float32", share=1):
        flags = pkg_config("fann")
        if flags is None:
            return self.missing("FANN", "pkg-config does not find fann")
        kind = "double" if dtype == "float64" else "float"
        flags = [flag.replace("-lfann", "-l%sfann" % kind) for flag in flags]
        exe = "%s/%s_%s" % (BUILD, source, kind)
        if not compile_c("bench/%s.c" % source, exe, ["-D" + kind.upper()] + flags + ["-lz"]):
            return self.missing("FANN", "bench/%s.c does not compile" % source)
        return Program("FANN", dtype, [exe, *args], share, 1)


def output_of(*argv):
    """What a program prints; nothing if it is not there or fails."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env=environment(THREADS))
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def pkg_config(name):
    """Its flags, or None."""
    return output_of("pkg-config", "--cflags", "--libs", name).split() or None


def compile_c(source, exe, flags):
    os.makedirs(BUILD, exist_ok=True)
    cc = shlex.split(os.environ.get("CC") or "cc")
    return subprocess.run(cc + ["-O3", "-march=native", "-pthread", "-o", exe, source] + flags,
                          stderr=subprocess.DEVNULL).returncode == 0


# The machine -------------------------------------------------------------------------------------

def measure_limits():
    """{("fma", dtype, threads): GFLOP/s, ("memory", "read"|"triad", threads): GB/s}; {} if not."""
    exe = BUILD + "/limits"
    if not compile_c("bench/limits.c", exe, []):
        say("left out: this machine's limits (bench/limits.c does not compile)")
        return {}
    text = output_of(exe, str(THREADS))
    return {(what, kind, int(threads)): float(value)
            for what, kind, threads, value in map(str.split, text.splitlines())}


def describe(tools, limits):
    """A paragraph: when, on what, with which versions, and how fast the machine is at best."""
    with open("/proc/cpuinfo") as f:
        cpu = dict(re.findall(r"^(\S[^\t:]*)\t*: (.*)$", f.read(), re.M))
    wanted = re.compile("avx2$|fma$|avx512(f|_vnni|_bf16|_fp16)$|avx_vnni$|amx")
    flags = " ".join(flag for flag in cpu.get("flags", "").split() if wanted.match(flag))
    commit = output_of("git", "rev-parse", "--short", "HEAD")
    if output_of("git", "status", "--porcelain", "-uno", "--", ".", ":!bench/RESULTS.md"):
        commit += ", changed"
    info = output_of(NNLUA, "-e", "local b = require 'nnlua'.build_info()"
                     " print(b.version, b.isa, b.blas, b.compiler)").split("\t")
    versions = ["nnlua %s%s (%s)" % (info[0], commit and " at " + commit, ", ".join(info[1:]))]
    for module, name in (("numpy", "NumPy"), ("torch", "PyTorch"), ("sklearn", "scikit-learn")):
        if module in tools.modules:
            versions.append("%s %s" % (name, tools.modules[module]))
    if "blas" in tools.modules:
        versions.append("their BLAS: " + tools.modules["blas"])
    if pkg_config("fann") is not None:
        versions.append("FANN " + output_of("pkg-config", "--modversion", "fann"))
    lines = ["%s, medians of %d rounds, %d threads. %s, %d processors (%s). %s." % (
        datetime.date.today().isoformat(), ROUNDS, THREADS, cpu.get("model name", "processor"),
        os.cpu_count(), flags, "; ".join(versions))]
    if limits:
        lines.append("At most, with 1 and %d threads: %s." % (THREADS, ", ".join(
            "%s %.0f and %.0f %s" % (label, limits[what, kind, 1], limits[what, kind, THREADS],
                                     unit)
            for what, kind, label, unit in (
                ("fma", "float32", "multiply-adds float32", "GFLOP/s"),
                ("fma", "float64", "float64", "GFLOP/s"),
                ("memory", "read", "reading memory", "GB/s"),
                ("memory", "triad", "a = b + s c", "GB/s")))))
    return " ".join(lines)


class Others:
    """How much of the processors programs that we did not start have taken since this was made."""

    def __init__(self):
        self.began, self.busy, self.ours = time.monotonic(), self.busy_seconds(), self.our_seconds()

    @staticmethod
    def busy_seconds():
        """All but idle and waiting; what a hypervisor took for others ("steal") is in it."""
        with open("/proc/stat") as f:
            ticks = [int(n) for n in f.readline().split()[1:9]]
        return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def our_seconds():
        return sum(os.times()[:4])

    def describe(self):
        taken = self.busy_seconds() - self.busy - (self.our_seconds() - self.ours)
        share = max(0, taken / (time.monotonic() - self.began) / os.cpu_count())
        text = "Meanwhile other programs took %.0f%% of the processors" % (100 * share)
        return "**%s: these figures are noise.**" % text if share > 0.05 else text + "."


# Tables ------------------------------------------------------------------------------------------

def readable(seconds):
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)):
        if seconds >= scale or unit == "ns":
            value = seconds / scale
            return "%.*f %s" % (2 if value < 10 else 1 if value < 100 else 0, value, unit)


def table(head, rows):
    """Markdown; all but the first column are aligned right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)] + rows
    return "\n".join("| %s |" % " | ".join(line) for line in lines)


def percent(value):
    return ("%.0f%%" if value >= 10 else "%.2g%%") % value


def times_table(programs, what, flops, limits, last_head, last):
    """A row per program: its median and range, how it stands to nnlua of the same dtype, % of the
    machine's multiply-adds, and last(program)."""
    ours = {p.dtype: median(p.seconds()) for p in programs if p.name == "nnlua"}
    rows = []
    for p in programs:
        seconds = p.seconds()
        middle, peak = median(seconds), limits.get(("fma", p.dtype, THREADS))
        ratio = "%.2f" % (middle / ours[p.dtype]) if p.dtype in ours else ""
        rows.append([p.name, p.dtype, readable(middle),
                     "%s to %s" % (readable(min(seconds)), readable(max(seconds))), ratio,
                     percent(100 * flops / middle / peak / 1e9) if peak else "", last(p)])
    head = ["program", "dtype", what, "range", "time / nnlua's", "of FMA peak", last_head]
    return table(head, rows)


def layer_flops(sizes, trained, tested=0):
    """Of the products: forward, by the weights, by all inputs but the images."""
    forward = sum(k * n for k, n in zip(sizes, sizes[1:]))
    return 2 * (trained * (3 * forward - sizes[0] * sizes[1]) + tested * forward)
