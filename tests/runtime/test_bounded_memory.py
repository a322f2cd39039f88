"""Memory stays flat however long a clip is, judged whole and over time; measured in processes of their own."""

import subprocess
import sys

import pytest
import torch

pytest.importorskip("av", reason="clips need PyAV: pip install 'seesay[video]'")

from activities import CLASSES
from clips import numbered, write

from seesay.exporting import export_artifact
from seesay.exporting.weights import describe_classifier, save_model
from seesay.media import FrameSampling
from seesay.models.classifier import ClassifyModel
from seesay.models.classifiers import CLASSIFIERS
from seesay.models.encoders import EncoderConfig

SIZE = 180, 320
PEAK = """
import sys
from seesay.runtime import load_recognizer
recognizer = load_recognizer(sys.argv[1], threads=1)
recognizer(sys.argv[2])
moments = sum(1 for _ in recognizer.timeline(sys.argv[2], every=0.5))
status = open("/proc/self/status").read()
print(moments, int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


@pytest.mark.timeout(180)
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux tells it")
def test_a_clip_four_times_as_long_takes_no_more(tmp_path):
    torch.manual_seed(0)
    config = CLASSIFIERS["recurrent"].config_class(hidden=8)
    model = ClassifyModel.build(EncoderConfig(name="test_efficientnet", weights="random", size=32), config, CLASSES)
    save_model(model.eval(), describe_classifier(model, config, "tiny", FrameSampling("uniform", 4)), tmp_path / "run")
    export_artifact(tmp_path / "run", tmp_path / "model", quantize="none")
    frame = numbered(1, *SIZE)
    peaks, moments = [], []
    for seconds in (120, 480):
        clip = write(tmp_path / f"{seconds}.mp4", (frame for _ in range(10 * seconds)), rate=10)
        command = [sys.executable, "-c", PEAK, str(tmp_path / "model"), str(clip)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=True)
        judged, peak = done.stdout.split()
        moments.append(int(judged))
        peaks.append(float(peak))
    assert moments == [240, 960]
    # Its 3,600 more frames are 622 MB as they come, and 11 MB as the network sees them. In the first two minutes the
    # peak still rises.
    assert peaks[1] - peaks[0] < 8
