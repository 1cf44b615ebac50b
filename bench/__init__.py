"""`make bench`: the same work done by Freshbridge and by what a team would write instead.

Every subject reads an SQS queue of its own on one emulator and creates tickets in one simulated
account, whose statistics and records are what is measured; nobody's own word counts.
"""

import sys
from pathlib import Path

# Where the layer's package lies: the comparison of customers calls it as a function would.
sys.path.append(str(Path(__file__).resolve().parent.parent / "layers" / "freshbridge"))
