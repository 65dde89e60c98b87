"""labels and what models say that never saw them -> labels that may be wrong, ranked, with what a look would find."""
