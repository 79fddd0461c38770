"""The ratios of the table as a figure: `python plot.py results.json speed.svg`."""

import json
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = {"sbi": "#0072B2", "flowjax": "#E69F00", "pyabc": "#CC79A7", "one thread": "#009E73"}


def draw(results, path):
    bars = [
        (label(line, group["threads"]), line)
        for group in results["groups"]
        for line in group["lines"]
        if line["peer"] is not None
    ]
    plt.rcParams.update({"svg.hashsalt": "retrodict", "svg.fonttype": "path", "font.size": 9})
    figure, axes = plt.subplots(figsize=(7.2, 0.8 + 0.27 * len(bars)), layout="constrained")
    for y, (_, line) in enumerate(bars):
        bar(axes, y, line)
    axes.set_yticks(range(len(bars)), [label for label, _ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    ticks = [1, 3, 10, 30, 100]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("times faster (thin line: quartiles; upright: promised)", loc="right")
    axes.spines[["top", "right"]].set_visible(False)
    for name, colour in COLOURS.items():
        axes.barh(0, 0, color=colour, label=f"than {name}")
    figure.legend(frameon=False, loc="outside upper right", ncols=len(COLOURS))
    figure.savefig(path, metadata={"Date": None})


def label(line, threads):
    """A line about threads says itself how many."""
    if "threads" in line["what"]:
        return line["what"]
    return f"{line['what']}, {threads} thread{'s' * (threads > 1)}"


def bar(axes, y, line):
    axes.barh(y, line["median"] - 1, left=1, height=0.6, color=COLOURS[line["peer"]])
    axes.plot([line["lower"], line["upper"]], [y, y], color="black", linewidth=1)
    if line["target"] is not None:
        axes.plot(line["target"], y, marker="|", markersize=13, markeredgewidth=1.5, color="black")


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        draw(json.load(file), sys.argv[2])
