"""Sound files as samples: WAV by the standard library, all else by PyAV."""

from __future__ import annotations

import wave
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from seesay.errors import MediaError, MissingPartError
from seesay.media.source import name_of, open_bytes
from seesay.printable import printable

Samples = NDArray[np.float32]
MOST_RATE = 1_000_000
# What people keep sounds in; nothing that opens other files or addresses by itself.
DEMUXERS = "wav,w64,aiff,au,caf,flac,mp3,aac,ogg,mov,mp4,matroska,webm,asf,amr,ac3,eac3,opus,wv,ape,avi,mpegts,mpeg,flv"


def load_sound(source: Any, rate: int, seconds: float) -> Samples:
    """The beginning of a sound, in one channel (the mean of all), as float32 samples of -1 to 1.

    WAV of 8, 16, 24 or 32 bit is read by the standard library, everything else by PyAV where it is installed. Only what
    is asked for is read, however long the sound.

    Args:
        source: a path, the bytes of a file, or an open binary file.
        rate: samples a second of what is given; a sound of another rate is resampled (see `resample`).
        seconds: most that is given; a shorter sound gives what it has.

    Returns:
        Shape (up to rate · seconds,).

    Raises:
        MediaError: it cannot be read, is truncated, holds no sound or nothing but silence.
        MissingPartError: it is no plain WAV, and PyAV is not installed.
    """
    name = name_of(source, "sound")
    try:
        with open_bytes(source, "sound") as file:
            start = file.read(12)
            file.seek(0)
            plain = _wav(file, seconds) if start[:4] == b"RIFF" and start[8:] == b"WAVE" else None
            if plain is None:
                file.seek(0)
                samples = _by_av(file, rate, seconds)
            else:
                samples = resample(*plain, rate)
    except MediaError as error:
        raise MediaError(f"{name}: {error}") from error
    except OSError as error:
        raise MediaError(f"{name}: cannot be read ({error.strerror})") from error
    samples = samples[: round(rate * seconds)]
    if not len(samples):
        raise MediaError(f"{name}: holds no sound, not one sample")
    if not np.isfinite(samples).all():
        raise MediaError(f"{name}: is damaged (samples that are no numbers)")
    if not samples.any():
        raise MediaError(f"{name}: is silent" + (f" for its first {seconds:g} seconds" if plain else ""))
    return samples


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Samples (S,) at another rate: the spectrum is cut, or filled with zeros, where the new one ends.

    Band-limited interpolation by Fourier transform: exact for what is periodic in S samples, near it for the rest.
    """
    there = round(len(samples) * wanted / rate)
    if rate == wanted or not len(samples) or there < 1:
        return samples
    spectrum = np.fft.rfft(samples)
    made: Samples = (np.fft.irfft(spectrum[: there // 2 + 1], there) * (there / len(samples))).astype(np.float32)
    return made


def _wav(file: BinaryIO, seconds: float) -> tuple[Samples, int] | None:
    """Samples and their rate; None for a WAV that is not plain numbers, which PyAV may know."""
    try:
        with wave.open(file) as opened:
            channels, width, rate = opened.getnchannels(), opened.getsampwidth(), opened.getframerate()
            if not 1 <= rate <= MOST_RATE:
                raise MediaError(f"its sample rate is {rate}; 1 to {MOST_RATE} a second are read")
            wanted = min(opened.getnframes(), int(seconds * rate) + 1)
            content = opened.readframes(wanted)
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: a chunk that ends past the file
        if "unknown format" in str(error):
            return None
        raise MediaError(f"is a damaged WAV ({printable(error) or 'it ends within its header'})") from error
    if len(content) < wanted * channels * width:
        here, announced = (count / (channels * width * rate) for count in (len(content), wanted * channels * width))
        raise MediaError(f"is truncated: {here:.2f} seconds where {announced:.2f} should be")
    if width == 1:
        values = np.frombuffer(content, np.uint8).astype(np.float32) / 128 - 1
    elif width == 3:
        three = np.frombuffer(content, np.uint8).reshape(-1, 3).astype(np.int32)
        values = ((three[:, 0] << 8 | three[:, 1] << 16 | three[:, 2] << 24) / 2**31).astype(np.float32)
    elif width in (2, 4):
        values = (np.frombuffer(content, f"<i{width}") / 2.0 ** (8 * width - 1)).astype(np.float32)
    else:
        raise MediaError(f"its samples have {8 * width} bits; 8, 16, 24 and 32 are read")
    return values.reshape(-1, channels).mean(1, dtype=np.float32), rate


def _by_av(file: BinaryIO, rate: int, seconds: float) -> Samples:
    try:
        import av
    except ImportError:
        raise MissingPartError("sounds other than plain WAV need PyAV: pip install 'seesay[video]'") from None
    parts: list[Samples] = []
    there = 0
    try:
        with av.open(
            file, "r", container_options={"format_whitelist": DEMUXERS, "protocol_whitelist": "none"}
        ) as opened:
            if not opened.streams.audio:
                raise MediaError("there is no sound in this file")
            mono = av.AudioResampler(format="flt", layout="mono", rate=rate)
            for frame in opened.decode(opened.streams.audio[0]):
                for made in mono.resample(frame):
                    parts.append(made.to_ndarray()[0].astype(np.float32))
                    there += len(parts[-1])
                if there >= rate * seconds:
                    break
            else:
                parts += [made.to_ndarray()[0].astype(np.float32) for made in mono.resample(None)]
    except EOFError as error:
        raise MediaError("holds no sound that can be decoded") from error
    except av.error.FFmpegError as error:
        if not parts:
            raise MediaError("not a sound of a known format (WAV, FLAC, MP3, Ogg …), or damaged") from error
        raise MediaError(f"is damaged after {there / rate:.2f} seconds") from error
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
