"""a space and a configuration -> trials -> the best of them as an experiment."""
