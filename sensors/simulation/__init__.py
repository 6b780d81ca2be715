"""The simulated board: magnets, gestures, chips on a bus with exact bus time, a socket for the firmware."""

from geometry import BoardGeometry
from sensors.simulation.bus import SimulatedBus, VirtualClock
from sensors.simulation.faults import Fault, FaultSchedule, random_faults
from sensors.simulation.gesture import Gesture, gesture_names, load_gesture
from sensors.simulation.improvise import improvise
from sensors.simulation.server import BoardServer, Outside, QuietOutside
from sensors.simulation.simulated_board import SimulatedBoard
from sensors.simulation.world import Environment, World

__all__ = [
    "BoardGeometry",
    "BoardServer",
    "Environment",
    "Fault",
    "FaultSchedule",
    "Gesture",
    "Outside",
    "QuietOutside",
    "SimulatedBoard",
    "SimulatedBus",
    "VirtualClock",
    "World",
    "gesture_names",
    "improvise",
    "load_gesture",
    "random_faults",
]
