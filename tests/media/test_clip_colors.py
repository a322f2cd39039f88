"""Colors of clips: HDR tone-mapped, wide gamuts, what is not read; right values are those of FFmpeg's zscale."""

from __future__ import annotations

import io

import numpy as np
import pytest
from clip_corpus import Picture, av, make

from seesay.errors import MediaError
from seesay.media import FrameSampling, Preprocessing, load_clip
from seesay.media.transfer import HLG, PQ
from seesay.media.video_color import is_special, to_bt709

# Light of red, green and blue in cd/m²: greys, skin, sky, leaf, saturated ones, and beyond white.
CHART = np.array(
    [
        *[(1, 1, 1), (38, 38, 38), (203, 203, 203), (120, 70, 50), (30, 70, 160), (20, 60, 10), (180, 5, 5)],
        *[(5, 150, 20), (10, 10, 140), (190, 180, 10), (400, 380, 350), (1000, 1000, 1000)],
    ],
    np.float64,
)


def coded(light: np.ndarray, transfer: int) -> np.ndarray:
    """Light as the numbers 0 to 1 of a transfer function."""
    if transfer == PQ:
        power = (light / 10_000) ** 0.1593017578125
        return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    if transfer == HLG:
        scene = (light / 1000) ** (1 / 1.2)
        bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)
    return np.minimum(light / 203, 1) ** (1 / 2.4)


def chart_clip(transfer: int, primaries: int, matrix: int) -> bytes:
    """The chart as a frame of 10 bits, a patch of 16 columns for each."""
    row = np.repeat(np.rint(coded(CHART, transfer) * 65535).astype(np.uint16), 16, 0)
    pixels = np.ascontiguousarray(np.broadcast_to(row, (32, *row.shape)))
    buffer = io.BytesIO()
    told = {"color_trc": transfer, "color_primaries": primaries, "colorspace": matrix, "color_range": 1}
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=5)
        stream.height, stream.width, stream.pix_fmt = *pixels.shape[:2], "yuv444p10le"
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb48le").reformat(
            format="yuv444p10le", dst_colorspace=matrix, dst_color_range=1, interpolation=2 | 0x46000
        )
        for name, value in told.items():
            setattr(stream.codec_context, name, value)
            setattr(frame, name, value)
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


# By zscale of FFmpeg 5.1: HDR by
# zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:param=0.9:peak=4.926:desat=0,zscale=t=bt709,
# the others by zscale=m=gbr:p=bt709:t=bt709.
RIGHT = {
    (PQ, 9, 9): "28 28 28 128 128 128 250 250 250 228 159 139 0 169 239 0 160 54 "
    "254 0 30 0 238 62 19 70 230 251 236 0 254 244 234 255 255 255",
    (HLG, 9, 9): "28 28 28 127 127 127 250 250 250 229 158 139 0 168 239 0 160 54 "
    "254 0 30 0 238 63 19 70 229 251 236 0 254 245 236 255 255 255",
    (14, 9, 9): "28 28 28 127 127 127 255 255 255 229 158 139 0 168 239 0 160 53 "
    "255 0 35 0 237 64 20 70 229 255 244 0 255 255 255 255 255 255",
    (1, 12, 1): "28 28 28 127 127 127 255 255 255 213 162 139 99 166 237 76 156 58 "
    "255 0 34 0 230 74 73 73 227 250 243 0 255 255 255 255 255 255",
    (1, 4, 1): "28 28 28 127 127 127 255 255 255 223 162 140 44 171 236 54 151 65 "
    "255 23 15 0 222 86 0 96 225 255 236 0 255 255 255 255 255 255",
    (8, 1, 1): "102 102 102 191 191 191 255 255 255 233 212 200 183 212 245 171 207 151 "
    "250 134 134 134 242 171 151 151 239 252 250 151 255 255 255 255 255 255",
    (9, 1, 1): "46 46 46 98 98 98 255 255 255 176 129 110 89 129 214 78 119 65 "
    "234 56 57 56 205 78 65 65 195 244 234 65 255 255 255 255 255 255",
}


@pytest.mark.parametrize("told", RIGHT, ids=str)
def test_colors_are_those_of_zscale(told: tuple[int, int, int]) -> None:
    right = np.array(RIGHT[told].split(), int).reshape(-1, 3)
    shown = load_clip(chart_clip(*told), Preprocessing((32, 16 * len(CHART))), FrameSampling(frames=1)).pixels[0]
    found = shown[16, 8::16].astype(int)
    assert np.abs(found - right).max() <= 2


def test_plain_colors_are_left_as_they_are() -> None:
    for transfer, primaries in ((1, 1), (2, 2), (6, 6), (13, 1), (5, 5), (2, 1)):
        assert not is_special(transfer, primaries)
    shown = load_clip(chart_clip(1, 1, 1), Preprocessing((32, 16 * len(CHART))), FrameSampling(frames=1)).pixels[0]
    assert np.abs(shown[16, 8::16] - np.rint(coded(CHART, 1) * 255)).max() <= 2


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_brighter_light_is_never_shown_darker_and_hue_is_kept(transfer: int) -> None:
    light = np.geomspace(0.5, 1000, 400)
    gray = np.rint(coded(light, transfer) * 65535).astype(np.uint16)
    shown = to_bt709(np.stack([gray, gray, gray])[:, None], transfer, 9)[0].astype(int)
    assert (np.diff(shown[:, 0]) >= 0).all()
    assert np.ptp(shown, 1).max() <= 1
    assert shown[-1, 0] == 255
    assert 245 <= shown[np.searchsorted(light, 203), 0] <= 252, "white stays bright, and highlights have room above it"


def test_an_hdr_clip_that_tells_no_primaries_has_those_of_bt2020() -> None:
    told, untold = (
        load_clip(chart_clip(PQ, primaries, 9), Preprocessing((32, 192)), FrameSampling(frames=1)).pixels
        for primaries in (9, 2)
    )
    np.testing.assert_array_equal(told, untold)


def test_colors_that_are_not_read_are_named() -> None:
    for matrix, name in ((8, "YCgCo"), (10, "constant luminance"), (14, "ICtCp")):
        data = make(Picture(settings={"colorspace": matrix}, frame={"colorspace": matrix}, colors=(0, 1)))
        with pytest.raises(
            MediaError, match=f"its colors are .*{name}.*, which is not read; convert the clip to BT.709"
        ):
            load_clip(data, Preprocessing((12, 16)), FrameSampling(frames=1))


def hidden(color: np.ndarray, height: int, width: int) -> np.ndarray:
    """The left half of a frame hidden; what is hidden has a color."""
    frame = np.full((height, width, 4), 255, np.uint8)
    frame[..., :3] = color
    frame[:, : width // 2, 3] = 0
    return frame


@pytest.mark.parametrize(("codec", "alpha"), [("libvpx", "yuva420p"), ("libvpx-vp9", "yuva420p")])
def test_vp8_and_vp9_over_white_where_they_say_that_they_have_alpha(codec: str, alpha: str) -> None:
    picture = Picture(codec, pix_fmt=alpha, draw=hidden, options={"auto-alt-ref": "0"}, metadata={"alpha_mode": "1"})
    found = load_clip(make(picture, format="webm"), Preprocessing((48, 64)), FrameSampling(frames=3))
    assert (found.pixels[:, 24, 6] == 255).all()
    assert np.abs(found.pixels[0, 24, 58].astype(int) - (40, 60, 220)).max() <= 16
    assert found.duration == pytest.approx(2.4, abs=0.01)
