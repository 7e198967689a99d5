# How pytest is asked to run lessons and compare what they show; it is said once more in the Makefile.
NBVAL = ("--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/nbval_sanitize.cfg")
