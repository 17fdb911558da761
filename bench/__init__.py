"""Side-by-side ratios: every figure is measured against an alternative, in one run on one machine."""
