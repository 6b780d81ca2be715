"""The calibrated touch: millitesla in, twelve comparable numbers in -1..1 out, as part of a graph."""

from calibration.stage.whole import touch_stage

__all__ = ["touch_stage"]
