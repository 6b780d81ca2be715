"""Entanglement: touch to latents, as graph builders; and the arbitrariness stage that scales to a voice."""
