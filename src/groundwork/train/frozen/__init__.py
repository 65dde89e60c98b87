"""the frozen part of a network -> what it gives, once, and what learns from that: exact heads, later stages."""
