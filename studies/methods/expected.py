"""What approximate methods find in theory on the problems of this folder, at the tolerance they reached.

Neither a tolerance nor a bandwidth is an error of the program: what a method draws from with them is known,
and so is how far that is from the posterior. For draws of the exact posterior p and the density q that a
method draws from in the limit of many simulations, the best classifier has the accuracy

    C2ST = ½ + ½ TV,   TV = E_p[max(0, 1 − q/p)].

All three problems have x = s(θ) + u, with u independent of θ: nodes that are spread evenly over the law of u
stand for it.
"""

import math
from statistics import NormalDist

NORMAL = NormalDist()


def spread(n, d):
    """n points spread evenly over the unit cube: multiples of powers of 1/φ, with φ^(d + 1) = φ + 1."""
    phi = 2.0
    for _ in range(60):
        phi = (1 + phi) ** (1 / (d + 1))
    return [[(0.5 + i * phi**-k) % 1 for k in range(1, d + 1)] for i in range(1, n + 1)]


def normal(points):
    return [[NORMAL.inv_cdf(value) for value in point] for point in points]


class LinearGaussian:
    """x = θ + u, u ~ N(0, ¼ [[1, 0.8], [0.8, 1]]), and independent priors of θ, N(0, 1) or uniform."""

    sd, correlation = 0.5, 0.8

    def __init__(self, low=None, high=None):
        self.low, self.high = low, high

    def box(self):
        return (-4, 4) if self.low is None else (self.low, self.high)

    def scale(self):
        """Of θ in the space in which kernels work: bounded parameters lie on [−1, 1] there."""
        return 1.0 if self.low is None else (self.high - self.low) / 2

    def prior(self, theta):
        if self.low is None:
            return math.prod(NORMAL.pdf(t) for t in theta)
        inside = all(self.low <= t <= self.high for t in theta)
        return float(inside) / (self.high - self.low) ** 2

    def shift(self, theta):
        return theta

    def noise(self, points):
        root = math.sqrt(1 - self.correlation**2)
        return [
            (self.sd * a, self.sd * (self.correlation * a + root * b)) for a, b in normal(points)
        ]

    def likelihood(self, theta, x, blur=(0.0, 0.0)):
        """With the variance of a kernel added to that of each datum."""
        a, d = (self.sd**2 + h * h for h in blur)
        b = self.correlation * self.sd**2
        det = a * d - b * b
        u, v = x[0] - theta[0], x[1] - theta[1]
        form = (d * u * u - 2 * b * u * v + a * v * v) / det
        return math.exp(-0.5 * form) / (2 * math.pi * math.sqrt(det))


class TwoMoons:
    """Of crescents in the plane: `two_moons` of the program."""

    def box(self):
        return (-1, 1)

    def prior(self, theta):
        return 0.25 * all(abs(t) <= 1 for t in theta)

    def shift(self, theta):
        root = math.sqrt(0.5)
        return (-abs(theta[0] + theta[1]) * root, (theta[1] - theta[0]) * root)

    def noise(self, points):
        def node(a, b):
            radius, angle = 0.1 + 0.01 * NORMAL.inv_cdf(b), math.pi * (a - 0.5)
            return (radius * math.cos(angle) + 0.25, radius * math.sin(angle))

        return [node(a, b) for a, b in points]

    def likelihood(self, theta, x):
        s = self.shift(theta)
        u, v = x[0] - s[0] - 0.25, x[1] - s[1]
        radius = math.hypot(u, v)
        if u < 0 or radius == 0:
            return 0.0
        return NORMAL.pdf((radius - 0.1) / 0.01) / 0.01 / (math.pi * radius)


PROBLEMS = {
    "linear-gaussian": LinearGaussian(),
    "abc": LinearGaussian(),
    "bounded-prior": LinearGaussian(-0.5, 1.0),
    "two-moons": TwoMoons(),
    "model-choice": LinearGaussian(),
    "ten-trials": LinearGaussian(),
}


def odds(x, models):
    """How probable each model is: pairs of the sd of a normal prior and a weight; noise as in LinearGaussian."""

    def evidence(sd):
        blur = (sd, sd)
        return LinearGaussian().likelihood((0.0, 0.0), x, blur)

    all_of_them = [weight * evidence(sd) for sd, weight in models]
    return [own / sum(all_of_them) for own in all_of_them]


def within(problem, x, tolerance, n=3000):
    """p(distance ≤ tolerance given θ), as a function of θ."""
    nodes, square = problem.noise(spread(n, 2)), tolerance**2

    def density(theta):
        s = problem.shift(theta)
        u, v = x[0] - s[0], x[1] - s[1]
        return problem.prior(theta) * sum((a - u) ** 2 + (b - v) ** 2 <= square for a, b in nodes) / n

    return density


def kernels(problem, trials, bandwidths, n=150):
    """The kernel density of x given θ with infinitely many simulations, times the prior."""
    scale = problem.scale()
    h = [scale * h for h in bandwidths["theta"]]
    nodes = [(h[0] * a, h[1] * b) for a, b in normal(spread(n, 2))]

    def density(theta):
        near = [(theta[0] + a, theta[1] + b) for a, b in nodes]
        near = [(t, problem.prior(t)) for t in near]
        near = [(t, p) for t, p in near if p > 0]
        total = sum(p for _, p in near)
        if total == 0:
            return 0.0
        blur = bandwidths["x"]
        mean = [sum(p * problem.likelihood(t, x, blur) for t, p in near) / total for x in trials]
        return problem.prior(theta) * math.prod(mean)

    return density


def histogram(problem, x, n_simulations, n=2000):
    """The default histogram with infinitely many simulations: p(bin of x given the bin of θ) p(θ).

    Each column has n_simulations^(1/6) bins of equal probability; those at the ends have no end.
    """
    n_bins = round(n_simulations ** (1 / 6))
    levels = [NORMAL.inv_cdf(k / n_bins) for k in range(1, n_bins)]
    sd = math.hypot(1.0, problem.sd)

    def place(value):
        return sum(value > level for level in levels)

    cell = [place(value / sd) for value in x]
    points, known = spread(n, 4), {}
    nodes = problem.noise([point[2:] for point in points])

    def probability(bins):
        """The prior spreads θ within its bins."""
        total = 0
        for point, u in zip(points, nodes):
            theta = [NORMAL.inv_cdf((k + r) / n_bins) for k, r in zip(bins, point)]
            total += all(place((t + v) / sd) == k for t, v, k in zip(theta, u, cell))
        return total / n

    def density(theta):
        bins = tuple(map(place, theta))
        if bins not in known:
            known[bins] = probability(bins)
        return problem.prior(theta) * known[bins]

    return density


def grid(problem, n):
    low, high = problem.box()
    line = [low + (high - low) * (i + 0.5) / n for i in range(n)]
    return [(a, b) for a in line for b in line], ((high - low) / n) ** 2


def moments(points, weights):
    total = sum(weights)
    mean = [sum(w * p[j] for p, w in zip(points, weights)) / total for j in range(2)]
    variance = [sum(w * (p[j] - mean[j]) ** 2 for p, w in zip(points, weights)) / total for j in range(2)]
    return mean, [math.sqrt(v) for v in variance]


def exact(problem, trials):
    """p(θ) Π p(x given θ), and its integral."""

    def density(theta):
        return problem.prior(theta) * math.prod(problem.likelihood(theta, x) for x in trials)

    if isinstance(problem, TwoMoons):
        # Both halves of the plane of θ map to that of x without stretching it.
        return density, 0.5
    points, area = grid(problem, 200)
    return density, area * sum(map(density, points))


def implied(problem, trials, density, draws, n_grid=60):
    """(means, sds, C2ST) of what a method draws from: its density, and draws of the exact posterior."""
    points, area = grid(problem, n_grid)
    weights = [density(point) for point in points]
    truth, evidence = exact(problem, trials)
    total = area * sum(weights)
    missing = [max(0.0, 1 - density(d) / total / (truth(d) / evidence)) for d in draws]
    mean, sd = moments(points, weights)
    return mean, sd, 0.5 + 0.5 * sum(missing) / len(missing)
