"""A small VAE that keeps everything it was asked, and what the terms of its ELBO are from that record."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae_lessons.checks.modules import GENTLE, redraw


class Event(NamedTuple):
    """One run of the encoder (x to mu and logvar) or of the decoder (z to logits), as rows."""

    given: Tensor  # (R, P) or (R, D)
    results: tuple[Tensor, ...]  # two for the encoder, one for the decoder
    training: bool  # the mode at that moment
    gradient: bool  # whether the results carry one


class Output(NamedTuple):
    """What the model returns."""

    logits: Tensor
    mu: Tensor
    logvar: Tensor
    z: Tensor


class _Recorded(nn.Module):
    def __init__(self, events: list[Event]) -> None:
        super().__init__()
        self.events = events

    def _keep(self, given: Tensor, *results: Tensor) -> None:
        rows = [tensor.detach().clone().reshape(-1, tensor.shape[-1]) for tensor in (given, *results)]
        self.events.append(Event(rows[0], tuple(rows[1:]), self.training, results[0].requires_grad))


class _Encoder(_Recorded):
    def __init__(self, pixels: int, latent_dim: int, shift: float, events: list[Event]) -> None:
        super().__init__(events)
        self.hidden, self.shift = nn.Linear(pixels, 9), shift
        self.mu, self.logvar = nn.Linear(9, latent_dim), nn.Linear(9, latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.tanh(self.hidden(x))
        mu, logvar = self.mu(hidden), self.logvar(hidden) + self.shift
        self._keep(x, mu, logvar)
        return mu, logvar


class _Decoder(_Recorded):
    def __init__(self, latent_dim: int, pixels: int, gain: float, events: list[Event]) -> None:
        super().__init__(events)
        self.hidden, self.logits, self.gain = nn.Linear(latent_dim, 9), nn.Linear(9, pixels), gain

    def forward(self, z: Tensor) -> Tensor:
        logits = self.gain * self.logits(torch.tanh(self.hidden(z)))
        self._keep(z, logits)
        return logits


class RecordedVAE(nn.Module):
    """A VAE with random weights; `shift` moves its log-variances, `gain` stretches its logits."""

    def __init__(
        self, pixels: int, latent_dim: int, rng: torch.Generator, *, shift: float = -1.0, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.encoder = _Encoder(pixels, latent_dim, shift, self.events)
        self.decoder = _Decoder(latent_dim, pixels, gain, self.events)
        redraw(self, rng, GENTLE)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of q(z|x): (..., P) to two of (..., D)."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Logits of p(x|z): (..., D) to (..., P)."""
        return self.decoder(z)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Output:
        """Encode, draw z and decode."""
        mu, logvar = self.encode(x)
        z = mu + (logvar / 2).exp() * (torch.randn_like(mu) if noise is None else noise)
        return Output(self.decode(z), mu, logvar, z)


class Reading(NamedTuple):
    """Decoded codes beside the images that they belong to, row by row."""

    x: Tensor  # (R, P)
    mu: Tensor  # (R, D)
    logvar: Tensor  # (R, D)
    z: Tensor  # (R, D)
    logits: Tensor  # (R, P)

    @property
    def noise(self) -> Tensor:
        """(z - mu) / sigma: (R, D)."""
        return (self.z - self.mu) / (self.logvar / 2).exp()

    @property
    def surprise(self) -> Tensor:
        """-log p(x|z) in nats: (R,)."""
        return -Bernoulli(logits=self.logits.double()).log_prob(self.x.double()).sum(1)

    @property
    def divergence(self) -> Tensor:
        """KL(q(z|x) || N(0, I)) in nats: (R,)."""
        return divergences(self.mu.double(), self.logvar.double()).sum(1)


def divergences(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) of each latent, (R, D)."""
    return kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(torch.zeros_like(mu), torch.ones_like(mu)))


def binary(count: int, pixels: int, rng: torch.Generator) -> Tensor:
    """Random images (count, P) of zeros and ones."""
    return (torch.rand(count, pixels, generator=rng) < 0.4).float()


def readings(events: Sequence[Event]) -> list[Reading]:
    """What an answer may have counted: each image's first code, its last, or all of them; equal ones once."""
    rows, batches = list[Reading](), list[bytes]()
    for group in _groups(events):
        for reading in _turns(*group):
            rows.append(reading)
            batches.append(reading.x.cpu().numpy().tobytes())
    turn = [batches[:place].count(batch) for place, batch in enumerate(batches)]
    masks = [[count == 0 for count in turn], [batch not in batches[place + 1 :] for place, batch in enumerate(batches)]]
    chosen: list[list[Reading]] = []
    for mask in [*masks, [True] * len(rows)]:
        part = [reading for reading, keep in zip(rows, mask, strict=True) if keep]
        if part and all(len(part) != len(other) or part[0] is not other[0] for other in chosen):
            chosen.append(part)
    return [Reading(*(torch.cat(column) for column in zip(*part, strict=True))) for part in chosen]


def _turns(images: Sequence[Event], codes: Sequence[Event]) -> Iterator[Reading]:
    """Codes beside the images that they were decoded for, in order; after the last image the first comes again."""
    x, mu, logvar = (torch.cat(part) for part in zip(*((e.given, *e.results) for e in images), strict=True))
    z, logits = (torch.cat(part) for part in zip(*((e.given, *e.results) for e in codes), strict=True))
    for turn_z, turn_logits in zip(z.split(len(x)), logits.split(len(x)), strict=True):
        rows = len(turn_z)
        yield Reading(x[:rows], mu[:rows], logvar[:rows], turn_z, turn_logits)


def _groups(events: Sequence[Event]) -> Iterator[tuple[list[Event], list[Event]]]:
    """Runs of the encoder, and the runs of the decoder that follow them."""
    images: list[Event] = []
    for decoded, run in itertools.groupby(events, key=lambda event: len(event.results) == 1):
        if not decoded:
            images = list(run)
        elif images:
            codes = list(run)
            yield _once(images, sum(len(event.given) for event in codes)), codes


def _once(images: list[Event], codes: int) -> list[Event]:
    """Leave out batches that were encoded twice in a row, if there are fewer codes than images."""
    if codes >= sum(len(event.given) for event in images):
        return images
    new = [not torch.equal(a.given, b.given) for a, b in itertools.pairwise(images)]
    return images[:1] + [event for event, keep in zip(images[1:], new, strict=True) if keep]
