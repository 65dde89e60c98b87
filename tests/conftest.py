"""What holds for all tests."""

import os
import sys

# Tests are small, and several run at once: threads that wait for one another would cost more than they bring.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# As the commands do: where no bytecode is written, every process of the tests would compile torch anew.
sys.dont_write_bytecode = False
