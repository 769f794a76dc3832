"""What the rest of the brain does: masses on a connectome.

A connectome says how strongly n regions are connected. The weights are divided by their largest eigenvalue,
so that a coupling means the same for each matrix; they have no direction.

**What a pulse evokes.** Each region is a mass of Jansen1995: pyramidal cells and two kinds of interneurons,
with S the rate of a population at its potential, w the scaled weights and d the delays::

    y0'' = A a (S(y1 - y2) + f (S_most - S)) - 2 a y0' - a^2 y0
    y1'' = A a (p + C2 S(C1 y0) + K sum_j w_ij (S_j(t - d_ij) - S_rest)) - 2 a y1' - a^2 y1
    y2'' = B b C4 S(C3 y0) - 2 b y2' - b^2 y2

y1 - y2 is the potential of the pyramidal cells, which stands for the source of the EEG; there are no
electrodes here. p is all input at the fixed point: what the network doesn't give comes from elsewhere, which
makes all regions alike. The pulse makes the share f of a region's pyramidal cells fire at the highest rate
for 10 ms and does nothing else; f comes from the field (``recruited_by_region``). Without coupling the other
regions are silent: the early response is local, the late one is of the network (Momi2023, who saw it in
people by fitting such a model).

**Rest.** Each region is a pair of gating variables of Deco2014, with H the rate at an input current::

    I_E = W_E I0 + J_N (w+ S_E + G sum_j w_ij S_E,j) - J S_I       I_I = W_I I0 + J_N S_E - S_I
    dS_E/dt = -S_E / tau_E + (1 - S_E) gamma H(I_E) + noise        dS_I/dt = -S_I / tau_I + H(I_I) + noise

Feedback inhibition J gives each region 3.08 Hz, in closed form (Demirtas2019) but averaged over the noise:
set without it, rates under the published noise are 4 to 10 Hz. Functional connectivity is the correlation of
S_E from the Lyapunov equation of the linearised system; ``simulated_rest`` is the second way to it. A
plasticity change scales synapses of one region while J stays.

Range. Masses are averages of millions of cells: no layers, no directions of the field, no spikes. At rest up
to an input of 113 Hz; one mass oscillates at 8 to 12 Hz from there to 315. Conduction is along straight
lines, shorter than tracts; between regions of the cortex it takes 13 ms in the median, 10 in people
(Lemarechal2022).

How near it comes. Correlations are of synaptic activity, not of blood oxygen, and a tenth of the measured
ones: the noise of each region is its own. Their pattern goes with the measured one at r = 0.43 over pairs of
the cortex and 0.23 over all pairs; streamlines alone do at 0.39 and 0.25. The built-in functional
connectivity is clipped at 0: that of the DLPFC with the subgenual cingulate, negative in people (Fox2012),
can't be seen in it, nor can the model, in which regions only excite each other, give negative ones. That an
after-effect in the motor cortex is a change of synapses somewhere else is an assumption. Maps of receptors
aren't shipped: their licence allows no commercial use.

References: Jansen1995, Momi2023, Deco2014, Demirtas2019, Lariviere2021, VanEssen2013, Lemarechal2022; other
code: SanzLeon2013.
"""

from tmsim.network.connectome import BUILT_IN, connectome
from tmsim.network.jansen_rit import JansenRit, Trials, activity, evoked, recruited_by_region
from tmsim.network.mean_field import MeanField, after_plasticity, resting, simulated_rest
from tmsim.network.types import (
    Activity,
    Connectome,
    Evoked,
    RegionChange,
    Resting,
    RestingChange,
    RestingSample,
    similarity,
)

__all__ = [
    "BUILT_IN",
    "Activity",
    "Connectome",
    "Evoked",
    "JansenRit",
    "MeanField",
    "RegionChange",
    "Resting",
    "RestingChange",
    "RestingSample",
    "Trials",
    "activity",
    "after_plasticity",
    "connectome",
    "evoked",
    "recruited_by_region",
    "resting",
    "similarity",
    "simulated_rest",
]
