"""`python -m dessurt.synth --out DIR --count N --seed S`."""

import sys

from dessurt.synth.main import main

sys.exit(main())
