"""a configuration and its data -> what is wrong with them, and what is known of them."""
