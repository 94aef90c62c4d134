"""optuna_peer.py FUNCTION tpe|random TRIALS SEEDS - what search.lua does, by Optuna's samplers and pruner.

A line for each seed: after each trial the epochs spent so far and the best value so far.
"""

import math
import sys
import warnings

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")

ALPHA = [1.0, 1.2, 3.0, 3.2]
A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
     [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]


def branin(trial):
    x, y = trial.suggest_float("x", -5.0, 10.0), trial.suggest_float("y", 0.0, 15.0)
    return ((y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6) ** 2
            + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


def hartmann6(trial):
    x = [trial.suggest_float(f"x{j}", 0.0, 1.0) for j in range(1, 7)]
    return -sum(ALPHA[i] * math.exp(-sum(A[i][j] * (x[j] - P[i][j] * 1e-4) ** 2 for j in range(6))) for i in range(4))


def jenatton(trial):
    left = trial.suggest_categorical("x1", [0, 1]) == 0
    second = trial.suggest_categorical("x2" if left else "x3", [0, 1])
    leaf = (4 if left else 6) + second
    shared = trial.suggest_float("r8" if left else "r9", 0.0, 1.0)
    return trial.suggest_float(f"x{leaf}", -1.0, 1.0) ** 2 + 0.1 * (leaf - 3) + shared


def curves(trial):
    floor, speed = branin(trial), trial.suggest_float("speed", 0.05, 0.5)
    for epoch in range(1, 28):
        value = floor + 50 * math.exp(-speed * epoch)
        trial.report(value, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return value


def main(name, method, trials, seeds):
    samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
    for seed in range(1, seeds + 1):
        pruner = optuna.pruners.NopPruner()
        if name == "curves" and method == "tpe":
            pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
        study = optuna.create_study(sampler=samplers[method](seed=seed), pruner=pruner)
        study.optimize(globals()[name], n_trials=trials)
        epochs, best, line = 0, math.inf, []
        for trial in study.trials:
            epochs += max(trial.intermediate_values, default=1)
            if trial.state == optuna.trial.TrialState.COMPLETE:
                best = min(best, trial.value)
            line.append(f"{epochs}:{best!r}")
        print(" ".join(line), flush=True)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
