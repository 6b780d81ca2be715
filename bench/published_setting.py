"""Our sensors against the published instrument's, on the same play: `python -m bench.published_setting`."""

from __future__ import annotations

from sensors.simulation import World, improvise, load_gesture
from tests.support.published_setting import table


def main() -> None:
    """Prints the table."""
    worlds = [World(load_gesture("first-sound")), World(improvise(seed=1, duration_s=60.0))]
    print(
        "play           reader         frames/s  skew ms  x,y lost  z lost  largest step  jumps > 2 a second"
    )
    for row in table(worlds):
        print(
            f"{row.play:14} {row.reader:13} {row.frames_per_second:9.1f} {row.skew_ms:8.2f}"
            f" {100 * row.lost_xy:8.2f} % {100 * row.lost_z:5.1f} %"
            f" {row.largest_step:13.2f} {row.jumps_per_second:19.2f}"
        )
    print("lost: wrapped or at a rail; steps in latent units of the published mapping, from frame to frame")


if __name__ == "__main__":
    main()
