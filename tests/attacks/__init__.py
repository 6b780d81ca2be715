"""What strangers, full disks and power cuts do to Lodestone: generators and scenes, for the suite and
`bench.attacks`."""
