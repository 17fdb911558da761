"""What `regatta doctor` checks: `machine` what is installed and set here, `services` what answers.

A check yields `Check`s, changes nothing, and leaves nothing behind. `examine` runs them all.
"""
