"""Who fires: thresholds of cortical neurons in an induced field, and the share of them that a pulse recruits.

A cell is driven by E at its place: its strength, its angle theta to the outward column, its relative
gradient along the column, and the waveform of the pulse. A neuron model gives from these the field T at which
the median cell of a population fires. Absolute T are 2 to 4 times what head models show at motor threshold,
so they are scaled to one person, and a population of layer l is recruited by the share ::

    fraction = Phi( ln( |E| exp(g s_l) / (scale T_l(theta, waveform)) ) / spread_l )
    scale    = |E| at the motor hotspot at motor threshold / T_L5 there

with g the relative gradient, s_l the height of the layer's somata over mid-cortex, Phi the normal
distribution, and one spread below the median threshold and another above it. At motor threshold half of L5 at
the hotspot fires.

Range: the direct response of cells to a single pulse, in cortex at rest; nothing of synapses, of background
activity, or of what one pulse leaves for the next. The default model stands on five simulated cells a layer
(Aberra2020), far from the variety of living ones; a directional and a magnitude model explain motor mapping
about equally well (Jing2024). That muscles answer to posterior-anterior current before anterior-posterior is
reproduced by no such model.
"""

from tmsim.neuron.membrane import membrane_peaks
from tmsim.neuron.models import MODELS, neuron_model, threshold_curve
from tmsim.neuron.recruit import TANGENTIAL, drive_of, recruit, subject_scale, threshold_spread
from tmsim.neuron.types import (
    POPULATIONS,
    Drive,
    NeuronModel,
    Recruitment,
    RegionRecruitment,
    ThresholdCurve,
)

__all__ = [
    "MODELS",
    "POPULATIONS",
    "TANGENTIAL",
    "Drive",
    "NeuronModel",
    "Recruitment",
    "RegionRecruitment",
    "ThresholdCurve",
    "drive_of",
    "membrane_peaks",
    "neuron_model",
    "recruit",
    "subject_scale",
    "threshold_curve",
    "threshold_spread",
]
