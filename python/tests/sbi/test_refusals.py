"""What is not supported says what to use instead, and what has no meaning says so once."""

import warnings

import numpy as np
import pytest

import retrodict.sbi as sbi
from retrodict.sbi.inference import FMPE, MCABC, NLE, NPE, NPE_PFN, NPSE, MarginalTrainer, simulate_for_sbi
from retrodict.sbi.neural_nets import classifier_nn, posterior_nn
from retrodict.sbi.utils import BoxUniform, MultipleIndependent, process_prior

LOW, HIGH = -2 * np.ones(2), 2 * np.ones(2)


@pytest.fixture(scope="module")
def trainer():
    np.random.seed(1)
    prior = BoxUniform(LOW, HIGH)
    theta = prior.sample((300,))
    trainer = NPE(prior, show_progress_bars=False)
    trainer.append_simulations(theta, theta + 0.3 * np.random.normal(size=theta.shape))
    trainer.train(max_num_epochs=2)
    return trainer


def test_it_is_two_kinds_of_error():
    assert issubclass(sbi.NotSupported, NotImplementedError)
    assert issubclass(sbi.NotSupported, ValueError)


@pytest.mark.parametrize(
    "call, instead",
    [
        (lambda: NPE_PFN(), "Use NPE"),
        (lambda: MarginalTrainer(), "calc_misspecification_mmd"),
        (lambda: NPE(density_estimator="zuko_gf"), "'maf_rqs'"),
        (lambda: NPE(density_estimator=lambda theta, x: None), "posterior_nn"),
        (lambda: posterior_nn("maf", embedding_net=np.sin), "trained already"),
        (lambda: classifier_nn("transformer"), "resnet"),
        (lambda: FMPE(vf_estimator="transformer"), "'mlp'"),
        (lambda: MCABC(np.sin, BoxUniform(LOW, HIGH), distance="wasserstein")(np.zeros(2), 100, eps=1.0), "abc_rejection"),
        (lambda: MCABC(np.sin, BoxUniform(LOW, HIGH), requires_iid_data=True), "NLE"),
        (lambda: sbi.diagnostics.LC2ST_NF(), "LC2ST"),
        (lambda: sbi.diagnostics.calc_misspecification_logprob(), "mmd"),
        (lambda: process_prior(np.sin), "retrodict.Prior"),
        (lambda: sbi.neural_nets.embedding_nets.PermutationInvariantEmbedding(), "NLE or NRE"),
    ],
)  # fmt: skip
def test_what_is_missing_names_what_is_there(call, instead):
    import retrodict.sbi.neural_nets.embedding_nets  # noqa: F401

    with pytest.raises(sbi.NotSupported, match=instead):
        call()


def test_gradients_are_refused(trainer):
    posterior = trainer.build_posterior()
    with pytest.raises(sbi.NotSupported, match="finite differences"):
        posterior.log_prob(np.zeros((1, 2)), x=np.zeros(2), track_gradients=True)


def test_rounds_of_a_vector_field_are_refused(trainer):
    posterior = trainer.build_posterior().set_default_x(np.zeros(2))
    with pytest.raises(sbi.NotSupported, match="Use NPE"):
        NPSE(BoxUniform(LOW, HIGH)).append_simulations(np.zeros((9, 2)), np.zeros((9, 2)), proposal=posterior)


def test_another_prior_for_a_posterior_is_refused(trainer):
    with pytest.raises(sbi.NotSupported, match="NLE or NRE"):
        trainer.build_posterior(prior=BoxUniform(LOW, 2 * HIGH))


@pytest.mark.parametrize(
    "call, names",
    [
        (lambda t: NPE(BoxUniform(LOW, HIGH), device="cuda"), "device"),
        (lambda t: NLE(BoxUniform(LOW, HIGH), tracker=object()), "tracker"),
        (lambda t: posterior_nn("maf", z_score_x="none", dropout_probability=0.3), "dropout_probability"),
        (lambda t: t.train(max_num_epochs=1, dataloader_kwargs={"num_workers": 2}), "dataloader_kwargs"),
        (lambda t: t.build_posterior().map(x=np.zeros(2), num_iter=3), "num_iter"),
        (lambda t: t.build_posterior().sample((2,), x=np.zeros(2), max_sampling_time=1.0), "max_sampling_time"),
    ],
)  # fmt: skip
def test_arguments_without_a_meaning_are_named_once(trainer, call, names):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(trainer)
    ours = [str(w.message) for w in caught if "no meaning here" in str(w.message)]
    assert any(names in message for message in ours), ours


def test_defaults_of_sbi_are_no_choice(trainer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        posterior = trainer.build_posterior(mcmc_method="slice_np_vectorized")
        posterior.sample((2,), x=np.zeros(2), show_progress_bars=False, max_sampling_batch_size=10_000)
        trainer.train(max_num_epochs=1, retrain_from_scratch=True, show_train_summary=False, num_atoms=10)


def test_old_names_warn():
    with pytest.warns(FutureWarning, match="NPE_C"):
        from retrodict.sbi.inference import SNPE_C
    assert SNPE_C is NPE


def test_every_name_of_sbi_is_there():
    names = {
        "inference": "NPE NPE_A NPE_B NPE_C NPE_PFN MNPE NLE NLE_A MNLE NRE NRE_A NRE_B NRE_C BNRE FMPE NPSE MCABC "
        "SMCABC MarginalTrainer DirectPosterior EnsemblePosterior ImportanceSamplingPosterior MCMCPosterior "
        "RejectionPosterior VIPosterior VectorFieldPosterior simulate_for_sbi infer NeuralInference "
        "check_if_proposal_has_default_x likelihood_estimator_based_potential posterior_estimator_based_potential "
        "mixed_likelihood_estimator_based_potential ratio_estimator_based_potential "
        "vector_field_estimator_based_potential",
        "utils": "process_prior process_simulator BoxUniform MultipleIndependent RestrictedPrior RestrictionEstimator "
        "get_density_thresholder transformed_potential mcmc_transform",
        "analysis": "conditional_potential conditional_pairplot marginal_plot pairplot plot_tarp pp_plot pp_plot_lc2st "
        "sbc_rank_plot ActiveSubspace conditional_corrcoeff",
        "diagnostics": "check_sbc get_nltp run_sbc check_tarp run_tarp LC2ST LC2ST_NF LC2STScores LC2STState "
        "calc_misspecification_logprob calc_misspecification_mmd",
        "neural_nets": "classifier_nn likelihood_nn marginal_nn posterior_nn posterior_score_nn posterior_flow_nn",
    }
    for name, members in names.items():
        module = getattr(sbi, name)
        for member in members.split():
            assert hasattr(module, member), f"{name}.{member}"


def test_wrong_values_are_said():
    prior = BoxUniform(LOW, HIGH)
    with pytest.raises(ValueError, match="outside the prior's support"):
        NPE(prior).append_simulations(9 * np.ones((200, 2)), np.ones((200, 2))).train()
    with pytest.raises(ValueError, match="expected 2, as the prior has"):
        NPE(prior).append_simulations(np.ones((5, 3)), np.ones((5, 2)))
    with pytest.raises(ValueError, match="append_simulations"):
        NPE(prior).train()
    with pytest.raises(ValueError, match="train"):
        NPE(prior).build_posterior()
    with pytest.raises(ValueError, match="default_x"):
        trainer_without_x(prior)
    with pytest.raises(ValueError, match="expected at least one"):
        MultipleIndependent([])


def trainer_without_x(prior):
    theta = prior.sample((200,))
    trainer = NPE(prior, show_progress_bars=False)
    trainer.append_simulations(theta, theta).train(max_num_epochs=1)
    NPE(prior).append_simulations(theta, theta, proposal=trainer.build_posterior())


def test_a_simulator_that_forgets_rows_is_told():
    with pytest.raises(ValueError, match="process_simulator"):
        simulate_for_sbi(lambda theta: np.zeros(3), BoxUniform(LOW, HIGH), 10, simulation_batch_size=10)


def test_a_restricted_prior_is_a_proposal():
    from retrodict.sbi.utils import RestrictedPrior

    restricted = RestrictedPrior(BoxUniform(LOW, HIGH), lambda theta: theta[:, 0] > 0)
    with pytest.raises(sbi.NotSupported, match="proposal"):
        NPE(restricted)
