"""`python -m dessurt.train CONFIG`."""

import sys

from dessurt.train.main import main

sys.exit(main())
