"""What the person in the chair hears and feels.

**Heard.** A pulse makes the coil click. Levels were published as a range over seven coils at full output,
at 25 and 5 cm (Koponen2020). None of one coil is at hand, so all levels here are ranges. At the distance r
between the two, at the fraction m of full output, for n clicks a second::

    L = L25 + (L5 - L25) ln(25 cm / r) / ln 5 + k log10(m) + 10 log10(n / 20 Hz)

which is the 1/r of a point to 0.1 dB. k is assumed: 40 dB at the quiet end of the range, since force goes
with the square of the current, 20 dB at the loud end. The last term is for trains, in dB(A); it makes the
1.2 dB between 15 and 20 Hz of two versions of that paper. Protectors take off 10 to 30 dB, assumed.

**Felt.** The field is strongest in the scalp, and nerves there fire in lower fields than the cortex does. An
area is given where the field under the skin is above what excites a peripheral nerve: from its rheobase
(Reilly1989, recalled), its time constant (DOstilio2016) and the waveform.

Range: airborne sound; ears 5 to 25 cm from the coil; scalp as one tissue. Nothing here is a dose of noise or
a threshold of pain.
"""

from tmsim.sensation.clicks import SAMPLE_RATE_Hz, click, click_train, wav_bytes, write_wav
from tmsim.sensation.levels import ear_distances, hear
from tmsim.sensation.scalp import nerve_threshold_V_per_m, scalp_to_cortex
from tmsim.sensation.types import LevelRange, ScalpField, Sound

__all__ = [
    "LevelRange",
    "SAMPLE_RATE_Hz",
    "ScalpField",
    "Sound",
    "click",
    "click_train",
    "ear_distances",
    "hear",
    "nerve_threshold_V_per_m",
    "scalp_to_cortex",
    "wav_bytes",
    "write_wav",
]
