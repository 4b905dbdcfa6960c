"""Scripts for the workflows and for maintenance."""
