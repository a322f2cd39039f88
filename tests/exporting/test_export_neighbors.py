"""A model that keeps what people said of its training pictures: made, carried along, used, refused."""

import csv
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

import seesay
from seesay.artifact import MANIFEST, NEIGHBORS, read_artifact
from seesay.cli import run
from seesay.errors import ArtifactError, DataError, UsageError
from seesay.exporting import check_parity, describe, export_artifact, save_model
from seesay.models.captioner import CaptionModel
from seesay.models.decoders import DECODERS
from seesay.models.encoders import EncoderConfig
from seesay.text import Vocabulary

WORDS = Vocabulary.build([[f"word{i}"] * 5 for i in range(20)], min_count=1)
SIDE = 64


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(3)
    decoder = DECODERS["attention"].config_class(name="attention", hidden=32, heads=2, feed_forward=32)
    built = CaptionModel.build(EncoderConfig(name="test_efficientnet", weights="random", size=SIDE), decoder, WORDS)
    about = describe(built.eval(), decoder, "small", search={"beam": 3, "max_length": 6})
    return save_model(built, about, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Twelve pictures, half of them described one way and half another, one of them no picture; two of dev."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    with (root / "captions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "caption", "split"])
        for i in range(14):
            noise = rng.integers(0, 60, (SIDE, SIDE, 3), dtype=np.uint8)
            noise[..., i % 2] += 180
            Image.fromarray(noise).save(root / f"{i}.png")
            said = "word1 word2 word3" if i % 2 else "word11 word12 word13 unheard"
            for _ in range(2):
                writer.writerow([f"{i}.png", said, "train" if i < 12 else "dev"])
    (root / "11.png").write_bytes(b"no picture")
    return root


@pytest.fixture(scope="module")
def plain(model, tmp_path_factory):
    return export_artifact(model.root, tmp_path_factory.mktemp("plain") / "model")


@pytest.fixture(scope="module")
def knowing(model, data, tmp_path_factory):
    told = []
    out = tmp_path_factory.mktemp("knowing") / "model"
    spec = f"csv:{data / 'captions.csv'}"
    found = export_artifact(model.root, out, neighbors=spec, on_progress=lambda *count: told.append(count))
    assert told[-1] == (12, 12)
    return found


def dev(data):
    return [data / "12.png", data / "13.png"]


def test_search_settings_and_the_file(knowing):
    assert knowing.manifest.search == {"beam": 5, "max_length": 6, "consensus": 2.0}
    knowing.verify()
    table = seesay.load(knowing.root).neighbors
    assert table.vectors.shape[0] == 11  # one does not open
    assert len(table.grams) == 6 + 10


def test_captions_move_towards_what_people_said(knowing, plain, data):
    """Of a net that says anything, what agrees with the neighbors; with a weight that leaves nothing else."""
    captioner = seesay.load(knowing.root)
    wide = captioner.caption(dev(data), consensus=1000, beam=80, num=80)
    for captions, right in zip(wide, ({"word11", "word12", "word13"}, {"word1", "word2", "word3"}), strict=True):
        met = [len(right & set(c.text.split())) for c in captions]
        assert met[0] == max(met) > 0
        scores = [c.score for c in captions]
        assert scores == sorted(scores, reverse=True)
    without = seesay.load(plain.root).caption(dev(data), beam=5, num=5)
    assert captioner.caption(dev(data), consensus=0, beam=5, num=5) == without
    # The default weight adds to the same five sentences' scores.
    default = captioner.caption(dev(data), beam=5, num=5)
    for ours, theirs in zip(default, without, strict=True):
        assert {c.text for c in ours} == {c.text for c in theirs}
        before = {c.text: c.score for c in theirs}
        assert all(c.score >= before[c.text] - 1e-5 for c in ours)
        assert captioner.caption(dev(data), beam=5)[0] == default[0][:1]


def test_a_picture_beside_others_is_captioned_alike(knowing, data):
    captioner = seesay.load(knowing.root)
    alone = [captioner(source).text for source in dev(data)]
    assert [c[0].text for c in captioner.caption([*dev(data), data / "0.png"])][:2] == alone


def test_pytorch_says_the_same(knowing, data):
    assert check_parity(knowing, dev(data)).differing == ()


def test_an_ensemble_has_those_of_its_first(knowing, plain, data):
    alone = seesay.load(knowing.root).caption(dev(data), num=3)
    assert seesay.load([knowing.root, knowing.root]).caption(dev(data), num=3) == alone
    mixed = seesay.load([knowing.root, plain.root])
    assert mixed.options().consensus == 2
    assert mixed.caption(dev(data)) != mixed.caption(dev(data), consensus=500)


def test_sampling_and_groups_leave_it_out(knowing, plain, data):
    captioner = seesay.load(knowing.root)
    assert captioner.options(sample=True).consensus == 0
    assert len(captioner.caption(dev(data), sample=True, num=7)[0]) == 7
    with pytest.raises(UsageError, match="consensus and sample do not go together"):
        captioner.options(sample=True, consensus=1.0)
    assert captioner.options(sample=True, consensus=0) == captioner.options(sample=True)
    assert captioner.options(groups=2, beam=4).consensus == 0
    assert len(captioner.caption(dev(data), groups=2, beam=4, num=4)[0]) == 4
    with pytest.raises(UsageError, match="groups is 'two'"):
        captioner.options(groups="two")
    with pytest.raises(UsageError, match="consensus and groups do not go together"):
        captioner.options(groups=2, beam=4, consensus=1.0)
    for one in (seesay.load([plain.root, knowing.root]), seesay.load(plain.root)):
        assert one.options().consensus == 0
        assert one.caption(dev(data))[0][0].text
        with pytest.raises(UsageError, match=r"keeps none; leave it out, or .* --neighbors FORMAT:PATH"):
            one.options(consensus=1.0)
    with pytest.raises(UsageError, match="consensus is -1"):
        captioner.options(consensus=-1)


def test_export_again_and_zip_keep_it(knowing, tmp_path, data):
    again = export_artifact(knowing.root, tmp_path / "again.zip", quantize="int8")
    assert (again.root / NEIGHBORS).read_bytes() == (knowing.root / NEIGHBORS).read_bytes()
    assert again.manifest.search == knowing.manifest.search
    assert seesay.load(tmp_path / "again.zip").caption(dev(data))[0][0].text


def test_the_command(model, data, tmp_path, capsys):
    spec = f"csv:{data / 'captions.csv'}"
    assert run(["export", str(model.root), "--out", str(tmp_path / "m"), "--neighbors", spec]) == 0
    said = capsys.readouterr().err
    assert "MB" in said
    assert "1 of 12 do not open and are passed over, the first:" in said
    call = ["caption", str(data / "12.png"), "--model", str(tmp_path / "m"), "--json"]
    scores = []
    for weight in ("0", "50"):
        assert run([*call, "--consensus", weight]) == 0
        scores.append(json.loads(capsys.readouterr().out)[0]["captions"][0]["score"])
    assert scores[1] > scores[0]
    compare = ["compare", str(tmp_path / "m"), str(model.root), "--data", spec, "--split", "dev"]
    assert run([*compare, "--out", str(tmp_path / "c")]) == 0
    assert (tmp_path / "c" / "index.html").is_file()
    evaluate = ["evaluate", str(tmp_path / "m"), "--data", spec, "--split", "dev", "--out", str(tmp_path / "e")]
    assert run([*evaluate, "--consensus", "3"]) == 0
    assert run([*call, "--consensus", "2", "--sample"]) == 2
    assert "consensus and sample do not go together" in capsys.readouterr().err


def test_what_cannot_be_neighbors(model, data, tmp_path, capsys):
    out = ["--out", str(tmp_path / "m")]
    assert run(["export", "activities", *out, "--neighbors", f"csv:{data / 'captions.csv'}"]) == 2
    assert "recognizes, and neighbors are for captions" in capsys.readouterr().err
    assert run(["export", str(model.root), *out, "--neighbors", f"csv:{tmp_path / 'none.csv'}"]) == 3
    (data / "alone.csv").write_text("image,caption,split\n12.png,word1,dev\n13.png,word1,dev\n")
    with pytest.raises(DataError, match="no split 'train'"):
        export_artifact(model.root, tmp_path / "m", neighbors=f"csv:{data / 'alone.csv'}")
    (data / "one.csv").write_text("image,caption,split\n12.png,word1,train\n11.png,word1,train\n")
    with pytest.raises(DataError, match=r"1 of 2 training pictures open, for example .*11\.png"):
        export_artifact(model.root, tmp_path / "m", neighbors=f"csv:{data / 'one.csv'}")
    assert not list(tmp_path.iterdir())  # nothing half made is left


def test_damaged_is_refused_before_a_photo_is_opened(knowing, data, tmp_path, capsys):
    shutil.copytree(knowing.root, tmp_path / "m")
    file = tmp_path / "m" / NEIGHBORS
    file.write_bytes(bytes(file.stat().st_size))
    assert run(["caption", str(data / "12.png"), "--model", str(tmp_path / "m")]) == 4
    assert "neighbours.npz was changed (other SHA-256)" in capsys.readouterr().err
    with pytest.raises(ArtifactError, match=r"neighbours\.npz was changed"):
        read_artifact(tmp_path / "m").verify()
    file.unlink()
    with pytest.raises(ArtifactError, match=r"neighbours\.npz: is missing"):
        read_artifact(tmp_path / "m")
    assert (tmp_path / "m" / MANIFEST).is_file()
