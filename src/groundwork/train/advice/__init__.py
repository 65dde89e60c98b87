"""cached features and a budget -> which transfer scenario to take, measured."""
