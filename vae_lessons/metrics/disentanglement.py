"""Do single latents follow single factors, where the factors are known? Which models of a trade-off to keep?"""

import numpy as np
import torch
from sklearn.metrics import mutual_info_score
from torch import Tensor


def latent_factor_information(codes: Tensor, factors: Tensor, bins: int = 20) -> tuple[Tensor, Tensor]:
    """I(z_d; v_f) of codes (N, D) and whole-numbered factors (N, F), and H(v_f): (D, F) and (F,), in nats.

    Each latent is cut into `bins` intervals of equal width over its range, and the frequencies are taken for
    probabilities. Chance alone then looks like information, about (bins - 1) (values - 1) / (2 N) nats if all bins
    are in use: shuffle the rows of `factors` to see how much. ValueError: not as many rows of codes as of factors.
    Source: the discretised estimator of Locatello et al. 2019, for the quantity of Chen et al. 2018, section 4.1.
    """
    if len(codes) != len(factors):
        raise ValueError(f"codes and factors need a row for each picture, got {len(codes)} and {len(factors)} rows.")
    binned = [_bin_numbers(code, bins) for code in codes.detach().cpu().double().numpy().T]
    known = factors.cpu().numpy().T
    information = [[mutual_info_score(factor, code) for factor in known] for code in binned]
    entropy = [mutual_info_score(factor, factor) for factor in known]
    return torch.tensor(information), torch.tensor(entropy)


def _bin_numbers(values: np.ndarray, bins: int) -> np.ndarray:
    return np.digitize(values, np.histogram_bin_edges(values, bins)[1:-1])


def factor_gaps(mutual_information: Tensor, entropy: Tensor) -> Tensor:
    """(I of the best latent - I of the second best) / H of each factor, from 0 to 1: (D, F) and (F,) to (F,)."""
    best, second = mutual_information.topk(2, dim=0).values
    return (best - second) / entropy


def mutual_information_gap(mutual_information: Tensor, entropy: Tensor) -> float:
    """MIG, the mean of `factor_gaps` over factors: (D, F) and (F,), D at least 2, to a number from 0 to 1.

    1 if each factor is known in full to one latent and to no other; 0 if each is known equally well to two, or to none.
    Source: Chen et al. 2018, equation 6.
    """
    return factor_gaps(mutual_information, entropy).mean().item()


def pareto_front(rate: Tensor, distortion: Tensor) -> Tensor:
    """Indices of the models that no other one beats, by increasing rate: (N,) and (N,) to (K,) long.

    One model beats another if it is no worse in both and better in one; of equal models the first is kept.
    """
    front, lowest = [], float("inf")
    for i in np.lexsort((distortion.cpu().numpy(), rate.cpu().numpy())).tolist():  # by rate, equal rates by distortion
        if distortion[i] < lowest:
            front.append(i)
            lowest = distortion[i]
    return torch.tensor(front, dtype=torch.long)
