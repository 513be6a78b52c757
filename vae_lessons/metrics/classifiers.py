"""One way to train the small classifiers that some measures need."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from vae_lessons.data import Images
from vae_lessons.losses import Terms
from vae_lessons.training import fit


def fit_classifier(network: nn.Module, data: Images, *, prepare: Callable[[Tensor], Tensor], epochs: int) -> None:
    """Train a network (B, P) to logits (B, C) on the labels of `data` by cross-entropy."""

    def objective(model: nn.Module, x: Tensor, labels: Tensor) -> Terms:
        return Terms(F.cross_entropy(model(x), labels, reduction="none"), x.new_zeros(len(x), 0))

    fit(network, data, objective=objective, prepare=prepare, epochs=epochs, progress=False)
