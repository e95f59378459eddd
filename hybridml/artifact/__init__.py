"""The artifact: a trained model as one file, what it is made of, and the pretrained one."""
