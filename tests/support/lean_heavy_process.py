"""A heavy process that loads nothing ahead: work of tests needs neither pandas nor scikit-learn."""

import sys

from infra.local import heavy_process

heavy_process.MODULES = ()

if __name__ == "__main__":
    heavy_process.main([int(number) for number in sys.argv[1:]])
