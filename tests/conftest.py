"""What holds for all tests."""

import os

# Tests are small, and several run at once: threads that wait for one another would cost more than they bring.
os.environ.setdefault("OMP_NUM_THREADS", "1")
