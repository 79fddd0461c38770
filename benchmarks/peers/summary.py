"""From times to numbers: medians, spreads, ratios."""

import statistics


def spread(values):
    """Least, quartiles and median."""
    if len(values) == 1:
        return dict.fromkeys(("least", "lower", "median", "upper"), values[0])
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return {"least": min(values), "lower": lower, "median": median, "upper": upper}


def of_group(group):
    sides = {}
    for side in group.sides:
        times = side.seconds_per_unit()
        peaks = [answer["peak_bytes"] for answer in side.answers if "peak_bytes" in answer]
        sides[side.name] = {
            **side.hello,
            "threads": side.threads,
            "seconds_per_unit": times,
            **spread(times),
            **({"peak_bytes": max(peaks)} if peaks else {}),
            "last_answer": side.answers[-1],
        }
    lines = [of_line(line, group) for line in group.lines]
    return {"name": group.name, "threads": group.threads, **group.notes, "sides": sides, "lines": lines}


def of_line(line, group):
    """Ratios are taken between neighbours in time, so that what slows both cancels."""
    ours = group.side(line.ours).seconds_per_unit()
    result = {"what": line.what, "ours": line.ours, "peer": line.peer, "target": line.target, "unit": line.unit}
    if line.peer is not None:
        theirs = group.side(line.peer).seconds_per_unit()
        result |= spread([b / a for a, b in zip(ours, theirs)])
        # Whatever disturbs a program makes it slower: the least times are the least disturbed.
        result["of_least_times"] = min(theirs) / min(ours)
    elif line.unit == "ns":
        result |= spread([1e9 * a for a in ours])
    else:
        result |= spread([1 / a for a in ours])
    result["met"] = met(line, result, group)
    return result


def met(line, result, group):
    if line.target is None:
        return None
    peaks = [answer.get("peak_bytes", 0) for answer in group.side(line.ours).answers]
    if line.memory is not None and max(peaks) > line.memory:
        return False
    if line.unit == "ns":
        return result["median"] <= line.target
    return result["median"] >= line.target
