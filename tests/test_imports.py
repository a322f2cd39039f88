"""The half everyone installs never imports PyTorch, and starts fast."""

import subprocess
import sys

import pytest

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "timm", "lightning", "yaml", "matplotlib"}:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Block())
"""


@pytest.mark.parametrize(
    "name", ["seesay", "seesay.metrics", "seesay.search", "seesay.runtime", "seesay.cli", "seesay.apps.service.worker"]
)
def test_imports_without_pytorch(name):
    subprocess.run([sys.executable, "-c", f"{BLOCK}\nimport {name}"], check=True)


def test_captions_without_pytorch(samples, tmp_path):
    call = (
        f"from seesay.cli import run; sys.exit(run(['caption', {str(samples[0])!r}, '--explain', {str(tmp_path)!r}]))"
    )
    found = subprocess.run([sys.executable, "-c", BLOCK + call], check=True, capture_output=True, text=True)
    assert found.stdout.startswith(f"{samples[0]}: ")
    assert (tmp_path / "index.html").exists()


def test_training_without_pytorch_says_what_to_install():
    call = "from seesay.cli import run; sys.exit(run(['train', 'default', '--data', 'csv:x', '--out', 'y']))"
    found = subprocess.run([sys.executable, "-c", BLOCK + call], check=False, capture_output=True, text=True)
    assert found.returncode != 0


def test_help_imports_nothing_heavy():
    """CPU time is measured in benchmarks; what costs it is held here."""
    call = "import sys; from seesay.cli import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    found = subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True)
    loaded = {name.split(".")[0] for name in found.stderr.split()}
    assert not loaded & {"av", "numpy", "PIL", "onnxruntime", "torch", "pydantic", "yaml", "starlette", "mcp"}
