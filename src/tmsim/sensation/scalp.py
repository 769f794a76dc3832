"""The field in the scalp, where it excites nerves and muscles, beside that in the cortex."""

from __future__ import annotations

import numpy as np

from tmsim.core import InputError
from tmsim.field import EField
from tmsim.field.metrics import weighted_percentile
from tmsim.head import Head, locate
from tmsim.head.parameters import GREY_MATTER
from tmsim.neuron.membrane import membrane_peaks
from tmsim.neuron.parameters import STRENGTH_DURATION_TAU
from tmsim.pulse import Waveform
from tmsim.sensation.parameters import NERVE_RHEOBASE, NERVE_TAU_SD, NERVE_DIAMETERS_um
from tmsim.sensation.types import ScalpField

_PEAK = 99.9  # percentile, not maximum: one sliver tetrahedron sets the maximum
_BELOW_SKIN_m = 1e-6  # into the tetrahedron under a skin triangle, past rounding


def nerve_threshold_V_per_m(waveform: Waveform) -> tuple[float, float]:
    """Least and most field along a peripheral nerve that excites it, by the strength-duration law. [V/m]

    Rheobase over the larger of the two peaks that a first-order membrane makes of the pulse: the thickest
    fibres with the short end of the ulnar nerve's time constant, and fibres of half that with the long end.
    Unverified: the rheobase is recalled, and no nerve of the scalp was measured.
    """
    tau_s = STRENGTH_DURATION_TAU["ulnar nerve"].value
    thick, thin = (diameter.value for diameter in NERVE_DIAMETERS_um)
    shortest, longest = (max(membrane_peaks(waveform, tau_s + sign * NERVE_TAU_SD.value)) for sign in (-1, 1))
    return NERVE_RHEOBASE.value / shortest, NERVE_RHEOBASE.value * thick / thin / longest


def scalp_to_cortex(head: Head, field: EField, waveform: Waveform) -> ScalpField:
    """How strong the field is just under the skin, where, and over how much of it nerves may fire.

    The scalp is one tissue of the mesh: nerves and muscles in it are not told apart, so this says where
    tapping and twitching may come from, not whether this person feels them.

    Parameters
    ----------
    field
        At the current slope that is to be judged: scale it first.
    waveform
        Of the pulse; short phases need more field.

    Raises
    ------
    InputError
        The head has no grey matter to compare with.
    """
    grey = head.tags == GREY_MATTER
    if not grey.any():
        raise InputError("head", f"{head.name} has no grey matter", "some, to compare the scalp with")
    skin, size = head.skin, np.linalg.norm(field.E_V_per_m, axis=1)
    centres = skin.points_m[skin.triangles].mean(axis=1)
    below = locate(head, centres - _BELOW_SKIN_m * skin.triangle_area_vectors_m2 / skin.areas_m2[:, None])
    under_skin = np.where(below >= 0, size[below], 0.0)
    peak = weighted_percentile(under_skin, skin.areas_m2, _PEAK)
    hot = under_skin >= peak
    x, y, z = np.average(centres[hot], axis=0, weights=skin.areas_m2[hot]).tolist()
    least, most = nerve_threshold_V_per_m(waveform)
    return ScalpField(
        scalp_V_per_m=peak,
        cortex_V_per_m=weighted_percentile(size[grey], head.volumes_m3[grey], _PEAK),
        at_m=(x, y, z),
        nerve_threshold_V_per_m=(least, most),
        nerve_area_m2=(
            float(skin.areas_m2[under_skin > most].sum()),
            float(skin.areas_m2[under_skin > least].sum()),
        ),
        didt_A_per_s=field.didt_A_per_s,
    )
