"""The table, as plain text and as Markdown."""

HEADER = ["what", "threads", "ours", "peer", "theirs", "ratio", "quartiles", "least times", "promised", ""]


def cells(results):
    """One row of words a line of the table."""
    for group in results["groups"]:
        for line in group["lines"]:
            yield row(group, line)


def row(group, line):
    ours = group["sides"][line["ours"]]
    start = [line["what"], str(group["threads"]), with_memory(ours)]
    promised = "" if line["target"] is None else f"{line['target']:,}"
    kept = {True: "kept", False: "missed", None: ""}[line["met"]]
    if line["peer"] is None:
        value, lower, upper = (f"{line[key]:,.0f}" for key in ("median", "lower", "upper"))
        return [*start, "", "", f"{value} {line['unit']}", f"{lower} to {upper}", "", promised, kept]
    theirs = group["sides"][line["peer"]]
    quartiles = f"{short(line['lower'])} to {short(line['upper'])}"
    ratios = [short(line["median"]), quartiles, short(line["of_least_times"])]
    return [*start, line["peer"], with_memory(theirs), *ratios, promised, kept]


def with_memory(side):
    text = duration(side["median"])
    return f"{text}, {side['peak_bytes'] / 1e6:.0f} MB" if "peak_bytes" in side else text


def duration(seconds):
    for unit, size in [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)]:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def short(ratio):
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def text(results):
    table = [HEADER, *cells(results)]
    widths = [max(len(row[j]) for row in table) for j in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table]
    return "\n".join([*lines, "", *remarks(results)]) + "\n"


NARROW = ["what", "threads", "ours", "theirs", "ratio (quartiles)", "promised", ""]


def markdown(results):
    """The same with fewer columns, for a page."""
    table = [NARROW, ["---", *["---:"] * 5, "---"], *map(narrow, cells(results))]
    lines = ["| " + " | ".join(cell.replace(" ", "\u00a0") for cell in row[1:]) + " |" for row in table]
    lines = [f"| {row[0]} {line}" for row, line in zip(table, lines)]
    return "\n".join([*lines, "", *(f"- {remark}" for remark in remarks(results))]) + "\n"


def narrow(cells):
    what, threads, ours, peer, theirs, ratio, quartiles, _, promised, kept = cells
    return [what, threads, ours, f"{theirs} ({peer})" if peer else "", f"{ratio} ({quartiles})", promised, kept]


def remarks(results):
    """What the numbers depend on, in sentences."""
    machine = results["machine"]
    versions = sorted({side["version"] for g in results["groups"] for side in g["sides"].values() if "version" in side})
    load = max(group["load_average"] for group in results["groups"])
    changed = " with uncommitted changes" if machine["changed_files"] else ""
    place = f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, commit {machine['commit']}{changed}"
    yield f"{place}; {'; '.join(versions)}; {machine['rustc']}. Load average at most {load:.1f}."
    for group in results["groups"]:
        for side, accuracy in group.get("accuracy", {}).items():
            where = f"on the two moons, {group['threads']} thread(s)"
            yield f"C2ST of {side} {where}, mean of observations 1 to 5: {accuracy['mean']:.3f}."
    for group in results["groups"]:
        if group["name"].startswith("training-step") and group["threads"] == 1:
            network = group["name"].removeprefix("training-step-")
            yield f"Weights, and loss after warming up, of {network}: {'; '.join(learned(group))}."


def learned(group):
    """Equal networks have as many weights and learn as fast."""
    for name, side in group["sides"].items():
        yield f"{name} {side['weights']:,}, {side['loss_after_warm_up']:.2f}"
