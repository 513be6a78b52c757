"""The data sets: what is in them, how they are split, and what is said when something is wrong with them."""

import gzip
import hashlib
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets, transforms

import vae_lessons.data as data
from vae_lessons.data import bundled
from vae_lessons.data.images import Images

MNIST_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
TRAINING_DIGITS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_DIGITS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
TRAIN_IMAGES = "mnist/train-images-idx3-ubyte.gz"
TEST_LABELS = "mnist/t10k-labels-idx1-ubyte.gz"


@pytest.fixture(scope="module")
def mnist():
    return data.mnist()


@pytest.fixture(scope="module")
def pictures():
    return data.every_shape()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the bundled files that a test may damage."""
    for name in bundled.SHA256:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((bundled.FOLDER / name).read_bytes())
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    return tmp_path


def raw(name: str) -> np.ndarray:
    """A bundled idx file, read with numpy alone."""
    content = gzip.decompress((Path(data.__file__).parent / name).read_bytes())
    axes = content[3]
    shape = np.frombuffer(content, dtype=">u4", count=axes, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * axes).reshape(shape)


# --- bundled files


@pytest.mark.parametrize(("name", "md5"), MNIST_MD5.items())
def test_mnist_files_are_the_canonical_ones(name, md5):
    packed = (bundled.FOLDER / "mnist" / f"{name}.gz").read_bytes()
    assert hashlib.md5(gzip.decompress(packed)).hexdigest() == md5


def test_every_bundled_file_has_a_checksum_and_a_licence():
    files = {path.relative_to(bundled.FOLDER).as_posix() for path in bundled.FOLDER.rglob("*.gz")}
    assert files == set(bundled.SHA256)
    licences = (bundled.FOLDER / "LICENSES.md").read_text(encoding="utf-8")
    assert all(f"`{name.split('/')[0]}/`" in licences for name in files)


def test_mnist_has_the_published_counts(mnist):
    assert [part.size for part in mnist[:3]] == [50_000, 10_000, 10_000]
    training = torch.cat([mnist.train.labels, mnist.validation.labels])
    assert torch.bincount(training).tolist() == TRAINING_DIGITS
    assert torch.bincount(mnist.test.labels).tolist() == TEST_DIGITS
    assert mnist.class_names == tuple("0123456789")


def test_fashion_mnist_is_the_stated_part():
    splits = data.fashion_mnist()
    assert [part.size for part in splits[:3]] == [8_334, 1_666, 2_000]
    assert splits.class_names == tuple(datasets.FashionMNIST.classes)
    # The first training image of Fashion-MNIST is the well-known ankle boot; position 0 stays in the training part.
    assert splits.class_names[splits.train.labels[0]] == "Ankle boot"


@pytest.mark.parametrize("load", [data.mnist, data.fashion_mnist, data.shapes])
def test_every_part_has_the_same_form(load):
    splits = load()
    for part in splits[:3]:
        assert part.images.dtype == torch.uint8
        assert part.labels.dtype == torch.int64
        assert part.images.shape[1:] in {(28, 28), (32, 32)}
        assert len(part.images) == len(part.labels) == part.size
        kinds = part.labels if part.labels.ndim == 1 else part.labels[:, 0]
        assert set(kinds.tolist()) == set(range(len(splits.class_names)))


def test_validation_is_every_sixth_training_image_and_the_test_part_is_whole(mnist):
    images, labels = raw(TRAIN_IMAGES), raw("mnist/train-labels-idx1-ubyte.gz")
    assert np.array_equal(mnist.validation.images, images[5::6])
    assert np.array_equal(mnist.validation.labels, labels[5::6])
    assert np.array_equal(mnist.train.images, np.delete(images, np.s_[5::6], axis=0))
    assert np.array_equal(mnist.train.labels, np.delete(labels, np.s_[5::6]))
    assert np.array_equal(mnist.test.images, raw("mnist/t10k-images-idx3-ubyte.gz"))
    assert np.array_equal(mnist.test.labels, raw(TEST_LABELS))


def test_the_split_puts_every_image_in_one_part():
    numbers = torch.arange(20)
    everything = Images(numbers.to(torch.uint8).view(20, 1, 1), numbers)
    train, validation, _, _ = data.split(everything, everything, ("only",))
    assert validation.labels.tolist() == [5, 11, 17]
    assert sorted(train.labels.tolist() + validation.labels.tolist()) == list(range(20))


def test_editing_in_place_does_not_reach_the_next_caller():
    for load in (data.fashion_mnist, data.shapes):
        for part in load()[:3]:
            part.images.fill_(7)
            part.labels.fill_(0)
        assert all((part.images != 7).any() and part.labels.any() for part in load()[:3])


def test_images_move_together():
    splits = data.Splits(*[Images(torch.zeros(2, 3, 3), torch.zeros(2))] * 3, ("only",)).to("meta")
    assert all(tensor.device.type == "meta" for part in splits[:3] for tensor in part)


# --- damaged files


def expect_error(name: str, fault: str) -> None:
    with pytest.raises(data.DataError) as error:
        data.mnist()
    message = str(error.value)
    assert f"{bundled.FOLDER / name} {fault}" in message
    assert f"`git checkout -- vae_lessons/data/{name}`" in message
    assert "reinstall" in message
    assert bundled.verify() == [message]


def test_intact_files_verify(folder):
    assert data.verify() == []


def test_a_missing_file_is_named(folder):
    (folder / TRAIN_IMAGES).unlink()
    expect_error(TRAIN_IMAGES, "is missing")


def test_a_folder_in_place_of_a_file_is_named(folder):
    (folder / TEST_LABELS).unlink()
    (folder / TEST_LABELS).mkdir()
    expect_error(TEST_LABELS, "cannot be read")


@pytest.mark.parametrize(("length", "fault"), [(0, "is empty"), (5, "is cut short"), (9_000_000, "is cut short")])
def test_a_truncated_file_is_named(folder, length, fault):
    path = folder / TRAIN_IMAGES
    path.write_bytes(path.read_bytes()[:length])
    expect_error(TRAIN_IMAGES, fault)


def test_a_file_that_is_not_gzip_is_named(folder):
    (folder / TEST_LABELS).write_bytes(b"<html>not found</html>")
    expect_error(TEST_LABELS, "is not a gzip file")


@pytest.mark.parametrize("position", [100, -6])  # in the compressed stream; in gzip's own checksum
def test_one_flipped_byte_is_noticed(folder, position):
    content = bytearray((folder / TEST_LABELS).read_bytes())
    content[position] ^= 0xFF
    (folder / TEST_LABELS).write_bytes(content)
    expect_error(TEST_LABELS, "was altered")


def test_a_well_formed_file_with_other_pixels_is_noticed(folder):
    content = bytearray(gzip.decompress((folder / TEST_LABELS).read_bytes()))
    content[-1] ^= 1
    (folder / TEST_LABELS).write_bytes(gzip.compress(content))
    expect_error(TEST_LABELS, "was altered")


def test_verify_names_every_damaged_file(folder):
    for name in bundled.SHA256:
        (folder / name).unlink()
    assert len(data.verify()) == len(bundled.SHA256)


def test_idx_files_are_parsed_by_their_header():
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(6))
    assert bundled.parse_idx(content, "toy").tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is not an idx file"),
        (b"\x00\x00\x08", "is not an idx file"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 1, 0]), "is not an idx file"),  # 13 marks 32-bit floats
        (bytes([1, 0, 8, 1, 0, 0, 0, 1, 0]), "is not an idx file"),
        (bytes([0, 0, 8, 2, 0, 0, 0, 1]), "is not an idx file"),  # two axes announced, one given
        (bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2]), r"3 values of shape \(3,\) but holds 2"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 1, 1, 2]), r"1 values of shape \(1,\) but holds 2"),
    ],
)
def test_a_wrong_idx_file_is_refused(content, fault):
    with pytest.raises(data.DataError, match=fault):
        bundled.parse_idx(content, "toy")


# --- conversion


@pytest.mark.parametrize("shape", [(2, 2, 3), (2, 6)])
def test_to_float_divides_by_255_and_flattens(shape):
    pixels = torch.tensor([0, 1, 51, 127, 128, 255, 255, 0, 0, 0, 0, 102], dtype=torch.uint8)
    rows = data.to_float(pixels.view(shape))
    assert rows.dtype == torch.float32
    expected = [[0, 1 / 255, 0.2, 127 / 255, 128 / 255, 1], [1, 0, 0, 0, 0, 0.4]]
    torch.testing.assert_close(rows, torch.tensor(expected), rtol=1e-6, atol=0)
    assert rows.max() == 1.0
    assert pixels.tolist() == [0, 1, 51, 127, 128, 255, 255, 0, 0, 0, 0, 102]


def test_conversion_stays_on_the_device():
    pixels = torch.empty(2, 3, 3, dtype=torch.uint8, device="meta")
    assert data.to_float(pixels).device.type == data.binarize(pixels).device.type == "meta"


@pytest.mark.parametrize("convert", [data.to_float, data.binarize])
def test_only_batches_of_bytes_are_converted(convert):
    with pytest.raises(TypeError, match=r"uint8.*float32"):
        convert(torch.rand(2, 3, 3))
    with pytest.raises(ValueError, match=r"batch.*\(9,\)"):
        convert(torch.zeros(9, dtype=torch.uint8))


def test_binarize_without_a_generator_is_a_threshold():
    pixels = torch.tensor([[[0, 127], [128, 255]]], dtype=torch.uint8)
    black_and_white = data.binarize(pixels)
    assert black_and_white.dtype == torch.float32
    assert black_and_white.tolist() == [[0.0, 0.0, 1.0, 1.0]]


def test_binarize_with_a_generator_draws_each_pixel_with_its_own_probability():
    levels = torch.tensor([0, 26, 128, 230, 255], dtype=torch.uint8)
    n = 40_000
    draws = data.binarize(levels.repeat(n, 1), torch.Generator().manual_seed(0))
    assert draws.dtype == torch.float32
    assert set(draws.unique().tolist()) == {0.0, 1.0}
    p = levels.double() / 255
    error = (p * (1 - p) / n).sqrt()  # of the mean of n draws; 0 and 255 must come out exactly
    assert ((draws.double().mean(dim=0) - p).abs() <= 4 * error).all()


def test_binarize_is_fresh_per_call_and_repeats_with_the_seed(mnist):
    images = mnist.test.images[:50]
    generator = torch.Generator().manual_seed(3)
    first, second = data.binarize(images, generator), data.binarize(images, generator)
    again = data.binarize(images, torch.Generator().manual_seed(3))
    assert first.shape == (50, 784)
    assert not torch.equal(first, second)
    assert torch.equal(first, again)


def test_halve_keeps_the_brightest_of_four_pixels_and_drops_an_odd_edge():
    picture = torch.tensor([[[0, 200, 7, 7, 255], [3, 0, 9, 8, 255], [1, 1, 0, 0, 255]]], dtype=torch.uint8)
    assert data.halve(picture).tolist() == [[[200, 9]]]
    assert data.halve(picture).dtype == torch.uint8


def test_halve_makes_14_by_14_digits(mnist):
    assert data.halve(mnist.test.images[:5]).shape == (5, 14, 14)


def test_random_shifts_move_whole_pictures_by_up_to_two_pixels():
    """One bright pixel in the middle of a 7 x 7 picture lands on each of the 25 places around it equally often."""
    images = torch.zeros(25_000, 7, 7, dtype=torch.uint8)
    images[:, 3, 3] = 200
    torch.manual_seed(0)
    shifted = data.random_shift(images)
    assert shifted.dtype == torch.uint8 and (shifted.sum((1, 2)) == 200).all()
    counts = (shifted == 200).sum(0)
    assert counts.sum() == counts[1:6, 1:6].sum() == 25_000
    assert (counts[1:6, 1:6] - 1000).abs().max() < 160  # five standard deviations of a binomial count


def test_what_a_shift_pushes_over_the_edge_is_gone():
    corner = torch.zeros(100, 4, 4, dtype=torch.uint8)
    corner[:, 0, 0] = 1
    shifted = data.random_shift(corner, pixels=1)
    assert set(shifted.sum((1, 2)).tolist()) == {0, 1}
    assert torch.equal(data.random_shift(corner, pixels=0), corner)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_conversion_on_a_cuda_device(mnist):
    images = mnist.test.images[:100]
    on_device = images.cuda()
    assert torch.equal(data.to_float(on_device).cpu(), data.to_float(images))
    assert torch.equal(data.binarize(on_device).cpu(), data.binarize(images))
    fresh = data.binarize(on_device, torch.Generator("cuda").manual_seed(0))
    assert fresh.device.type == "cuda"
    assert set(fresh.unique().tolist()) == {0.0, 1.0}


# --- images with known factors


def test_every_combination_of_factors_appears_once(pictures):
    assert data.FACTOR_NAMES == ("shape", "scale", "rotation", "x", "y")
    assert data.FACTOR_SIZES == (3, 4, 8, 8, 8)
    assert pictures.images.shape == (6144, 32, 32)
    assert torch.equal(pictures.labels, torch.cartesian_prod(*map(torch.arange, data.FACTOR_SIZES)))


def test_every_combination_is_a_picture_of_its_own(pictures):
    assert len(torch.unique(pictures.images.flatten(1), dim=0)) == 6144
    assert len(torch.unique(data.binarize(pictures.images).bool(), dim=0)) == 6144


def test_pictures_differ_clearly_not_by_a_grey_level(pictures):
    # Translation aside: at one position, any two of the 96 shapes differ by more than 3 fully lit pixels (squared).
    here = (pictures.labels[:, 3] == 3) & (pictures.labels[:, 4] == 3)
    stamps = pictures.images[here].flatten(1).double() / 255
    assert torch.pdist(stamps).square().min() > 3


def test_the_pictures_are_the_same_on_every_machine(pictures):
    digest = hashlib.sha256(pictures.images.numpy().tobytes()).hexdigest()
    assert digest == "2659c6af60178936aa7a962e027e94516e36f165f6a0372f84b5a84a6ebf681b"


def grid(pictures):
    return pictures.images.view(*data.FACTOR_SIZES, 32, 32)


def test_x_moves_right_and_y_moves_down_by_two_pixels(pictures):
    images = grid(pictures)
    assert torch.equal(images[:, :, :, 1:, :], images[:, :, :, :-1, :].roll(2, dims=-1))
    assert torch.equal(images[:, :, :, :, 1:], images[:, :, :, :, :-1].roll(2, dims=-2))


def test_two_rotation_steps_are_a_quarter_turn(pictures):
    stamps = grid(pictures)[:, :, :, 0, 0, :18, :18]
    assert torch.equal(stamps.roll(-2, dims=2), torch.rot90(stamps, dims=(-2, -1)))


def test_shapes_never_leave_the_frame(pictures):
    images = grid(pictures)
    whole = images[:, :, :, 3, 3].long().sum(dim=(-1, -2))[:, :, :, None, None]
    assert (images.long().sum(dim=(-1, -2)) == whole).all()
    # The border of the 18 x 18 patch that holds a shape is dark: nothing was clipped while drawing either.
    patch = images[:, :, :, 0, 0, :18, :18]
    assert not patch[..., [0, -1], :].any()
    assert not patch[..., [0, -1]].any()


def test_position_does_not_depend_on_shape_scale_or_rotation(pictures):
    images = data.to_float(pictures.images).view(-1, 32, 32)
    mass = images.sum(dim=(1, 2))
    middle = torch.arange(32) + 0.5
    x = (images.sum(dim=1) * middle).sum(dim=1) / mass
    y = (images.sum(dim=2) * middle).sum(dim=1) / mass
    torch.testing.assert_close(x, 9.0 + 2 * pictures.labels[:, 3], atol=0.05, rtol=0)
    torch.testing.assert_close(y, 9.0 + 2 * pictures.labels[:, 4], atol=0.05, rtol=0)


def test_scale_is_the_radius_in_pixels(pictures):
    area = grid(pictures)[:, :, :, 0, 0].double().sum(dim=(-1, -2))
    growth = area / area[:, :1]
    expected = torch.tensor([1.0, 36 / 25, 49 / 25, 64 / 25], dtype=torch.float64)  # radii 5, 6, 7, 8
    torch.testing.assert_close(growth, expected[None, :, None].expand_as(growth), rtol=0.02, atol=0)


def test_shape_edges_are_smooth(pictures):
    grey = (pictures.images > 0) & (pictures.images < 255)
    assert (grey.sum(dim=(1, 2)) > 10).all()


def test_parts_of_the_shapes_are_disjoint_and_balanced(pictures):
    splits = data.shapes()
    assert [part.size for part in splits[:3]] == [4608, 768, 768]
    assert splits.class_names == ("arrow", "heart", "moon")
    seen = torch.cat([part.labels for part in splits[:3]])
    assert len(torch.unique(seen, dim=0)) == 6144
    for part in splits[:3]:
        for factor, size in enumerate(data.FACTOR_SIZES):
            counts = torch.bincount(part.labels[:, factor], minlength=size)
            assert counts.tolist() == [part.size // size] * size
        for one, other in itertools.combinations(range(5), 2):
            pairs, counts = torch.unique(part.labels[:, [one, other]], dim=0, return_counts=True)
            assert len(pairs) == data.FACTOR_SIZES[one] * data.FACTOR_SIZES[other]
            assert counts.min() == counts.max()


def test_shape_labels_stay_with_their_pictures(pictures):
    picture = {tuple(label): image for label, image in zip(pictures.labels.tolist(), pictures.images, strict=True)}
    for part in data.shapes()[:3]:
        for label, image in zip(part.labels[::97].tolist(), part.images[::97], strict=True):
            assert torch.equal(image, picture[tuple(label)])


# --- the door to torchvision


def idx(array: np.ndarray) -> bytes:
    axes = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return bytes([0, 0, 8, array.ndim]) + axes + array.tobytes()


def lay_out(folder: Path, prefix: str = "") -> dict[str, np.ndarray]:
    """Raw idx files as torchvision keeps them: 12 training and 4 test images of 28 x 28."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 12), ("test" if prefix else "t10k", 4)):
        arrays[part] = random.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        (folder / f"{prefix}{part}-images-idx3-ubyte").write_bytes(idx(arrays[part]))
        (folder / f"{prefix}{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(n, dtype=np.uint8) % 10))
    return arrays


@pytest.mark.parametrize("kind", [datasets.MNIST, datasets.FashionMNIST, datasets.KMNIST])
def test_torchvision_sets_of_the_mnist_family(kind, tmp_path):
    arrays = lay_out(tmp_path / kind.__name__ / "raw")
    splits = data.from_torchvision(train=kind(tmp_path, train=True), test=kind(tmp_path, train=False))
    assert splits.train.images.dtype == torch.uint8
    assert splits.train.labels.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 0]
    assert splits.validation.labels.tolist() == [5, 1]
    assert np.array_equal(splits.validation.images, arrays["train"][[5, 11]])
    assert np.array_equal(splits.test.images, arrays["t10k"])
    assert splits.class_names == tuple(kind.classes)


@pytest.mark.parametrize("transform", [None, transforms.Resize((28, 28))])
def test_emnist_is_put_upright(transform, tmp_path):
    arrays = lay_out(tmp_path / "EMNIST" / "raw", prefix="emnist-digits-")
    train, test = (datasets.EMNIST(tmp_path, "digits", train=train, transform=transform) for train in (True, False))
    splits = data.from_torchvision(train=train, test=test)
    assert np.array_equal(splits.test.images, arrays["test"].transpose(0, 2, 1))
    assert splits.test.images.is_contiguous()


class Toy:
    """A data set that hands out the given pictures one by one."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def plain(side=4, label=1):
    return Image.new("L", (side, side), 9), label


def test_colours_become_grey():
    red, green, blue = (Image.new("RGB", (4, 4), colour) for colour in ("#ff0000", "#00ff00", "#0000ff"))
    test = Toy([(red, 0), (green, 1), (blue, 2)])
    splits = data.from_torchvision(train=Toy([(red, 0), (green, 1), (blue, 2)] * 2), test=test)
    assert splits.test.images[:, 0, 0].tolist() == [76, 150, 29]  # 255 times .299, .587, .114, rounded
    assert splits.test.labels.tolist() == [0, 1, 2]
    assert splits.class_names == ("0", "1", "2")


def test_a_torchvision_set_of_colour_pictures():
    train, test = (datasets.FakeData(n, (3, 20, 30), 4) for n in (12, 5))
    splits = data.from_torchvision(train=train, test=test)
    assert splits.train.images.shape == (10, 20, 30)
    assert splits.validation.size == 2
    assert np.array_equal(splits.test.images[3], np.asarray(test[3][0].convert("L")))


def test_a_transform_is_applied_even_when_the_pixels_lie_in_memory(tmp_path):
    lay_out(tmp_path / "MNIST" / "raw")
    resize = transforms.Resize((14, 14))
    train, test = (datasets.MNIST(tmp_path, train=train, transform=resize) for train in (True, False))
    assert data.from_torchvision(train=train, test=test).test.images.shape == (4, 14, 14)


def test_the_data_set_that_was_opened_is_not_shared(tmp_path):
    arrays = lay_out(tmp_path / "MNIST" / "raw")
    test = datasets.MNIST(tmp_path, train=False)
    data.from_torchvision(train=datasets.MNIST(tmp_path), test=test).test.images.zero_()
    assert np.array_equal(test.data, arrays["t10k"])


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        ([(torch.rand(1, 4, 4), 0)], "Tensor objects, not pictures: build it without ToTensor"),
        ([plain(4), plain(5)], "come in 2 sizes, not one: build it with transform=Resize"),
        ([plain(label=torch.zeros(3))], "not one whole number per image"),
        ([plain(label={"age": 3})], "not one whole number per image"),
    ],
)
def test_unsuitable_items_are_refused_with_a_remedy(items, fault):
    with pytest.raises(data.DataError, match=fault) as error:
        data.from_torchvision(train=Toy(items), test=Toy([plain()]))
    assert "Toy" in str(error.value)


def test_training_images_are_not_accepted_as_test_part(tmp_path):
    toy = Toy([plain()])
    with pytest.raises(data.DataError, match="train=False"):
        data.from_torchvision(train=toy, test=toy)
    lay_out(tmp_path / "MNIST" / "raw")
    with pytest.raises(data.DataError, match="train=False"):
        data.from_torchvision(train=datasets.MNIST(tmp_path), test=datasets.MNIST(tmp_path))


# --- without a network, without weight

UNPLUGGED = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("the network was used")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refuse
import vae_lessons.data as data
assert data.verify() == []
sizes = [part.size for load in (data.mnist, data.fashion_mnist, data.shapes) for part in load()[:3]]
print(sizes, sorted({"torchvision", "PIL", "matplotlib", "ipywidgets", "sklearn"} & set(sys.modules)))
"""


def test_works_with_the_network_unplugged_and_imports_nothing_heavy():
    result = subprocess.run([sys.executable, "-c", UNPLUGGED], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[50000, 10000, 10000, 8334, 1666, 2000, 4608, 768, 768] []"
