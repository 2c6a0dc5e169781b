"""Training: the only part of Epitome that imports torch and transformers."""
