"""Answers to Autoencoder and GaussianEncoder: whole classes, and small changes of a right one."""

import itertools
import math
from typing import NamedTuple

import torch
from catalogue import right, wrong
from torch import nn
from torch.nn import functional as F

AUTO, GAUSS = "Autoencoder", "GaussianEncoder"


def _mlp(*sizes, act=nn.ReLU):
    pairs = list(itertools.pairwise(sizes))
    return nn.Sequential(*(layer for a, b in pairs for layer in (nn.Linear(a, b), act())))[:-1]


class Auto(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        self.encoder = _mlp(input_dim, hidden_dim, latent_dim)
        self.decoder = _mlp(latent_dim, hidden_dim, input_dim)

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z)

    def forward(self, x):
        z = self.encode(x)
        return self.decode(z), z


@right(AUTO)
class Sequential(Auto):
    pass


class Pair(NamedTuple):
    logits: torch.Tensor
    z: torch.Tensor


@right(AUTO)
class NormDropoutNamedTuple(Auto):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__(input_dim, hidden_dim, latent_dim)
        self.encoder = nn.Sequential(
            nn.Linear(input_dim, hidden_dim),
            nn.BatchNorm1d(hidden_dim),
            nn.ELU(),
            nn.Dropout(0.2),
            nn.Linear(hidden_dim, hidden_dim // 2 + 1),
            nn.GELU(),
            nn.Linear(hidden_dim // 2 + 1, latent_dim),
            nn.Tanh(),
        )

    def forward(self, x):
        return Pair(*super().forward(x))


@right(AUTO)
class TiedParameters(nn.Module):
    def __init__(self, p, h, d):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.randn(p, h) / math.sqrt(p)), nn.Parameter(torch.randn(h, d) / math.sqrt(h))
        self.c, self.e = nn.Parameter(torch.zeros(h)), nn.Parameter(torch.zeros(p))

    def encode(self, x):
        return torch.tanh(x @ self.a + self.c) @ self.b

    def decode(self, z):
        return torch.sigmoid(z @ self.b.T) @ self.a.T + self.e

    def forward(self, x):
        return [self.decode(self.encode(x)), self.encode(x)]


@right(AUTO)
class ModuleListReluCode(nn.Module):
    def __init__(self, p, h, d):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(p, h), nn.Linear(h, d), nn.Linear(d, h), nn.Linear(h, p)])
        nn.init.zeros_(self.layers[-1].weight)
        self.norm = nn.LayerNorm(h)

    def encode(self, x):
        return F.relu(self.layers[1](F.relu(self.layers[0](x.clone()))))

    def decode(self, z):
        return self.layers[3](self.norm(F.silu(self.layers[2](z))))

    forward = Auto.forward


@wrong(AUTO, "end with a plain linear layer")
class FinalSigmoid(Auto):
    def decode(self, z):
        return self.decoder(z).sigmoid()


@wrong(AUTO, "as after a tanh")
class FinalTanh(Auto):
    def decode(self, z):
        return self.decoder(z).tanh()


@wrong(AUTO, "as after a ReLU")
class FinalReLU(Auto):
    def decode(self, z):
        return self.decoder(z).relu()


@wrong(AUTO, "forward returns the sigmoid of decode(z)")
class SigmoidInForward(Auto):
    def forward(self, x):
        z = self.encode(x)
        return self.decode(z).sigmoid(), z


@wrong(AUTO, "goes around the bottleneck")
class SkipConnection(Auto):
    def forward(self, x):
        z = self.encode(x)
        return self.decode(z) + x, z


@wrong(AUTO, "changes with the last image that was encoded")
class Memory(Auto):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__(input_dim, hidden_dim, latent_dim)
        self.last = torch.zeros(1)

    def encode(self, x):
        self.last = x.mean()
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z) + self.last


@wrong(AUTO, "encode is a purely linear map")
class Linear(Auto):
    def __init__(self, p, h, d):
        super().__init__(p, h, d)
        self.encoder, self.decoder = _mlp(p, h, d, act=nn.Identity), _mlp(d, h, p, act=nn.Identity)


@wrong(AUTO, "decode is a purely linear map")
class LinearDecoder(Auto):
    def __init__(self, p, h, d):
        super().__init__(p, h, d)
        self.decoder = _mlp(d, h, p, act=nn.Identity)


@wrong(AUTO, "has no parameters")
class PlainList(Auto):
    def __init__(self, p, h, d):
        super().__init__(p, h, d)
        self.both = [self.encoder, self.decoder]
        del self.encoder, self.decoder

    def encode(self, x):
        return self.both[0](x)

    def decode(self, z):
        return self.both[1](z)


@wrong(AUTO, "missing from its parameters()")
class DecoderInAList(PlainList):
    def __init__(self, p, h, d):
        super().__init__(p, h, d)
        self.encoder = self.both[0]


@wrong(AUTO, "swap the two")
class Swapped(Auto):
    def forward(self, x):
        return super().forward(x)[::-1]


@wrong(AUTO, "returned one tensor of shape (32, 20)")
class OnlyLogits(Auto):
    def forward(self, x):
        return super().forward(x)[0]


@wrong(AUTO, "a tuple of 3")
class ThreeResults(Auto):
    def forward(self, x):
        return *super().forward(x), x


@wrong(AUTO, "No gradient")
class Detached(Auto):
    def forward(self, x):
        z = self.encode(x)
        return self.decode(z.detach()), z


@wrong(AUTO, "No gradient")
class NoGrad(Auto):
    @torch.no_grad()
    def forward(self, x):
        return super().forward(x)


@wrong(AUTO, "such as spare.bias")
class UnusedLayer(Auto):
    def __init__(self, p, h, d):
        super().__init__(p, h, d)
        self.spare = nn.Linear(h, h)


@wrong(AUTO, "hidden_dim is not used")
class IgnoresHidden(Auto):
    def __init__(self, p, h, d):
        super().__init__(p, 16, d)


@wrong(AUTO, "expected shape (32, 8)")
class IgnoresLatent(Auto):
    def __init__(self, p, h, d):
        super().__init__(p, h, 2)


@wrong(AUTO, "(32x20 and 784x16)")
class IgnoresInput(Auto):
    def __init__(self, p, h, d):
        super().__init__(784, h, d)


@wrong(AUTO, "expected shape (32, 8)")
class ArgumentsInOtherOrder(Auto):
    def __init__(self, p, d, h):
        super().__init__(p, h, d)


@wrong(AUTO, "two different results for the same input")
class Noisy(Auto):
    def encode(self, x):
        return self.encoder(x) + torch.randn(len(x), 1)


@wrong(AUTO, "two different results for the same input")
class FreshLayer(Auto):
    def decode(self, z):
        return nn.Linear(z.shape[1], self.decoder[-1].out_features)(z).relu()


@wrong(AUTO, "changes with the other rows of the batch")
class CentresTheBatch(Auto):
    def encode(self, x):
        return self.encoder(x - x.mean(0))


@wrong(AUTO, "is not encode(x)")
class ReturnsOtherCode(Auto):
    def forward(self, x):
        logits, z = super().forward(x)
        return logits, z * 2


@wrong(AUTO, "super().__init__() first")
class NoSuper(Auto):
    def __init__(self, p, h, d):
        self.encoder = nn.Linear(p, d)


@wrong(AUTO, "inherit from nn.Module")
class NotAModule:
    def __init__(self, p, h, d):
        self.model = Auto(p, h, d)

    def forward(self, x):
        return self.model(x)


@wrong(AUTO, "has no method encode")
class NoEncode(nn.Module):
    def __init__(self, p, h, d):
        super().__init__()
        self.model = Auto(p, h, d)

    def forward(self, x):
        return self.model(x)


@wrong(AUTO, "changed its argument x in place")
class ChangesInput(Auto):
    def encode(self, x):
        return self.encoder(x.sub_(0.5))


class Gauss(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.ReLU())
        self.mu, self.logvar = nn.Linear(hidden_dim, latent_dim), nn.Linear(hidden_dim, latent_dim)

    def forward(self, x):
        h = self.body(x)
        return self.mu(h), self.logvar(h)


@right(GAUSS)
class SharedBody(Gauss):
    pass


@right(GAUSS)
class OneLayerSplit(nn.Module):
    def __init__(self, p, h, d):
        super().__init__()
        self.net = _mlp(p, h, h, 2 * d, act=nn.Tanh)

    def forward(self, x):
        return self.net(x).chunk(2, dim=1)


@right(GAUSS)
class TwoNetworks(nn.Module):
    def __init__(self, p, h, d):
        super().__init__()
        self.first, self.second = _mlp(p, h, d, act=nn.Sigmoid), _mlp(p, h, d, act=nn.GELU)

    def forward(self, x):
        return Pair(self.first(x), self.second(x))


@right(GAUSS)
class NormDropoutZeroInit(Gauss):
    def __init__(self, p, h, d):
        super().__init__(p, h, d)
        self.body = nn.Sequential(nn.Linear(p, h), nn.BatchNorm1d(h), nn.LeakyReLU(), nn.Dropout(0.3))
        nn.init.zeros_(self.logvar.weight)
        nn.init.constant_(self.logvar.bias, -3.0)


@right(GAUSS)
class LogOfSoftplus(Gauss):
    def forward(self, x):
        mu, raw = super().forward(x)
        return [mu, 2 * torch.log(F.softplus(raw) + 1e-9)]


@right(GAUSS)
class NoBias(nn.Module):
    def __init__(self, p, h, d):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.randn(p, h) * 0.1), nn.Parameter(torch.randn(2, h, d) * 0.1)

    def forward(self, x):
        h = torch.tanh(x @ self.a)
        return h @ self.b[0], h @ self.b[1]


def _gauss(name, phrase, change):
    """A wrong encoder made from a right one: change(model, mu, logvar) gives what forward returns."""

    def forward(self, x):
        return change(self, *Gauss.forward(self, x))

    wrong(GAUSS, phrase)(type(name, (Gauss,), {"forward": forward}))


_gauss("same_head", "same head is used twice", lambda self, mu, logvar: (mu, mu))
_gauss("softplus_logvar", "logvar are never negative, as after a softplus", lambda s, mu, lv: (mu, F.softplus(lv)))
_gauss("exp_logvar", "logvar are never negative and explode, as after an exp", lambda s, mu, lv: (mu, lv.exp()))
_gauss("relu_logvar", "logvar are never negative and often exactly 0", lambda s, mu, lv: (mu, lv.relu()))
_gauss("sigmoid_logvar", "logvar all lie in (0, 1)", lambda s, mu, lv: (mu, lv.sigmoid()))
_gauss("tanh_logvar", "logvar all lie in (-1, 1)", lambda s, mu, lv: (mu, lv.tanh()))
_gauss("clamped_logvar", "logvar never leave -5 to 5", lambda s, mu, lv: (mu, lv.clamp(-5, 5)))
_gauss("scaled_tanh_logvar", "logvar never leave -8 to 8", lambda s, mu, lv: (mu, 8 * lv.tanh()))
_gauss("floored_logvar", "logvar never fall below -4", lambda s, mu, lv: (mu, lv.clamp(min=-4)))
_gauss("capped_logvar", "logvar never rise above 0", lambda s, mu, lv: (mu, F.logsigmoid(lv)))
_gauss("relu_mu", "mu are never negative and often exactly 0", lambda s, mu, lv: (mu.relu(), lv))
_gauss("sigmoid_mu", "mu all lie in (0, 1)", lambda s, mu, lv: (mu.sigmoid(), lv))
_gauss("tanh_mu", "mu all lie in (-1, 1)", lambda s, mu, lv: (mu.tanh(), lv))
_gauss("single_logvar", "one log-variance per latent", lambda s, mu, lv: (mu, lv[:, :1]))
_gauss("spread_logvar", "one logvar per latent", lambda s, mu, lv: (mu, lv[:, :1].expand_as(mu)))
_gauss("flat_logvar", "shape (32,), expected (32, 8)", lambda s, mu, lv: (mu, lv[:, 0]))
_gauss("sampled", "not a sample", lambda s, mu, lv: (mu + (lv / 2).exp() * torch.randn_like(mu), lv))
_gauss("sample_too", "Sampling z comes later", lambda s, mu, lv: (mu, lv, mu + (lv / 2).exp() * torch.randn_like(mu)))
_gauss("only_mu", "return mu, logvar", lambda s, mu, lv: mu)
_gauss("joined", "one tensor of shape (32, 16)", lambda s, mu, lv: torch.cat([mu, lv], 1))
_gauss("negative_head", "mu has no weights of its own", lambda s, mu, lv: (mu, -mu))
_gauss("detached", "No gradient of logvar", lambda s, mu, lv: (mu, lv.detach()))
_gauss("constant_logvar", "logvar is the same for every image", lambda s, mu, lv: (mu, s.logvar.bias.expand_as(mu)))
_gauss("fixed_logvar", "logvar is the same for every image", lambda s, mu, lv: (mu, torch.zeros_like(mu)))
_gauss("softmax_over_batch", "changes with the other rows", lambda s, mu, lv: (mu.softmax(0), lv))
_gauss("random_dropout", "two different results", lambda s, mu, lv: (F.dropout(mu), lv))


@wrong(GAUSS, "mu has no weights of its own")
class LogvarFromMu(Gauss):
    def __init__(self, p, h, d):
        super().__init__(p, h, d)
        self.logvar = nn.Linear(d, d)

    def forward(self, x):
        mu = self.mu(self.body(x))
        return mu, self.logvar(mu.relu())


@wrong(GAUSS, "mu is a purely linear map")
class NoActivation(Gauss):
    def __init__(self, p, h, d):
        super().__init__(p, h, d)
        self.body = nn.Linear(p, h)


@wrong(GAUSS, "missing from its parameters()")
class HeadsInAList(Gauss):
    def __init__(self, p, h, d):
        super().__init__(p, h, d)
        self.heads = [self.mu, self.logvar]
        del self.mu, self.logvar

    def forward(self, x):
        return tuple(head(self.body(x)) for head in self.heads)


@wrong(GAUSS, "hidden_dim is not used")
class FixedHidden(Gauss):
    def __init__(self, p, h, d):
        super().__init__(p, 32, d)


@wrong(GAUSS, "gave shape (32, 2), expected shape (32, 8)")
class FixedLatent(Gauss):
    def __init__(self, p, h, d):
        super().__init__(p, h, 2)


@wrong(GAUSS, "raised TypeError")
class OnlyTwoSizes(Gauss):
    def __init__(self, p, d):
        super().__init__(p, 16, d)
