"""Collects what the studies of all methods found: tables and figures of the guide, and whether each agrees.

    python3 studies/table.py RUNS

RUNS holds one run folder a study, as `make studies` leaves them. The tables between the marks
`<!-- table: NAME -->` and `<!-- end -->` of docs/src/methods-compared.md are written again, and the figures
beside it. A method whose C2ST to the exact posterior is above 0.55, or above what theory implies for its
tolerance or bandwidth by more than 0.05, or that fails its calibration, is an error, and so is a model whose probability is more than four standard errors from the exact
one.
"""

import csv
import json
import pathlib
import re
import shutil
import sys
import tomllib

sys.path.append(str(pathlib.Path(__file__).parent / "methods"))
import expected

ROOT = pathlib.Path(__file__).parent.parent
PAGE = ROOT / "docs/src/methods-compared.md"
FIGURES = ROOT / "docs/src/figures"
STUDIES = ["linear-gaussian", "abc", "bounded-prior", "two-moons", "discrete", "ten-parameters", "ten-trials", "model-choice", "lynx-hare"]
# What C2ST of 2,000 draws of each may be above its value in the limit.
ALLOWED = 0.05
# Intervals say little about two pieces.
CORNERS = {"two-moons"}
# No claim of agreement is made about these methods here: the page says why.
EXCUSED = {"lynx-hare"}
# Of the models of a study: the sd of each one's prior, and its weight.
MODELS = {"model-choice": [(1.0, 1), (3.0, 2)]}
# Draws of the exact posterior at which theory is evaluated.
N_DRAWS = 1000
CALIBRATION = ("simulation-based calibration", "expected coverage")


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_csv(path):
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def calibration(run, method):
    """The worst status of the checks on simulations that were never trained on."""
    checks = read_json(run / "methods" / method / "verdict.json")["checks"]
    found = [c for c in checks if c["name"].startswith(CALIBRATION)]
    if not any(c["name"].startswith(CALIBRATION[0] + ":") for c in found):
        return "not tested"
    order = ["passed", "caution", "failed"]
    return max((c["status"] for c in found), key=order.index)


def study(folder):
    return tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))


def trials(run):
    values = study(run)["observation"]["values"]
    return values if isinstance(values[0], list) else [values]


def theory(name, run, method, draws):
    """(means, sds, C2ST) of what a method with a tolerance draws from; None for all others."""
    problem = expected.PROBLEMS.get(name)
    if problem is None:
        return None
    folder = run / "methods" / method
    if method == "abc_smc":
        tolerance = read_json(folder / "model/population-000.json")["tolerance"]
        density = expected.within(problem, trials(run)[0], tolerance)
    elif method == "abc_rejection":
        tolerance = study(folder)["inference"]["abc"]["tolerance"]
        density = expected.within(problem, trials(run)[0], tolerance)
    elif method == "classical_kde":
        bandwidths = read_json(folder / "model/config.json")["bandwidths"]
        density = expected.kernels(problem, trials(run), bandwidths)
    elif method == "classical_histogram":
        density = expected.histogram(problem, trials(run)[0], n_simulations(run))
    else:
        return None
    return expected.implied(problem, trials(run), density, draws)


def n_simulations(run):
    return int(read_csv(run / "comparison.csv")[0]["simulations"])


def rows(name, run):
    """One dict a method, in the order of the study."""
    found = {}
    for line in read_csv(run / "comparison.csv"):
        row = found.setdefault(line["method"], dict(line, means=[], sds=[]))
        row["means"].append(float(line["mean"]))
        row["sds"].append(float(line["sd"]))
    draws = read_csv(run / "methods/likelihood/posterior/samples.csv")
    step = max(1, len(draws) // N_DRAWS)
    draws = [tuple(map(float, draw.values())) for draw in draws[::step]]
    for method, row in found.items():
        row["calibration"] = calibration(run, method)
        row["theory"] = theory(name, run, method, draws)
    return found


def numbers(values):
    """Two decimals, or of many parameters, which have different units, two digits."""
    form = ".2f" if len(values) < 4 else ".2g"
    return ", ".join(f"{value:{form}}".replace("-", "−") for value in values)


def table(found):
    lines = [
        "| method | mean | sd | C2ST | in theory: sd, C2ST | calibration | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for method, row in found.items():
        c2st = f"{float(row['c2st']):.2f}" if row["c2st"] else "reference"
        implied = f"{numbers(row['theory'][1])}; {row['theory'][2]:.2f}" if row["theory"] else ""
        cells = [
            f"`{method}`", numbers(row["means"]), numbers(row["sds"]), c2st, implied,
            row["calibration"], f"{float(row['seconds']):.1f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def chosen(name, run):
    """(name, probability, standard error, exact probability) of each model."""
    explored = read_json(run / "methods/abc_rejection/posterior/exploration.json")
    models = explored["observations"][0]["models"]
    exact = expected.odds(trials(run)[0], MODELS[name])
    return [(m["name"], m["probability"], m["standard_error"], e) for m, e in zip(models, exact)]


def model_table(models):
    lines = ["| model | probability | exact |", "|---|---|---|"]
    lines += [f"| `{name}` | {p:.3f} ± {error:.3f} | {exact:.3f} |" for name, p, error, exact in models]
    return "\n".join(lines)


def problems(name, found):
    for method, row in found.items():
        limit = ALLOWED + (row["theory"][2] if row["theory"] else 0.5)
        if name not in EXCUSED and row["c2st"] and float(row["c2st"]) > limit:
            yield f"{name}, {method}: C2ST {row['c2st']}, above {limit:.3f}"
        if name not in EXCUSED and row["calibration"] == "failed":
            yield f"{name}, {method}: fails its calibration"


def main():
    runs = pathlib.Path(sys.argv[1])
    page, wrong = PAGE.read_text(encoding="utf-8"), []
    for name in STUDIES:
        run = runs / name
        if not (run / "comparison.csv").exists():
            print(f"{name}: no run in {run}, its table stays as it is")
            continue
        found = rows(name, run)
        text = table(found)
        print(f"{name}\n{text}\n")
        pattern = rf"(<!-- table: {name} -->\n).*?(<!-- end -->)"
        page = re.sub(pattern, lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page, flags=re.S)
        figure = "comparison" if name in CORNERS else "comparison-intervals"
        shutil.copy(run / f"figures/{figure}.svg", FIGURES / f"methods-{name}.svg")
        wrong += problems(name, found)
        if name in MODELS:
            models = chosen(name, run)
            text = model_table(models)
            print(f"{text}\n")
            pattern = rf"(<!-- models: {name} -->\n).*?(<!-- end -->)"
            page = re.sub(pattern, lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page, flags=re.S)
            for model, p, error, exact in models:
                if abs(p - exact) > 4 * error:
                    wrong.append(f"{name}, {model}: probability {p:.3f} ± {error:.3f}, exactly {exact:.3f}")
    PAGE.write_text(page, encoding="utf-8")
    print("\n".join(wrong) or "Every method agrees with the exact posterior, or with what theory says of it.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
