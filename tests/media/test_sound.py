"""Sounds in: WAV of every width, other rates and channels, log-mel frames, and what is no sound."""

import random
import struct

import numpy as np
import pytest
from sequences import tone, write_wav

from seesay.errors import ArtifactError, MediaError, MissingPartError, UsageError
from seesay.media import LogMel
from seesay.media.log_mel import mel_filters
from seesay.media.sound import load_sound, resample


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_width_gives_the_samples_that_were_written(tmp_path, width):
    samples = tone()
    found = load_sound(write_wav(tmp_path / "a.wav", samples, width=width), 8000, 1.0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, samples, atol=2.0 ** (2 - 8 * width) + 1e-6)
    assert np.array_equal(load_sound((tmp_path / "a.wav").read_bytes(), 8000, 1.0), found)


def test_channels_become_their_mean(tmp_path):
    both = np.stack([tone(300), tone(700), np.zeros(3200)], 1)
    found = load_sound(write_wav(tmp_path / "a.wav", both, channels=3), 8000, 1.0)
    np.testing.assert_allclose(found, both.mean(1), atol=1e-4)


def test_only_the_beginning_is_given(tmp_path):
    found = load_sound(write_wav(tmp_path / "a.wav", tone(seconds=3.0)), 8000, 0.25)
    np.testing.assert_allclose(found, tone(seconds=3.0)[:2000], atol=1e-4)


@pytest.mark.parametrize("rate", [44100, 22050, 16000, 4000])
def test_a_tone_stays_what_it_is_at_another_rate(rate):
    """Away from the ends, where a tone that does not fit its length is not periodic."""
    found = resample(tone(440, 1.0, rate).astype(np.float32), rate, 8000)
    assert found.dtype == np.float32
    assert len(found) == 8000
    np.testing.assert_allclose(found[200:-200], tone(440, 1.0)[200:-200], atol=2e-3)


def test_what_is_above_the_new_rate_goes():
    high = resample(tone(6000, 1.0, 16000).astype(np.float32), 16000, 8000)
    assert np.abs(high).max() < 1e-3


@pytest.mark.parametrize("pitch", [200.0, 1000.0, 3000.0, 6500.0])
def test_a_pure_tone_lands_in_the_band_of_its_pitch(pitch):
    """Bands by HTK's formula, written out here once more."""
    front = LogMel()
    found = front.frames(tone(pitch, 2.0, 16000).astype(np.float32))
    centers = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 42)[1:-1]
    nearest = np.abs(centers - 2595 * np.log10(1 + pitch / 700)).argmin()
    assert found.shape == front.shape == (198, 40)
    assert found.dtype == np.float32
    assert np.all(np.abs(found.argmax(1) - nearest) <= 1)
    # Half the full scale is a quarter of its power, some of which falls between two peaks.
    power = np.expm1(found.max(1) * np.log1p(1e8)) / 1e8
    assert np.all((power > 0.05) & (power < 0.5))


def test_the_frames_are_those_of_the_definition():
    front = LogMel(rate=8000, window=0.016, hop=0.008, mels=8, seconds=0.1)
    samples = np.random.default_rng(0).uniform(-1, 1, 800).astype(np.float32)
    found = front.frames(samples)
    window = np.array([0.5 - 0.5 * np.cos(2 * np.pi * n / 128) for n in range(128)])
    for frame in (0, 3, len(found) - 1):
        part = samples[64 * frame : 64 * frame + 128] * window
        power = np.array([abs(sum(part * np.exp(-2j * np.pi * k * np.arange(128) / 128))) ** 2 for k in range(65)])
        mels = mel_filters(8000, 128, 8) @ (power / (window.sum() / 2) ** 2)
        np.testing.assert_allclose(found[frame], np.log(1 + mels / 1e-8) / np.log(1 + 1e8), rtol=1e-4)


def test_after_a_short_sound_there_is_nothing():
    found = LogMel(rate=8000, seconds=1.0).frames(tone(seconds=0.3).astype(np.float32))
    assert (found[:28] > 0).any(1).all()
    assert not found[31:].any()


def test_settings_go_through_json_and_wrong_ones_are_refused():
    front = LogMel(mels=20, seconds=0.5)
    assert LogMel.from_json(front.to_json()) == front
    with pytest.raises(ArtifactError, match="cannot be read"):
        LogMel.from_json({"kind": "sound", "mells": 3})
    for wrong, said in (
        ({"mels": 300}, "too many"),
        ({"seconds": 0.01}, "less than one window"),
        ({"hop": 0}, "a sample"),
    ):
        with pytest.raises(UsageError, match=said):
            LogMel(**wrong)


def test_what_is_no_sound_is_told_in_one_line(tmp_path):
    pytest.importorskip("av", reason="what is no WAV is given to PyAV")
    good = write_wav(tmp_path / "good.wav", tone()).read_bytes()
    cases = {
        "silent.wav": (write_wav(tmp_path / "s.wav", np.zeros(800)).read_bytes(), "is silent"),
        "zero.wav": (write_wav(tmp_path / "z.wav", []).read_bytes(), "not one sample"),
        "cut.wav": (good[:1000], "truncated: 0.06 seconds where 0.40"),
        "header.wav": (good[:30], "damaged WAV"),
        "rateless.wav": (good[:24] + struct.pack("<I", 0) + good[28:], "WAV|rate"),
        "empty.wav": (b"", "empty"),
        "text.wav": (b"no sound at all", "not a sound"),
        "noise.wav": (np.random.default_rng(0).bytes(5000), "not a sound|no sound"),
    }
    for name, (content, said) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MediaError, match=said) as raised:
            load_sound(tmp_path / name, 8000, 1.0)
        assert name in str(raised.value)
        assert "\n" not in str(raised.value)
    with pytest.raises(MediaError, match=r"none\.wav"):
        load_sound(tmp_path / "none.wav", 8000, 1.0)


@pytest.mark.parametrize("codec", ["flac", "pcm_f32le"])
def test_other_forms_are_read_by_pyav(tmp_path, codec):
    av = pytest.importorskip("av", reason="sounds other than plain WAV need PyAV")
    file = tmp_path / ("a.flac" if codec == "flac" else "a.wav")
    samples = tone(seconds=0.5)
    with av.open(str(file), "w") as out:
        stream = out.add_stream(codec, rate=8000, layout="mono")
        kind, values = (
            ("flt", samples.astype(np.float32)) if codec != "flac" else ("s16", (samples * 32767).astype("<i2"))
        )
        frame = av.AudioFrame.from_ndarray(values[None], format=kind, layout="mono")
        frame.sample_rate = 8000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    found = load_sound(file, 8000, 2.0)
    np.testing.assert_allclose(found, samples, atol=1e-3)
    assert len(load_sound(file, 8000, 0.1)) == 800


def test_without_pyav_the_line_says_how_to_have_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    (tmp_path / "a.mp3").write_bytes(b"ID3 something")
    with pytest.raises(MissingPartError, match=r"need PyAV: pip install 'seesay\[video\]'"):
        load_sound(tmp_path / "a.mp3", 8000, 1.0)


def test_damaged_sounds_are_read_or_refused_and_nothing_else(tmp_path):
    """Three hundred mutations of a good one, most of them in its header."""
    pytest.importorskip("av", reason="what is no WAV is given to PyAV")
    good = write_wav(tmp_path / "good.wav", tone()).read_bytes()
    chance = random.Random(0)
    read, lines = 0, []
    for _ in range(300):
        content = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(60 if chance.random() < 0.8 else len(content))] = chance.randrange(256)
        if chance.random() < 0.3:
            content = content[: chance.randrange(1, len(content))]
        try:
            found = load_sound(bytes(content), 8000, 1.0)
        except MediaError as error:
            lines.append(str(error))
        else:
            read += 1
            assert len(found) <= 8000
    assert 20 < read < 280
    assert not any("\n" in line for line in lines)
