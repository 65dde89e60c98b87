"""run folder -> copies in W&B and TensorBoard, made by a process beside the run."""
