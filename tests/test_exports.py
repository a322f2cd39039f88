"""What `import seesay` gives, costs and does not touch."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import seesay

NAMES = {
    "ArtifactError", "Caption", "Captioner", "DataError", "MediaError", "MissingPartError", "Prediction", "Recognizer",
    "SeeSayError", "TrainingError", "UsageError", "__version__", "compare", "describe", "evaluate", "export",
    "list_decoders", "list_models", "list_recipes", "load", "read_dataset", "score", "train",
}  # fmt: skip


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_exactly_these_names_are_exported() -> None:
    assert set(seesay.__all__) == NAMES
    assert dir(seesay) == sorted(NAMES)


@pytest.mark.parametrize("name", sorted(NAMES - {"__version__"}))
def test_exported_names_are_documented_and_typed(name: str) -> None:
    item = getattr(seesay, name)
    assert len(inspect.getdoc(item) or "") > 20
    members = [item] if inspect.isfunction(item) else [
        member for key, member in vars(item).items() if inspect.isfunction(member) and not key.startswith("_")
    ]  # fmt: skip
    for member in members:
        assert inspect.getdoc(member), member
        signature = inspect.signature(member)
        assert signature.return_annotation is not inspect.Signature.empty, member
        for parameter in list(signature.parameters.values()):
            assert parameter.name == "self" or parameter.annotation is not inspect.Parameter.empty, (member, parameter)


def test_the_module_page_names_them() -> None:
    page = seesay.__doc__ or ""
    assert all(f"`{name}`" in page for name in ("load", "Captioner", "Caption", "SeeSayError", "__version__"))


def test_errors_are_one_family() -> None:
    errors = [getattr(seesay, name) for name in NAMES if name.endswith("Error")]
    assert len(errors) == 7
    assert all(issubclass(error, seesay.SeeSayError) for error in errors)


def test_version_is_the_installed_one() -> None:
    assert seesay.__version__.split(".")[0].isdigit() or seesay.__version__ == "0+unknown"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        seesay.lode  # noqa: B018


def test_import_is_light() -> None:
    loaded = run(
        "import sys, seesay; seesay.SeeSayError; "
        "print([m for m in ('torch', 'numpy', 'onnxruntime', 'PIL', 'timm') if m in sys.modules])"
    )
    assert loaded == "[]"


def test_the_runtime_works_where_pytorch_is_absent() -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys(('torch', 'torchvision', 'timm', 'onnx', 'safetensors')))\n"
    assert run(blocked + "import seesay, seesay.runtime, seesay.artifact; seesay.load; print('fine')") == "fine"
