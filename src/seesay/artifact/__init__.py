"""The artifact: one folder (or zip) that holds everything a caption needs. Read, written, checked and found here.

    seesay.json           what it is: preprocessing, vocabulary, settings, training data and license, scores, card
    weights.safetensors   the weights, once
    encoder.onnx, decoder_start.onnx, decoder_step.onnx    the networks; their weights are those in weights.safetensors
    classifier.onnx       in place of the decoder's two, where labels are recognized
    neighbours.npz        perhaps: what people said of the training pictures (see `seesay.runtime.neighbors`)
    texts.npz             perhaps: what people said of pictures that are not there, by the words detected in a picture

A trained one has the first two, an exported one all of them. `seesay.json` records size and SHA-256 of the other
files, and what differs is refused when it is read. `gate` says what an ONNX graph may hold. Nothing is ever unpickled.
"""

from seesay.artifact.find import DEFAULT, find_artifact, list_artifacts
from seesay.artifact.manifest import (
    CLASSIFIER,
    DECODER_START,
    DECODER_STEP,
    ENCODER,
    FILES,
    FORMAT,
    MANIFEST,
    NEIGHBORS,
    NETWORKS,
    NETWORKS_OF,
    TEXTS,
    WEIGHTS,
    FileRecord,
    Manifest,
)
from seesay.artifact.read import EMBEDDED, Artifact, read_artifact
from seesay.artifact.write import pack, replace_atomically, write_manifest

__all__ = [
    "CLASSIFIER",
    "DECODER_START",
    "DECODER_STEP",
    "DEFAULT",
    "EMBEDDED",
    "ENCODER",
    "FILES",
    "FORMAT",
    "MANIFEST",
    "NEIGHBORS",
    "NETWORKS",
    "NETWORKS_OF",
    "TEXTS",
    "WEIGHTS",
    "Artifact",
    "FileRecord",
    "Manifest",
    "find_artifact",
    "list_artifacts",
    "pack",
    "read_artifact",
    "replace_atomically",
    "write_manifest",
]
