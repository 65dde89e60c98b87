"""several finished runs -> one model: sealed, predicting and exported as one; and what folds predict of each other."""
