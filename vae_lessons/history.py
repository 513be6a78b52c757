"""What a training run left behind: averages per epoch, why it stopped, and which weights were kept."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Averages(NamedTuple):
    """Means over examples, per image, in the unit of the objective (nats for a likelihood)."""

    reconstruction: float
    kl: float

    @property
    def loss(self) -> float:
        """reconstruction + kl, that is, the negative ELBO (beta = 1) where the objective is one."""
        return self.reconstruction + self.kl


class Epoch(NamedTuple):
    train: Averages  # measured while the weights changed
    validation: Averages | None  # measured after the epoch
    minimised: float  # the training mean of what `fit` minimises: reconstruction + beta(step) * penalty(kl)
    beta: float  # at the epoch's last step
    seconds: float


@dataclass
class History:
    """What `fit` did: one `Epoch` per complete pass over the data, why it stopped, and whose weights the model has."""

    epochs: list[Epoch] = field(default_factory=list)
    stopped: str = "finished"  # or "stopped early", "interrupted"
    kept_epoch: int = (
        0  # counted from 1; after an interruption the weights are some steps further, unless patience is set
    )

    def curve(self, part: str, term: str) -> list[float]:
        """One number per epoch; part is "train" or "validation", term is "loss", "reconstruction" or "kl".

        ValueError: validation is asked for, but `fit` was given no validation images.
        """
        if any(getattr(epoch, part) is None for epoch in self.epochs):
            raise ValueError("there is no validation curve: pass validation images to fit.")
        return [getattr(getattr(epoch, part), term) for epoch in self.epochs]

    @property
    def seconds(self) -> float:
        """Training and validation time of all completed epochs."""
        return sum(epoch.seconds for epoch in self.epochs)

    def __repr__(self) -> str:
        if not self.epochs:
            return f"{self.stopped} before the first epoch was complete"
        epoch = self.epochs[self.kept_epoch - 1]
        part = "validation" if epoch.validation else "train"
        shown = getattr(epoch, part)
        kl = f", KL {shown.kl:.1f}" if shown.kl else ""
        kept = "" if self.kept_epoch == len(self.epochs) else f", epoch {self.kept_epoch} kept"
        what = f"{part} reconstruction {shown.reconstruction:.1f}{kl}"
        epochs = "1 epoch" if len(self.epochs) == 1 else f"{len(self.epochs)} epochs"
        return f"{self.stopped} after {epochs}{kept}: {what}"
