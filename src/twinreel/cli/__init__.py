"""The command line: parse, call Library, present."""

import gc
import os

# One thread for linear algebra, said before NumPy is loaded: workers keep the cores busy, and the small products that
# are left take longer to share out than to do.
for _library in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_library, "1")

# What a command loads stays to its end: to look through all of it for cycles, time and again, is a tenth of its start.
gc.set_threshold(50_000)
