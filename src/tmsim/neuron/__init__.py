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

The axon-terminal model is a cable: cylinders of membrane, with the induced field as a quasipotential that
drives current along them (Wang2018). With V the membrane potential and E.dl the field along the cell ::

    c dV/dt = -I_leak - I_Na - I_K + d/dx ( 1/r (dV/dx - E.dl/dx) )
    I_Na = g_Na m^3 h (V - 50 mV)     I_K = g_K n (V + 85 mV)     in nodes of Ranvier only

with the kinetics that Aberra2018 gave to cortical axons at 37 C. The cell fires when three nodes pass 0 mV.
:func:`threshold` takes a straight :class:`Axon` or, by :func:`load_cell`, a cell of one's own;
:func:`fit_strength_duration` gives time constant and rheobase from thresholds at several pulse widths.
"""

from tmsim.neuron.axon_terminal import AxonTerminal
from tmsim.neuron.cable import Axon, Cable, Membrane
from tmsim.neuron.directional import Directional
from tmsim.neuron.membrane import membrane_peaks
from tmsim.neuron.models import MODELS, neuron_model, threshold_curve
from tmsim.neuron.morphology import load_cell
from tmsim.neuron.neuron_simulator import threshold_in_neuron
from tmsim.neuron.recruit import TANGENTIAL, drive_of, recruit, subject_scale, threshold_spread
from tmsim.neuron.simple import Cosine, Magnitude
from tmsim.neuron.strength_duration import StrengthDuration, fit_strength_duration
from tmsim.neuron.threshold import MembraneResponse, membrane_response, threshold
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
    "Axon",
    "AxonTerminal",
    "Cable",
    "Cosine",
    "Directional",
    "Drive",
    "Magnitude",
    "Membrane",
    "MembraneResponse",
    "NeuronModel",
    "Recruitment",
    "RegionRecruitment",
    "StrengthDuration",
    "ThresholdCurve",
    "drive_of",
    "fit_strength_duration",
    "load_cell",
    "membrane_peaks",
    "membrane_response",
    "neuron_model",
    "recruit",
    "subject_scale",
    "threshold",
    "threshold_curve",
    "threshold_in_neuron",
    "threshold_spread",
]
