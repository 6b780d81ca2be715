"""What tests and bench share: made-up graphs and boards, runs of the firmware, oracles, measurements."""
