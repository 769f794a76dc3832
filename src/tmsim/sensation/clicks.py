"""The clicks of a train as sound to listen to."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np

from tmsim.core import FloatArray, InputError, as_array, whole_file
from tmsim.pulse import Train
from tmsim.sensation.parameters import CLICK_MODES

SAMPLE_RATE_Hz = 48_000
_CLICK_s = 0.025  # by then the slowest part is down by 70 dB
_PEAK = 0.9  # of full scale
_LONGEST_s = 600.0


def click() -> FloatArray:
    """One synthesised click, sampled at ``SAMPLE_RATE_Hz``: decaying tones that start at the pulse."""
    time_s = np.arange(int(_CLICK_s * SAMPLE_RATE_Hz)) / SAMPLE_RATE_Hz
    return np.sum(
        [
            share * np.exp(-time_s / decay_s) * np.sin(2 * np.pi * f_Hz * time_s)
            for f_Hz, decay_s, share in CLICK_MODES
        ],
        axis=0,
    )


def click_train(train: Train, *, start_s: float = 0.0, duration_s: float = 30.0) -> FloatArray:
    """The sound of a train in a window of time, its peak at 0.9.

    Rhythm is true to a sample. Loudness and timbre are of no one coil: for levels see :func:`hear`.

    Parameters
    ----------
    start_s, duration_s
        The window; it ends early where the train does. [s]

    Raises
    ------
    InputError
        The window is longer than 10 min, or no pulse lies in it.
    """
    if not 0 < duration_s <= _LONGEST_s or not start_s >= 0:
        raise InputError(
            "time window",
            f"{duration_s:g} s from {start_s:g} s",
            f"up to {_LONGEST_s:g} s, from 0 s or later",
        )
    onsets_s = train.onsets_s() - start_s
    onsets_s = onsets_s[(onsets_s >= 0) & (onsets_s < duration_s)]
    if not len(onsets_s):
        raise InputError(
            "time window", f"{duration_s:g} s from {start_s:g} s, without a pulse",
            f"one with pulses; the last of this train is at {train.last_pulse_s:g} s",
        )  # fmt: skip
    one = click()
    first = np.rint(onsets_s * SAMPLE_RATE_Hz).astype(int)
    sound = np.zeros(first[-1] + len(one))
    for k in first.tolist():
        sound[k : k + len(one)] += one
    return _PEAK * sound / np.abs(sound).max()


def wav_bytes(samples: FloatArray) -> bytes:
    """Sound between -1 and 1 as a WAV file: one channel, 16 bits, ``SAMPLE_RATE_Hz``."""
    samples = as_array("sound", samples, (None,))
    if np.abs(samples).max(initial=0.0) > 1:
        raise InputError("sound", "values beyond 1", "-1 to 1")
    whole = io.BytesIO()
    with wave.open(whole, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_Hz)
        file.writeframes(np.rint(32767 * samples).astype("<i2").tobytes())
    return whole.getvalue()


def write_wav(samples: FloatArray, path: Path) -> None:
    """Write the bytes of :func:`wav_bytes` to a file."""
    if path.suffix.lower() != ".wav":
        raise InputError(str(path), "not named .wav", "a .wav file")
    content = wav_bytes(samples)
    with whole_file(path) as part:
        part.write_bytes(content)
