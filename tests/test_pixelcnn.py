"""The pixel-by-pixel VAE: what each logit may depend on, a distribution that sums to 1, sampling, training."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from vae_lessons.data import Images, binarize
from vae_lessons.losses import elbo_terms
from vae_lessons.pixelcnn import MaskedConv2d, PixelVAE, pixel_vae
from vae_lessons.training import evaluate, fit

LATENTS, SIDE = 3, 6
each_code = pytest.mark.parametrize("as_map", [False, True], ids=["bias", "map"])


def small_vae(side: int = SIDE, *, as_map: bool = False, **sizes) -> PixelVAE:
    """An untrained model in double precision, its weights enlarged so that every influence is plain to see."""
    torch.manual_seed(0)
    vae = pixel_vae(LATENTS, side=side, channels=5, hidden_dim=16, as_map=as_map, **sizes).double()
    for parameter in vae.decoder.parameters():
        parameter.data *= 2
    return vae


def black_and_white(count: int, pixels: int = SIDE**2) -> torch.Tensor:
    return torch.randint(0, 2, (count, pixels), generator=torch.Generator().manual_seed(1)).double()


def every_picture(pixels: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=pixels)), dtype=torch.float64)


def test_masks_hold_what_comes_before_in_reading_order():
    assert MaskedConv2d(1, 1, 3, own=False).mask.tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    assert MaskedConv2d(1, 1, 3, own=True).mask.tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 0]]


@each_code
def test_a_logit_never_depends_on_its_own_pixel_or_a_later_one(as_map):
    vae, x = small_vae(as_map=as_map, depth=2), black_and_white(1)
    z = torch.randn(1, LATENTS, dtype=torch.float64)
    logits = vae.decode(z, x)
    for i in range(SIDE**2):
        changed = x.clone()
        changed[:, i:] = 1 - changed[:, i:]
        assert torch.equal(vae.decode(z, changed)[:, : i + 1], logits[:, : i + 1])


@each_code
def test_every_logit_but_the_first_depends_on_an_earlier_pixel_and_all_on_the_code(as_map):
    vae, z = small_vae(as_map=as_map, depth=2), torch.randn(1, LATENTS, dtype=torch.float64)
    x = torch.full((1, SIDE**2), 0.5, dtype=torch.float64)
    by_pixel, by_code = torch.autograd.functional.jacobian(lambda x, z: vae.decode(z, x)[0], (x, z))
    assert (by_pixel[:, 0].abs().sum(1) > 0).tolist() == [False] + [True] * (SIDE**2 - 1)
    assert (by_code[:, 0].abs().sum(1) > 0).all()


@pytest.mark.parametrize(("depth", "reach"), [(0, 1), (1, 2), (2, 3)])
def test_each_layer_looks_one_pixel_further(depth, reach):
    """With a first kernel of 3, the last of 6 x 6 pixels sees `reach` columns and rows back."""
    vae, z = small_vae(kernel_size=3, depth=depth), torch.zeros(1, LATENTS, dtype=torch.float64)
    x = torch.full((1, SIDE**2), 0.5, dtype=torch.float64)
    for parameter in vae.decoder.parameters():  # positive everywhere: no ReLU is closed, no two paths cancel
        parameter.data.abs_()
    by_pixel = torch.autograd.functional.jacobian(lambda x: vae.decode(z, x)[0, -1], x)[0].view(SIDE, SIDE)
    rows, columns = by_pixel.nonzero().T
    assert (SIDE - 1 - rows.min(), SIDE - 1 - columns.min()) == (reach, reach)


@pytest.mark.parametrize(("side", "as_map"), [(3, False), (2, True)])
def test_the_probabilities_of_all_pictures_sum_to_one(side, as_map):
    vae, pictures = small_vae(side, as_map=as_map, kernel_size=3), every_picture(side**2)
    z = torch.randn(1, LATENTS, dtype=torch.float64).expand(len(pictures), LATENTS)
    probability = torch.where(pictures == 1, torch.sigmoid(vae.decode(z, pictures)), 0)
    probability = torch.where(pictures == 0, 1 - torch.sigmoid(vae.decode(z, pictures)), probability)
    assert probability.prod(1).sum().item() == pytest.approx(1, abs=1e-12)
    assert probability.prod(1).std() > 1e-4  # and they are not all the same


def test_samples_follow_the_probabilities():
    vae, pictures, n = small_vae(2, kernel_size=3), every_picture(4), 20_000
    z = torch.randn(1, LATENTS, dtype=torch.float64)
    logits = vae.decode(z.expand(16, LATENTS), pictures)
    expected = (-F.binary_cross_entropy_with_logits(logits, pictures, reduction="none").sum(1)).exp()
    torch.manual_seed(2)
    drawn = vae.sample(z.expand(n, LATENTS), 4)
    found = torch.bincount((drawn @ torch.tensor([8, 4, 2, 1], dtype=torch.float64)).long(), minlength=16) / n
    assert ((found - expected).abs() <= 4.5 * (expected * (1 - expected) / n).sqrt()).all()


def test_forward_decodes_its_own_sample_and_takes_noise():
    vae, x, noise = small_vae(), black_and_white(4), torch.randn(4, LATENTS, dtype=torch.float64)
    output = vae(x, noise)
    torch.testing.assert_close(output.z, output.mu + torch.exp(output.logvar / 2) * noise)
    assert torch.equal(output.logits, vae.decode(output.z, x))
    assert not torch.equal(vae(x).z, vae(x).z)


@each_code
def test_fit_lowers_the_loss_and_leaves_the_mask_alone(as_map):
    torch.manual_seed(0)
    vae = pixel_vae(LATENTS, side=4, channels=8, hidden_dim=16, as_map=as_map)
    generator = torch.Generator().manual_seed(1)
    edge = 255 * (torch.arange(4) < torch.randint(1, 4, (400, 1), generator=generator))  # a bar of 1 to 3 pixels
    data = Images(edge[:, None].expand(-1, 4, 4).to(torch.uint8), torch.zeros(400, dtype=torch.long))
    before = evaluate(vae, data, objective=elbo_terms, prepare=binarize)
    fit(vae, data, objective=elbo_terms, prepare=binarize, epochs=10, batch_size=50, seed=0, progress=False)
    after = evaluate(vae, data, objective=elbo_terms, prepare=binarize)
    assert 1.09 < after.loss < 0.5 * before.loss  # log 3 = 1.10 nats is the least possible on average
    assert torch.equal(vae.decoder.first.mask.flatten(), (torch.arange(49) < 24).float())
