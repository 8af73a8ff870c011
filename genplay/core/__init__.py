"""The mechanics shared by all families: model interface, training, checkpoints. torch, but no Qt and no threads."""
