"""The host's synthesis: latents of a board in, sound of any voice out, whatever the link does to them."""
