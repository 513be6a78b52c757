"""One epoch of a VAE by `fit`, beside a beginner's script and a TensorDataset: `python -m benchmarks.training_speed`.

The three train the same network on the same pictures with the same batch size. They run in turn, several times, and
what counts is the ratio within a round: a busy machine slows all three alike.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision.transforms.v2.functional import to_dtype, to_image

from vae_lessons.data import Images, mnist, to_float
from vae_lessons.distributions import gaussian_kl
from vae_lessons.losses import elbo_terms
from vae_lessons.models import VAE, mlp_vae
from vae_lessons.training import fit

THREADS, ROUNDS, PICTURES, BATCH = 2, 5, 20_000, 200


class PerSample(Dataset):
    """What a torchvision data set does: one PIL-like picture at a time through a transform."""

    def __init__(self, data: Images):
        self.pictures = data.images.numpy()

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> torch.Tensor:
        return to_dtype(to_image(self.pictures[index]), torch.float32, scale=True).flatten()


def by_loader(model: VAE, loader: DataLoader) -> None:
    """The loop of most tutorials: squashed pixels, plain Adam, a number read at every step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    total = 0.0
    for batch in loader:
        x = batch[0] if isinstance(batch, list) else batch
        logits, mu, logvar, _ = model(x)
        loss = F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="sum") + gaussian_kl(mu, logvar).sum()
        optimizer.zero_grad()
        (loss / len(x)).backward()
        optimizer.step()
        total += loss.item()


def beginner(model: VAE, data: Images) -> None:
    by_loader(model, DataLoader(PerSample(data), batch_size=BATCH, shuffle=True))


def tensor_dataset(model: VAE, data: Images) -> None:
    by_loader(model, DataLoader(TensorDataset(to_float(data.images)), batch_size=BATCH, shuffle=True))


def ours(model: VAE, data: Images) -> None:
    fit(
        model,
        data,
        objective=elbo_terms,
        prepare=to_float,
        epochs=1,
        batch_size=BATCH,
        device=torch.device("cpu"),
        progress=False,
    )


def seconds(train: Callable, data: Images) -> float:
    torch.manual_seed(0)
    model = mlp_vae(16)
    start = time.perf_counter()
    train(model, data)
    return time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(THREADS)
    data = mnist().train.take(torch.arange(PICTURES))
    ways = (beginner, tensor_dataset, ours)
    rounds = [[seconds(way, data) for way in ways] for _ in range(ROUNDS + 1)][1:]  # the first warms up
    print(f"an epoch of {PICTURES:,} pictures, batch {BATCH}, {THREADS} threads, median of {ROUNDS} rounds in turn")
    for column, way in enumerate(ways):
        time_of_way = statistics.median(times[column] for times in rounds)
        ratio = statistics.median(times[column] / times[-1] for times in rounds)
        print(f"  {way.__name__:15} {time_of_way:6.2f} s   {ratio:4.1f} times ours")


if __name__ == "__main__":
    main()
