"""Exported artifacts compute what PyTorch does, keep their weights once, and run without it."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from safetensors import safe_open

import seesay
from seesay.artifact import ENCODER, MANIFEST, NETWORKS, WEIGHTS, Artifact, read_artifact
from seesay.artifact.tensors import read_header
from seesay.errors import ArtifactError, UsageError
from seesay.exporting import TorchNetworks, check_parity, describe, export_artifact, load_model, save_model
from seesay.exporting.graphs import export_graphs
from seesay.models.captioner import CaptionModel
from seesay.models.decoders import DECODERS
from seesay.models.encoders import EncoderConfig
from seesay.runtime import Captioner, OnnxNetworks
from seesay.text import Vocabulary

WORDS = Vocabulary.build([[f"word{i}"] * 5 for i in range(60)], min_count=1)


def noise(count: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (40 + i, 50, 3), dtype=np.uint8) for i in range(count)]


# Too large for a test as it comes.
EXPANSION = {"hidden": 32, "heads": 2, "feed_forward": 64, "layers": 1, "static": (4, 8), "dynamic": 3, "max_length": 9}
# Every family as it comes, and what makes other networks of it.
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in sorted(DECODERS) if name != "expansionnet_v2"),
    ("expansionnet_v2", EXPANSION),
    ("inject", {"conditioning": "init", "cell": "gru", "layers": 2}),
    ("inject", {"conditioning": "pre", "layers": 2}),
    ("inject", {"conditioning": "init"}),
    ("inject", {"conditioning": "pre", "cell": "gru"}),
    ("inject", {"conditioning": "par", "cell": "gru"}),
    ("inject", {"conditioning": "merge", "layers": 2}),
    ("merge", {"cell": "gru", "combine": "concat"}),
    ("merge", {"layers": 2}),
    ("blstm", {"cell": "gru", "combine": "concat", "window": 5}),
    ("lrcn", {"cell": "gru"}),
    ("s2vt", {"cell": "gru"}),
    ("show_attend_tell", {"cell": "gru"}),
    ("up_down", {"cell": "gru"}),
    ("transformer", {"encoder_layers": 0, "decoder_layers": 1, "window": 4}),
]


SMALL_ENCODER = EncoderConfig(name="test_efficientnet", weights="random", size=64)


def train(decoder_name: str, folder: Path, encoder: EncoderConfig = SMALL_ENCODER, **settings: Any) -> Artifact:
    """A random model, with batch norm statistics as a trained one has, kept as training keeps it."""
    torch.manual_seed(3)
    decoder = DECODERS[decoder_name].config_class(name=decoder_name, **settings)
    model = CaptionModel.build(encoder, decoder, WORDS)
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            if "running" in name:
                buffer.uniform_(0.5, 1.5)
        for parameter in model.decoder.parameters():
            parameter.mul_(2)  # livelier than at birth: logits apart, no ties
    about = describe(model, decoder, decoder_name, search={"beam": 3, "max_length": 8}, card="# Test")
    return save_model(model.eval(), about, folder)


@pytest.fixture(scope="module", params=VARIANTS, ids=lambda pair: "-".join(map(str, [pair[0], *pair[1].values()])))
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """One of each decoder family and variant."""
    name, settings = request.param
    return train(name, tmp_path_factory.mktemp("run"), **settings)


@pytest.fixture(scope="module")
def exported(trained: Artifact, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """Each kind of storage; the networks are traced once, since they do not depend on how weights are kept."""
    out = tmp_path_factory.mktemp("exported")
    kinds: list[Any] = ["none", "float16", "int8"]
    traced = cache(lambda: export_graphs(load_model(trained)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seesay.exporting.command.export_graphs", lambda model, frames: copy.deepcopy(traced()))
        return {kind: export_artifact(trained.root, out / kind, quantize=kind) for kind in kinds}


@pytest.fixture(scope="module")
def attention(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """For what has nothing to do with the decoder's family."""
    return train("attention", tmp_path_factory.mktemp("attention"))


@pytest.fixture(scope="module")
def small(attention: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return export_artifact(attention.root, tmp_path_factory.mktemp("small") / "float16")


def test_saved_model_is_loaded_back(trained: Artifact) -> None:
    model = load_model(trained.root)
    assert not model.training
    assert model.vocabulary.tokens == WORDS.tokens
    with safe_open(trained.file(WEIGHTS), framework="pt") as kept:
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                assert torch.equal(value, kept.get_tensor(name)), name


@pytest.mark.parametrize("storage", ["none", "float16", "int8"])
@pytest.mark.parametrize("rows", [1, 2, 5, 9])
def test_networks_compute_what_pytorch_does(exported: dict[str, Artifact], storage: str, rows: int) -> None:
    artifact = exported[storage]
    networks, expected = OnnxNetworks(artifact), TorchNetworks(load_model(artifact))
    pixels = np.random.default_rng(rows).integers(0, 256, (rows, 64, 64, 3), dtype=np.uint8)
    state, state_expected = networks.start(pixels), expected.start(pixels)
    assert set(state) == set(state_expected)
    assert networks.constant == expected.constant
    for step in range(3):
        for name, value in state_expected.items():
            np.testing.assert_allclose(state[name], value, rtol=1e-3, atol=1e-4, err_msg=f"{name} at step {step}")
        tokens = np.arange(rows) + 4 + step
        logits, state = networks.step(tokens, state)
        logits_expected, state_expected = expected.step(tokens, state_expected)
        np.testing.assert_allclose(logits, logits_expected, rtol=1e-3, atol=1e-3)
        assert logits.shape == (rows, len(WORDS))


@pytest.mark.parametrize("storage", ["none", "float16", "int8"])
def test_the_same_captions_as_pytorch(exported: dict[str, Artifact], storage: str) -> None:
    parity = check_parity(exported[storage], noise(20))
    assert parity.pictures == 20
    assert parity.differing == ()
    assert parity.largest_score_gap < 1e-3


@pytest.mark.parametrize(
    ("name", "layer"),
    [("test_efficientnet", "blocks.1"), ("test_vit", "blocks.0"), ("test_efficientnet", "global_pool")],
)
def test_an_encoder_cut_at_a_layer(tmp_path: Path, name: str, layer: str) -> None:
    encoder = EncoderConfig(name=name, weights="random", size=64 if "vit" not in name else None, layer=layer)
    artifact = export_artifact(train("merge", tmp_path / "run", encoder=encoder).root, tmp_path / "model")
    assert check_parity(artifact, noise(6)).differing == ()
    kept = {key for key in read_header(artifact.file(WEIGHTS)) if key.startswith("encoder.")}
    graph = onnx.load(artifact.file(ENCODER), load_external_data=False).graph
    assert len(kept) == sum(t.data_location == onnx.TensorProto.EXTERNAL for t in graph.initializer)


def test_more_words_than_positions_are_refused(exported: dict[str, Artifact]) -> None:
    captioner = Captioner(exported["none"], OnnxNetworks(exported["none"]))
    if "max_length" in captioner.artifact.manifest.model["decoder"]:
        captioner(noise(1)[0], max_length=8)  # nine positions: the start and eight words
        with pytest.raises(UsageError, match=r"max_length is 9; .* reads at most 8 words"):
            captioner(noise(1)[0], max_length=9)
    else:
        captioner(noise(1)[0], max_length=40)


def test_parity_check_notices_another_model(exported: dict[str, Artifact]) -> None:
    other = load_model(exported["none"])
    with torch.no_grad():
        for parameter in other.decoder.parameters():
            parameter.copy_(torch.randn_like(parameter))
    assert len(check_parity(exported["none"], noise(4), other).differing) > 0


def test_captions_do_not_depend_on_the_pictures_beside(exported: dict[str, Artifact]) -> None:
    for artifact in exported.values():
        captioner = Captioner(artifact, OnnxNetworks(artifact))
        pictures = noise(7)
        together = captioner.caption(pictures, beam=3, num=2)
        for batch_size in (1, 2, 5):
            apart = captioner.caption(pictures, beam=3, num=2, batch_size=batch_size)
            for one, other in zip(together, apart, strict=True):
                assert [caption.text for caption in one] == [caption.text for caption in other]
                assert [c.score for c in one] == pytest.approx([c.score for c in other], abs=1e-4)


@pytest.mark.parametrize("storage", ["none", "float16", "int8"])
def test_weights_are_kept_once(exported: dict[str, Artifact], storage: str) -> None:
    artifact = exported[storage]
    artifact.verify()
    header = read_header(artifact.file(WEIGHTS))
    places = {(entry["offset"], entry["length"]): entry["shape"] for entry in header.values()}
    used = set()
    for name in NETWORKS:
        graph = onnx.load(artifact.file(name), load_external_data=False).graph
        for tensor in graph.initializer:
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                where = {entry.key: entry.value for entry in tensor.external_data}
                assert where["location"] == WEIGHTS
                place = (int(where["offset"]), int(where["length"]))
                assert places[place] == list(tensor.dims)
                used.add(place)
            else:
                assert tensor.ByteSize() < 8192, tensor.name
    assert used == set(places)


def test_storage_and_size(trained: Artifact, exported: dict[str, Artifact]) -> None:
    sizes = {kind: artifact.files[WEIGHTS].size for kind, artifact in exported.items()}
    assert sizes["none"] == pytest.approx(trained.files[WEIGHTS].size, rel=0.01)
    assert sizes["float16"] < 0.6 * sizes["none"]
    assert sizes["int8"] < 0.4 * sizes["none"]
    assert [a.manifest.storage for a in exported.values()] == ["float32", "float16", "int8"]
    with safe_open(exported["float16"].file(WEIGHTS), framework="pt") as kept:
        kinds = {kept.get_tensor(name).ndim > 1: kept.get_tensor(name).dtype for name in kept.keys()}  # noqa: SIM118
    assert kinds == {True: torch.float16, False: torch.float32}


def test_description_travels(trained: Artifact, exported: dict[str, Artifact]) -> None:
    for artifact in exported.values():
        for entry in ("name", "model", "preprocessing", "vocabulary", "grid_size", "carried", "search", "card"):
            assert getattr(artifact.manifest, entry) == getattr(trained.manifest, entry)


def test_signatures_are_the_documented_ones(exported: dict[str, Artifact]) -> None:
    artifact = exported["float16"]
    graphs = {name: onnx.load(artifact.file(name), load_external_data=False).graph for name in NETWORKS}
    encoder, start, step = graphs.values()
    assert [i.name for i in encoder.input] == ["pixels"]
    assert [o.name for o in encoder.output] == ["grid", "pooled"]
    assert encoder.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert [i.name for i in start.input] == ["grid", "pooled"]
    states = [o.name for o in start.output]
    assert all(name.startswith("state.") for name in states)
    assert [i.name for i in step.input] == ["tokens", *states]
    assert [o.name for o in step.output] == ["logits", *(f"next.{name}" for name in artifact.manifest.carried)]
    for graph in graphs.values():
        assert all(i.type.tensor_type.shape.dim[0].dim_param for i in graph.input)


def test_files_tell_nothing_of_the_machine(exported: dict[str, Artifact]) -> None:
    for artifact in exported.values():
        for name in (*NETWORKS, MANIFEST):
            content = (artifact.root / name).read_bytes()
            for trace in (str(Path.home()), str(Path.cwd()), ".py", "site-packages"):
                assert trace.encode() not in content, (name, trace)


def test_same_model_gives_the_same_files_in_a_zip_too(attention: Artifact, small: Artifact, tmp_path: Path) -> None:
    again = export_artifact(attention.root, tmp_path / "again.zip", quantize="float16")
    assert again.files == small.files
    assert seesay.load(tmp_path / "again.zip")(noise(1)[0]) == seesay.load(small.root)(noise(1)[0])


def test_an_exported_artifact_is_exported_again(small: Artifact, tmp_path: Path) -> None:
    again = export_artifact(small.root, tmp_path / "again", quantize="float16")
    assert again.files == small.files


def test_calibrated_int8(attention: Artifact, small: Artifact, tmp_path: Path) -> None:
    artifact = export_artifact(attention.root, tmp_path / "int8", quantize="int8", calibration=noise(8))
    graph = onnx.load(artifact.file(ENCODER)).graph
    kinds = [node.op_type for node in graph.node]
    assert "BatchNormalization" not in kinds
    assert kinds.count("DequantizeLinear") > kinds.count("Conv") > 0
    assert not any(name.startswith("encoder.") for name in read_header(artifact.file(WEIGHTS)))
    pixels = np.stack([load_model(attention).preprocessing.load(picture) for picture in noise(3)])
    (grid, _), (exact, _) = (OnnxNetworks(a).encode(pixels) for a in (artifact, small))
    likeness = (grid * exact).sum() / np.sqrt((grid**2).sum() * (exact**2).sum())
    assert likeness > 0.97
    captioner = seesay.load(tmp_path / "int8")
    pictures = noise(5)
    assert [c[0].text for c in captioner.caption(pictures)] == [captioner(p).text for p in pictures]
    with pytest.raises(ArtifactError, match="calibrated int8"):
        load_model(artifact)


def test_misuse_is_named(attention: Artifact, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="choose one of none, float16, int8"):
        export_artifact(attention.root, tmp_path / "x", quantize="int4")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="calibration pictures are for"):
        export_artifact(attention.root, tmp_path / "x", quantize="float16", calibration=[])
    with pytest.raises(UsageError, match="without a picture"):
        export_artifact(attention.root, tmp_path / "x", quantize="int8", calibration=[])
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ArtifactError, match=r"holds something else \(notes\.txt\)"):
        export_artifact(attention.root, tmp_path)
    assert seesay.load(attention.root).name == attention.name  # a run is used as it is, where PyTorch is there
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt"]


def test_weights_that_do_not_fit_are_refused(attention: Artifact, tmp_path: Path) -> None:
    for name in (MANIFEST, WEIGHTS):
        (tmp_path / name).write_bytes((attention.root / name).read_bytes())
    values = json.loads((tmp_path / MANIFEST).read_text("utf-8"))
    values["vocabulary"] = Vocabulary.build([["a", "b"]], min_count=1).to_json()
    (tmp_path / MANIFEST).write_text(json.dumps(values), "utf-8")
    with pytest.raises(ArtifactError, match="do not fit") as caught:
        load_model(tmp_path)
    assert "\n" not in str(caught.value)


def test_weights_of_an_older_decoder_are_refused(attention: Artifact, tmp_path: Path) -> None:
    model, about = load_model(attention.root), attention.manifest
    model.decoder.norm_output = torch.nn.Identity()
    save_model(model, about, tmp_path)
    with pytest.raises(ArtifactError, match=r"lacks decoder\.norm_output\.weight and 1 more: made by an older SeeSay"):
        load_model(tmp_path)


def test_a_damaged_network_is_named(small: Artifact, tmp_path: Path) -> None:
    for path in small.root.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    size = (tmp_path / ENCODER).stat().st_size
    (tmp_path / ENCODER).write_bytes(b"\x00" * size)
    with pytest.raises(ArtifactError, match=r"encoder\.onnx was changed \(other SHA-256\)"):
        OnnxNetworks(read_artifact(tmp_path))
