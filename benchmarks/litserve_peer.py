"""SeeSay's embedded model behind LitServe, as LitServe's examples have it: the peer of `service.py litserve`.

    PEER/bin/python benchmarks/litserve_peer.py PORT THREADS BATCH_SECONDS

PEER is an environment of its own with `pip install litserve seesay`. One process, batches of up to 16, JSON, base64.
"""

import base64
import sys

import litserve
import numpy as np

import seesay
from seesay.apps.service.opening import Upload


class Captions(litserve.LitAPI):
    """Decode, batch, caption."""

    def setup(self, device):
        self.captioner = seesay.load(threads=THREADS)
        self.options = self.captioner.options(beam=3)

    def decode_request(self, request):
        return self.captioner.preprocessing.load(Upload("photo", base64.b64decode(request["files"][0]["data"])))

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, pixels):
        return self.captioner.caption_pixels(pixels, self.options)

    def unbatch(self, captions):
        return list(captions)

    def encode_response(self, captions):
        return [{"captions": [{"text": one.text, "score": one.score} for one in captions]}]


PORT, THREADS, SECONDS = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
if __name__ == "__main__":
    api = Captions(max_batch_size=16, batch_timeout=SECONDS, api_path="/v1/caption")
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=PORT, generate_client_file=False, log_level="warning")
