"""Networks by the names and arguments of ``sbi``: what they return are settings of Retrodict's networks.

An argument that is ``None`` is Retrodict's own default, which was chosen by measurement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import not_supported, warn_unused
from .embedding import Embedding, frozen

#: Conditional densities, by the names of ``sbi``.
DENSITIES = {
    "maf": "maf",
    "zuko_maf": "maf",
    "maf_rqs": "maf_rqs",
    "zuko_nsf": "maf_rqs",
    "nsf": "nsf",
    "mdn": "mdn",
    "mdn_snpe_a": "mdn",
    "mnle": "nsf",
    "mnpe": "nsf",
}

#: Classifiers: whether their blocks are residual.
CLASSIFIERS = {"resnet": True, "mlp": False, "linear": False}

#: What a z-score may be without a warning: data and parameters are always standardised.
USUAL_Z = ("independent", "transform_to_unconstrained")


@dataclass(frozen=True)
class Network:
    """Settings of a network: what a class of ``retrodict.sbi.inference`` takes in place of a name.

    Attributes
    ----------
    role : str
        ``"density"``, ``"classifier"`` or ``"field"``.
    settings : dict
        The sections of ``[inference]`` that it stands for.
    embed : Embedding, optional
        What is done to the data before.
    """

    role: str
    settings: dict[str, Any] = field(default_factory=dict)
    embed: Embedding | None = None


def posterior_nn(
    model: str,
    z_score_theta: str | None = "independent",
    z_score_x: str | None = "independent",
    hidden_features: int | None = None,
    num_transforms: int | None = None,
    num_bins: int | None = None,
    embedding_net: Any = None,
    num_components: int | None = None,
    **kwargs: Any,
) -> Network:
    """A density of the parameters given data.

    Parameters
    ----------
    model : str
        ``"maf"``, ``"maf_rqs"``, ``"nsf"`` or ``"mdn"``; ``"zuko_maf"`` and ``"zuko_nsf"`` are the first two.
    z_score_theta, z_score_x : str
        Everything is standardised in any case.
    hidden_features, num_transforms, num_bins, num_components : int, optional
        Sizes.
    embedding_net : torch.nn.Module, optional
        One that is trained already: with no parameters, or none that require a gradient.
    **kwargs
        ``num_blocks`` and ``tail_bound``; one warning names others.
    """
    unscaled("posterior_nn", z_score_theta=z_score_theta, z_score_x=z_score_x)
    sizes = (hidden_features, num_transforms, num_bins, num_components)
    estimator = density(model, *sizes, kwargs, "posterior_nn")
    return Network("density", {"estimator": estimator}, frozen(embedding_net))


def likelihood_nn(
    model: str,
    z_score_theta: str | None = "independent",
    z_score_x: str | None = "independent",
    hidden_features: int | None = None,
    num_transforms: int | None = None,
    num_bins: int | None = None,
    embedding_net: Any = None,
    num_components: int | None = None,
    **kwargs: Any,
) -> Network:
    """A density of data given the parameters; arguments as for :func:`posterior_nn`."""
    unscaled("likelihood_nn", z_score_theta=z_score_theta, z_score_x=z_score_x)
    if frozen(embedding_net) is not None:
        raise not_supported(
            "an embedding of the parameters",
            "Give the prior of the embedded parameters, or use NPE.",
        )
    sizes = (hidden_features, num_transforms, num_bins, num_components)
    estimator = density(model, *sizes, kwargs, "likelihood_nn")
    return Network("density", {"estimator": estimator})


def classifier_nn(
    model: str,
    z_score_theta: str | None = "independent",
    z_score_x: str | None = "independent",
    hidden_features: int | None = None,
    embedding_net_theta: Any = None,
    embedding_net_x: Any = None,
    **kwargs: Any,
) -> Network:
    """A classifier of pairs of parameters and data: ``"resnet"``, ``"mlp"`` or ``"linear"``."""
    unscaled("classifier_nn", z_score_theta=z_score_theta, z_score_x=z_score_x)
    if model not in CLASSIFIERS:
        raise not_supported(f"classifier {model!r}", f"Use one of {', '.join(CLASSIFIERS)}.")
    if frozen(embedding_net_theta) is not None:
        raise not_supported("an embedding of the parameters", "Use NPE, or leave it out.")
    blocks = int(kwargs.pop("num_blocks", 2))
    usual = {"dropout_probability": 0.0, "use_batch_norm": False}
    warn_unused("classifier_nn", kwargs, usual)
    network: dict[str, Any] = {"residual": CLASSIFIERS[model]}
    if model == "linear":
        network["hidden"] = []
    elif hidden_features is not None or blocks != 2:
        network["hidden"] = [int(hidden_features or 50)] * blocks
    return Network("classifier", {"classifier": {"network": network}}, frozen(embedding_net_x))


def posterior_flow_nn(
    model: str = "mlp",
    z_score_theta: str | None = "independent",
    z_score_x: str | None = "independent",
    hidden_features: int | None = None,
    num_layers: int | None = None,
    embedding_net: Any = None,
    **kwargs: Any,
) -> Network:
    """A vector field for flow matching: ``"mlp"``."""
    unscaled("posterior_flow_nn", z_score_theta=z_score_theta, z_score_x=z_score_x)
    usual = {
        "time_emb_type": "sinusoidal",
        "t_embedding_dim": 32,
        "gaussian_baseline": False,
        "compose_standardization": False,
    }
    warn_unused("posterior_flow_nn", kwargs, usual)
    return _field(model, hidden_features, num_layers, embedding_net, None)


def posterior_score_nn(
    model: str = "mlp",
    sde_type: str = "ve",
    z_score_theta: str | None = "independent",
    z_score_x: str | None = "independent",
    hidden_features: int | None = None,
    num_layers: int | None = None,
    embedding_net: Any = None,
    **kwargs: Any,
) -> Network:
    """A vector field for a diffusion: ``sde_type`` is ``"ve"``, ``"vp"`` or ``"subvp"``."""
    unscaled("posterior_score_nn", z_score_theta=z_score_theta, z_score_x=z_score_x)
    usual = {
        "time_emb_type": "sinusoidal",
        "t_embedding_dim": 32,
        "compose_standardization": False,
    }
    warn_unused("posterior_score_nn", kwargs, usual)
    return _field(model, hidden_features, num_layers, embedding_net, path(sde_type))


def marginal_nn(model: str, *args: Any, **kwargs: Any) -> Network:
    """Not supported."""
    raise not_supported(
        "marginal_nn", "Use calc_misspecification_mmd, which needs no density of data."
    )


#: Diffusions, by the names of ``sbi``.
PATHS = {
    "ve": "variance_exploding",
    "vp": "variance_preserving",
    "subvp": "sub_variance_preserving",
}


def path(sde_type: str) -> dict[str, Any]:
    """The path of a diffusion."""
    if sde_type not in PATHS:
        raise ValueError(f"sde_type: given {sde_type!r}, expected one of {', '.join(PATHS)}.")
    return {"kind": PATHS[sde_type]}


def _field(
    model: str,
    hidden_features: int | None,
    num_layers: int | None,
    embedding_net: Any,
    along: dict[str, Any] | None,
) -> Network:
    if model != "mlp":
        raise not_supported(f"a vector field of kind {model!r}", "Use 'mlp'.")
    section: dict[str, Any] = {}
    if hidden_features is not None or num_layers is not None:
        section["network"] = {"hidden": [int(hidden_features or 64)] * int(num_layers or 2)}
    if along is not None:
        section["path"] = along
    return Network("field", {"vector_field": section}, frozen(embedding_net))


def density(
    model: str,
    hidden_features: int | None,
    num_transforms: int | None,
    num_bins: int | None,
    num_components: int | None,
    others: Mapping[str, Any],
    where: str,
) -> dict[str, Any]:
    """The section of an estimator."""
    if not isinstance(model, str) or model not in DENSITIES:
        raise not_supported(
            f"density estimator {model!r}",
            f"Use one of {', '.join(sorted(DENSITIES))}: 'maf_rqs' and 'nsf' can take any shape.",
        )
    kind = DENSITIES[model]
    section: dict[str, Any] = {"kind": kind}
    others = dict(others)
    blocks = others.pop("num_blocks", None)
    if hidden_features is not None or blocks is not None:
        section["network"] = {"hidden": [int(hidden_features or 40)] * int(blocks or 2)}
    sizes = {
        "num_transforms": num_transforms,
        "num_bins": num_bins,
        "num_components": num_components,
    }
    keys = {"maf": ("transforms",), "mdn": ("components",)}.get(kind, ("transforms", "bins"))
    for name, value in sizes.items():
        key = name.removeprefix("num_")
        if value is not None and key in keys:
            section[key] = int(value)
    bound = others.pop("tail_bound", None)
    if bound is not None and "bins" in keys:
        section["bound"] = float(bound)
    usual = {"dropout_probability": 0.0, "use_batch_norm": False, "log_transform_x": False}
    warn_unused(where, others, usual)
    return section


def unscaled(where: str, **given: str | None) -> None:
    """A warning where somebody asks for no standardisation, or another one."""
    warn_unused(
        where, {name: value or "none" for name, value in given.items() if value not in USUAL_Z}
    )


def network(given: Any, role: str, what: str) -> Network:
    """A network from what a trainer was given: nothing, a name, or settings."""
    if given is None:
        return Network(role)
    if isinstance(given, Network):
        if given.role != role:
            raise ValueError(
                f"{what}: given settings of a {given.role}, expected those of a {role}."
            )
        return given
    if isinstance(given, str):
        if role == "density":
            return posterior_nn(given)
        return classifier_nn(given) if role == "classifier" else posterior_flow_nn(given)
    raise not_supported(
        f"{what} of type {type(given).__name__}: a network of your own",
        "Give a name, or what posterior_nn, likelihood_nn, classifier_nn, posterior_flow_nn or "
        "posterior_score_nn of retrodict.sbi.neural_nets return.",
    )
