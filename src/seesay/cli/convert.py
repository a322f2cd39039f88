"""`seesay convert`: checkpoints that authors have published, made into models of this project."""

from __future__ import annotations

from pathlib import Path

import typer

from seesay.cli.common import note
from seesay.extras import training_parts

EXAMPLES = """\b
Examples:
  seesay convert expansionnet-v2 rf_model.pth demo_coco_tokens.pickle --out expansionnet
  seesay export expansionnet --out model --quantize float16
  seesay caption dog.jpg --model model
"""


def add_to(app: typer.Typer) -> None:
    """Make the verbs known."""
    verbs = typer.Typer(
        help="Make a model of a published checkpoint.", no_args_is_help=True, rich_markup_mode=None, epilog=EXAMPLES
    )

    @verbs.callback()
    def _many() -> None:  # one verb alone would lose its name
        pass

    verbs.command("expansionnet-v2", help="ExpansionNet v2, as its authors released it.", epilog=EXAMPLES)(
        expansionnet_v2
    )
    app.add_typer(verbs, name="convert")


def expansionnet_v2(
    checkpoint: Path = typer.Argument(..., metavar="FILE.pth", help="The authors' end-to-end checkpoint."),
    tokens: Path = typer.Argument(..., metavar="TOKENS.pickle", help="The authors' token table."),
    out: Path = typer.Option(..., "--out", help="A new folder, or a file ending in .zip."),
    encoder: str = typer.Option(
        "swin_large_patch4_window12_384", "--encoder", help="The timm name of its Swin Transformer."
    ),
) -> None:
    """Convert the authors' checkpoint and token table; nothing in them is run."""
    with training_parts():
        from seesay.exporting.convert import convert_expansionnet_v2

        artifact = convert_expansionnet_v2(checkpoint, tokens, out, encoder)
    words = len(artifact.manifest.vocabulary["tokens"])
    note(f"{out}: {artifact.size / 1e6:.1f} MB, {words} words; make it ready for use: seesay export {out} --out MODEL")
