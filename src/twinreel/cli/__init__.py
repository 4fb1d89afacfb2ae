"""The command line: parse, call Library, present."""

import os

# One thread for linear algebra, said before NumPy is loaded: workers keep the cores busy, and the small products that
# are left take longer to share out than to do.
for _library in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_library, "1")
