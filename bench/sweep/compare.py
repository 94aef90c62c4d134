"""compare.py - searches of nn.sweep beside Optuna's: what they need to reach what random search reaches.

    /path/to/venv/bin/python bench/sweep/compare.py [SEEDS [FUNCTION...]]    Optuna: pip install optuna

Prints a table. Random search (nn.sweep's, one for all) makes as many trials as the budget says; the goal
is the mean over the seeds of its logarithmic distance to the minimum. A search that does not reach the
goal counts with all that it spent. Spent are evaluations, or epochs where trials are stopped early.
"""

import datetime
import math
import subprocess
import sys

import optuna

SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
BUDGET = {"branin": 200, "hartmann6": 200, "jenatton": 200, "curves": 200}
MINIMUM = {"branin": 0.397887, "hartmann6": -3.32237, "jenatton": 0.1, "curves": 0.397887}


def run(command, function, method):
    out = subprocess.run([*command, function, method, str(BUDGET[function]), str(SEEDS)], check=True,
                         capture_output=True, text=True).stdout
    return [[(int(e), float(v)) for e, v in (pair.split(":") for pair in line.split())] for line in out.splitlines()]


def spent(trials, goal):
    return next((epochs for epochs, best in trials if best <= goal), trials[-1][0])


def gap(trials, minimum):
    return max(trials[-1][1] - minimum, 1e-6)


def mean(values):
    return sum(values) / len(values)


def main():
    nnlua = ["./nnlua", "bench/sweep/search.lua"]
    peer = [sys.executable, "bench/sweep/optuna_peer.py"]
    print(f"{datetime.date.today()}, Optuna {optuna.__version__}, means of {SEEDS} seeds (standard error).\n")
    print("| function | random search: spent | goal | TPE, nnlua | TPE, Optuna | nnlua / Optuna |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for function in sys.argv[2:] or MINIMUM:
        minimum = MINIMUM[function]
        random = run(nnlua, function, "random")
        goal = minimum + math.exp(mean([math.log(gap(trials, minimum)) for trials in random]))
        cells, means = [], []
        for command in nnlua, peer:
            values = [spent(trials, goal) for trials in run(command, function, "tpe")]
            error = math.sqrt(mean([(v - mean(values)) ** 2 for v in values]) / len(values))
            means.append(mean(values))
            cells.append(f"{mean(values):.1f} ({error:.1f})")
        budget = mean([trials[-1][0] for trials in random])
        print(f"| {function} | {budget:.0f} | {goal:.4f} | {cells[0]} | {cells[1]} | {means[0] / means[1]:.2f} |")


main()
