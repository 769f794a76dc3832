"""What a train of pulses leaves behind: the change of excitability over the next hours.

One interface: a model takes a train, its intensity and the state that earlier blocks left, and gives the
relative change of the MEP amplitude over two hours. Four models:

``huang``, for theta burst. Calcium before burst n, at the pause tb between bursts, feeds two substances::

    Ca_n = C sum_j^n exp(-j k tb)
    F_n = (Rf (Ca_n - Ca_{n-1}) + F_{n-1}) exp(-fk/C)     I_n = (Ri/C^2 Ca_n + I_{n-1}) exp(-ik/C^2)
    trains add up, each faded by exp(-0.1 gap);  M = F - I
    rise:  M t^h1 / ((o tp)^h1 + t^h1)            until the peak tp, which the number of bursts sets
    fall:  M(tp) (d tp)^h2 / ((d tp)^h2 + (t - tp)^h2)

``kernel``, for one rate and for quadripulse stimulation: a table, a straight rise and an exponential fall.

``calcium``, for research. A population with coupling nu to itself, nu' its target, x and y rates of change
by calcium, g the conductance of its NMDA receptors::

    dnu'/dt = x(Ca) (nu_max - nu') - y(Ca) nu'       nu" = z^2 (nu' - nu) - 2 z nu.
    dg/dt = -(g / t_bcm) (nu'/nu - 1) + (g0 - g) / t_rec

``graupner-brunel``, a textbook synapse of efficacy rho between 0 and 1::

    tau drho/dt = -rho (1 - rho) (1/2 - rho) + gp (1 - rho) [Ca > tp] - gd rho [Ca > td] + noise

People differ. A person's gain over the model is drawn from two modes, so that the mean at the peak is that
of 64 pooled studies (Wischnewski2015), mean over standard deviation is the pooled effect size (Chung2016),
and the upper mode holds as many people as responded (LopezAlonso2014, McAllister2013). ``threshold_change``
turns a change of the MEP into one of the motor threshold; that mapping is a choice.

Range: the hand area of healthy adults. Where a model is blind (intensity, dose, spacing), its notes say so
for the train at hand. Publication bias runs through all of the sources.

References: Huang2005, Huang2011, Chen1997, Maeda2000, Quartarone2005, Hamada2008, Fung2013, Fung2014,
SanzLeon2018, Graupner2012; variability: Hamada2013, Kanig2023.
"""

from tmsim.plasticity.calcium import Calcium, CalciumState
from tmsim.plasticity.graupner_brunel import GraupnerBrunel, SynapseState
from tmsim.plasticity.huang import Huang, HuangState, Induction
from tmsim.plasticity.kernel import Kernel
from tmsim.plasticity.models import MODELS, default_model, plasticity_model
from tmsim.plasticity.parameters import EVIDENCE, Evidence
from tmsim.plasticity.people import Group, People, draw_people, respond
from tmsim.plasticity.theta_burst import ThetaBurst, is_theta_burst, theta_burst
from tmsim.plasticity.threshold import threshold_change
from tmsim.plasticity.types import AfterEffect, PlasticityModel, Response, State

__all__ = [
    "EVIDENCE",
    "MODELS",
    "AfterEffect",
    "Calcium",
    "CalciumState",
    "Evidence",
    "GraupnerBrunel",
    "Group",
    "Huang",
    "HuangState",
    "Induction",
    "Kernel",
    "People",
    "PlasticityModel",
    "Response",
    "State",
    "SynapseState",
    "ThetaBurst",
    "default_model",
    "draw_people",
    "is_theta_burst",
    "plasticity_model",
    "respond",
    "theta_burst",
    "threshold_change",
]
