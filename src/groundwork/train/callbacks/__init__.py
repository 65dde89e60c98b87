"""a training under way -> what happens beside its steps."""
