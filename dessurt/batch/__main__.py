"""`python -m dessurt.batch PATH ... --out FOLDER`."""

import sys

from dessurt.batch.main import main

sys.exit(main())
