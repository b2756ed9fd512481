"""`python -m dessurt.evaluate --set realpages --data FOLDER`."""

import sys

from dessurt.evaluate.main import main

sys.exit(main())
