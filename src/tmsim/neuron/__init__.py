"""Who fires: thresholds of cortical neurons in an induced field, and the share of them that a pulse recruits."""

from tmsim.neuron.types import POPULATIONS, Drive, NeuronModel

__all__ = ["POPULATIONS", "Drive", "NeuronModel"]
