"""`python -m dessurt.train CONFIG`."""

import sys

from dessurt.train.loop import main

sys.exit(main())
