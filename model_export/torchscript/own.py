"""What marks a TorchScript file of this project's own writer (`model_export/torchscript_writer`)."""

OWN_CLASS = "__torch__.lodestone.Voice"
OWN_STATISTICS = ("latent_mean", "latent_std", "latent_probabilities", "latent_quantiles")
"""Tensors that tell how the voice's latents spread, as its card does."""
