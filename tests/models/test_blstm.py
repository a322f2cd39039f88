"""The prefix encoder against PyTorch's own bidirectional net, prefix by prefix."""

import pytest
import torch
from torch import nn

from seesay.models.decoders.blstm import BlstmConfig, BlstmDecoder

WORDS, SIZE, WIDTH, HIDDEN = 19, 8, 10, 7
TOKENS = torch.tensor([[1, 5, 6, 7, 8, 9], [1, 4, 2, 0, 0, 0], [1, 0, 0, 0, 0, 0]])


@pytest.fixture(params=["lstm", "gru"])
def decoder(request):
    torch.manual_seed(1)
    config = BlstmConfig(cell=request.param, embedding=WIDTH, hidden=HIDDEN)
    return BlstmDecoder(config, WORDS, SIZE).eval()


def test_each_prefix_is_read_as_a_bidirectional_net_reads_it(decoder):
    kind = nn.LSTM if isinstance(decoder.backward_net.net, nn.LSTM) else nn.GRU
    whole = kind(WIDTH, HIDDEN, batch_first=True, bidirectional=True)
    forwards, backwards = decoder.recurrent.net.state_dict(), decoder.backward_net.net.state_dict()
    whole.load_state_dict({**forwards, **{f"{name}_reverse": value for name, value in backwards.items()}})
    found = decoder._read(TOKENS)
    expected = []
    for caption in TOKENS:
        for end in range(1, int((caption != 0).sum()) + 1):
            out, _ = whole(decoder.embedding(caption[None, :end]))
            expected.append(torch.cat([out[0, -1, :HIDDEN], out[0, 0, HIDDEN:]]))
    torch.testing.assert_close(found, torch.stack(expected))


def test_reading_for_export_gives_what_packing_gives(decoder, monkeypatch):
    newest_first = torch.tensor([[8, 7, 1, 0], [1, 0, 0, 0], [5, 6, 7, 1]])
    packed = decoder.backward_net(newest_first, decoder.embedding)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(decoder.backward_net(newest_first, decoder.embedding), packed)
