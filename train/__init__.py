"""Makes the weights that `pipeline/weights/` ships; needs the training extras and the evaluation data (EVAL_DATA)."""
