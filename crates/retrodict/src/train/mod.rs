//! Fitting an estimator: batches, optimiser, early stopping, ensembles.
