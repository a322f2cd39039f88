"""A CycloneDX bill of materials: what a wheel of SeeSay brings, and the embedded models with their sums and terms.

python -m build --wheel
python -m venv bare && bare/bin/pip install dist/*.whl
pip install cyclonedx-bom
python scripts/sbom.py bare/bin/python sbom.json
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "src/seesay/embedded"


def model_component(folder: Path) -> dict[str, Any]:
    """An embedded model as a CycloneDX component: its files' SHA-256, its terms, its card's first lines."""
    manifest = json.loads((folder / "seesay.json").read_text("utf-8"))
    training = manifest["training"]
    return {
        "type": "machine-learning-model",
        "bom-ref": f"seesay-model:{folder.name}",
        "name": folder.name,
        "description": manifest["card"].split("\n\n")[1].replace("\n", " "),
        "licenses": [{"license": {"name": training["license"], "acknowledgement": "declared"}}],
        "properties": [{"name": "seesay:data", "value": str(training["data"].get("format", ""))}],
        "components": [
            {
                "type": "file",
                "bom-ref": f"seesay-model:{folder.name}/{name}",
                "name": name,
                "hashes": [{"alg": "SHA-256", "content": file["sha256"]}],
            }
            for name, file in sorted(manifest["files"].items())
        ],
    }


def bill(python: Path) -> dict[str, Any]:
    """What `cyclonedx-py` finds in the environment of `python`, and the embedded models.

    Raises:
        subprocess.CalledProcessError: cyclonedx-py failed, with its words on standard error.
    """
    tool = Path(sys.executable).with_name("cyclonedx-py")
    options = ["--pyproject", ROOT / "pyproject.toml", "--output-reproducible", "--of", "JSON"]
    done = subprocess.run([tool, "environment", *options, python], stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    models = [model_component(file.parent) for file in sorted(MODELS.glob("*/seesay.json"))]
    return {**found, "components": [*found.get("components", []), *models]}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("sbom.py PYTHON OUT.json: the Python of an environment that holds the wheel alone, and where to write")
    made = bill(Path(sys.argv[1]))
    Path(sys.argv[2]).write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    print(f"{sys.argv[2]}: {len(made['components'])} components")
