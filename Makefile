# The front door. Every target is one line: tools/dev.py does the work.
# Settings, as `make test CORE=2.16` or `CORE=2.16 make test`:
#   CORE=2.16            ansible-core series (default: the newest that this Python takes)
#   PYTHON=3.12,3.11     Pythons to choose from, in this order
#   MINIMUM=1            with the lowest versions that requirements.txt allows
#   TESTS="tests/unit -k plan"       what `make test` hands to pytest
#   WITHOUT="tests/wire/refresh"     tests that `make test` leaves out: files or folders
#   PARTS=static         what `make check` does: static, gate, sanity
#   TRIALS=10000 SEED=1  how `make soak` runs; ARGS="..." goes to soak, mutants and bench as it is
#   SCENARIO=small SPEED=60 AUTH=credssp TLS=0 PORT=5986       how `make lab` starts the simulator

.PHONY: help setup demo test check lab env dist smoke docs ee soak mutants bench doctor must-run clean
.DEFAULT_GOAL := help

help setup demo test check lab env dist smoke docs ee soak mutants bench doctor must-run clean:
	@python3 tools/dev.py $@
