"""What the workflows need beside cardbook: scripts that a person can run too."""
