"""Simulations in other processes, or in any ``concurrent.futures.Executor``.

What a simulation gives depends on its θ and its seed alone, so that it does not matter who runs it, when,
and whether it was run twice because a process died.
"""

from __future__ import annotations

import os
import pickle
import sys
import warnings
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any

import numpy as np

from .arrays import Floats, blocks, whole
from .simulator import BLOCK, Batch, Form, Result, Seeds, attempt, crash

#: Chunks for each worker: enough to keep all of them busy to the end.
CHUNKS_A_WORKER = 8
#: The most rows in a chunk.
LARGEST_CHUNK = 256

#: A simulator that cannot be pickled reaches a forked process through its memory.
_inherited: dict[int, Form] = {}


def _run(form: Form | int, theta: Floats, seeds: Seeds, vectorized: bool) -> list[Result]:
    if isinstance(form, int):
        form = _inherited[form]
    if not vectorized:
        return [attempt(form, t, s) for t, s in zip(theta, seeds)]
    batch = Batch(form, True)
    x, status = batch(theta, seeds)
    message = batch.first_failure
    return [
        (int(code), row if code == 0 else None, batch.data_names, message if code else None)
        for code, row in zip(status, x)
    ]


class Distributed:
    """A :class:`Batch` whose simulations are run by an executor."""

    def __init__(self, batch: Batch, workers: int | None, executor: Executor | None) -> None:
        self.batch = batch
        self.on_done: Callable[[int], None] = lambda rows: None
        self.executor = executor
        self.workers = workers if workers is not None else _size(executor)
        self._pool: Executor | None = None
        self._form: Form | int = batch.form
        if executor is None and not _pickles(batch.form):
            self._inherit(batch.form)

    def _inherit(self, form: Form) -> None:
        if _context().get_start_method() != "fork":
            raise ValueError(
                "workers: the simulator cannot be sent to another process. Define it at the top of a "
                "module, or leave workers out."
            )
        self._form = id(self)
        _inherited[id(self)] = form
        weakref.finalize(self, _inherited.pop, id(self), None)

    def __call__(self, theta: Floats, seeds: Seeds) -> tuple[Floats, Any]:
        # A vectorised simulator may draw from one generator for all rows of a call, so its calls must not
        # depend on how many workers there are.
        share = -(-len(theta) // (CHUNKS_A_WORKER * self.workers))
        size = BLOCK if self.batch.vectorized else max(1, min(share, LARGEST_CHUNK))
        chunks = list(blocks(len(theta), size))
        results: list[list[Result] | None] = [None] * len(chunks)
        self._round(theta, seeds, chunks, results)
        for i, found in enumerate(results):
            if found is None:
                results[i] = self._one_by_one(theta[chunks[i]], seeds[chunks[i]])
        return self.batch.join([result for found in results for result in found or []])

    def _round(
        self,
        theta: Floats,
        seeds: Seeds,
        chunks: Sequence[slice],
        results: list[list[Result] | None],
    ) -> None:
        """Every chunk once more, twice at most: the death of a process takes all of a pool's work."""
        for _ in range(2):
            missing = [i for i, found in enumerate(results) if found is None]
            if not missing:
                return
            futures: dict[int, Future[list[Result]]] = {}
            try:
                for i in missing:
                    futures[i] = self._submit(theta[chunks[i]], seeds[chunks[i]])
            except BrokenExecutor:
                self._reset()
            for i, future in futures.items():
                try:
                    found = future.result()
                except BrokenExecutor:
                    self._reset()
                    continue
                results[i] = found
                self.on_done(len(found))

    def _one_by_one(self, theta: Floats, seeds: Seeds) -> list[Result]:
        """The simulations among which is one that kills its process."""
        results = []
        for i in range(len(theta)):
            try:
                results += self._submit(theta[i : i + 1], seeds[i : i + 1]).result()
            except BrokenExecutor as error:
                self._reset()
                results.append(crash(f"its process died ({error})"))
        return results

    def _submit(self, theta: Floats, seeds: Seeds) -> Future[list[Result]]:
        executor = self.executor or self._own_pool()
        with warnings.catch_warnings():
            # The children run the simulator, and nothing of this process's threads.
            warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
            return executor.submit(_run, self._form, theta, seeds, self.batch.vectorized)

    def _own_pool(self) -> Executor:
        if self._pool is None:
            # Most sessions need no other process, and the import takes its time.
            from concurrent.futures import ProcessPoolExecutor

            self._pool = ProcessPoolExecutor(self.workers, mp_context=_context())
        return self._pool

    def _reset(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        elif self.executor is not None:
            raise RuntimeError(
                "executor: it is broken, and cannot be started again from here. Give a new one."
            )

    def close(self) -> None:
        """Ends the processes that were started here."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def distributed(
    batch: Batch, workers: int | None, executor: Executor | None
) -> Batch | Distributed:
    """The same batch, on as many processes or on that executor; itself if neither is given."""
    if executor is not None and not hasattr(executor, "submit"):
        raise ValueError(
            f"executor: given {type(executor).__name__}, expected an executor of concurrent.futures. "
            "Give, for example, concurrent.futures.ProcessPoolExecutor(4)."
        )
    if workers is not None:
        whole(workers, "workers", 1, 4096)
    if executor is None and workers in (None, 1):
        return batch
    return Distributed(batch, workers, executor)


def _pickles(form: Form) -> bool:
    try:
        pickle.dumps(form)
    except Exception:
        return False
    return True


def _context() -> Any:
    import multiprocessing

    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _size(executor: Any) -> int:
    return max(1, int(getattr(executor, "_max_workers", None) or np.clip(_cores(), 1, 64)))


def _cores() -> int:
    return os.cpu_count() or 1
