"""run folder -> drawings."""
