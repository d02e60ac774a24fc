# SPDX-License-Identifier: Apache-2.0
#
# Every task in a line; `make help` lists them. Variables, not flags:
#   SCENARIO=csapp14   run, waves: one scenario of sim/scenarios instead of all
#   MACHINE=flat32     synth, bench, oracle, gatesim, report: which machine
#   SEEDS=1,2,3        synth, report: place-and-route seeds
#   UNIT=vm_mmu        synth: this module alone instead of the whole machine
#   SET='Dcache.Ways=8' synth: fields of the machine, or parameters of a module that no machine contains
#   BOARD=ulx3s        bitstream, load: which board; or icebreaker
#   FORMAT=sv39        sweep: this machine's format instead of all
#   N=1000000          oracle, sweep: how many cases
#   TARGET=rtl         oracle, sweep: the hardware instead of the model
#   SEED=1             oracle, sweep, mutants, coverage, gatesim: repeats a run
#   FAMILY=ecp5        gatesim: this FPGA alone (ecp5, ice40)
#   ACCESSES=40000     bench: how long the trace is; gatesim: how many accesses the campaign has
#   ONLY='NAME NAME'   mutants: these defects instead of all
#   SECONDS=120        coverage: how long the campaign on all machines is
#   JSON=1             run, bench, synth, oracle, sweep, mutants: print JSON
SEEDS ?= 1,2,3
JOBS := $(shell nproc)
SCENARIOS := $(if $(SCENARIO),sim/scenarios/$(SCENARIO).pwt,$(sort $(wildcard sim/scenarios/*.pwt)))
JSON_FLAG := $(if $(JSON),--json)
ORACLE_MACHINE := $(or $(MACHINE),sv39)
SEED_FLAG := $(if $(SEED),--seed $(SEED))

.DEFAULT_GOAL := help
.PHONY: help run test program build lint format waves bench benchl1 synth report bitstream load gatesim \
  oracle sweep mutants coverage rules nightly clean

help:     ## this list
	@sed -nE 's/^([a-z]+): .*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

run: program  ## run the scenarios of sim/scenarios, a line each (SCENARIO=, JSON=1)
	@build/pagewalk run $(JSON_FLAG) $(SCENARIOS)

test: build  ## all tests, and expectations shown to be able to fail
	@scripts/setup bus fusesoc synth
	@ctest --test-dir build --output-on-failure -j $(JOBS)

program:  ## compile the program and the machines into build/
	@scripts/setup
	@cmake --preset release --log-level=WARNING >/dev/null
	@scripts/quiet cmake --build build -j $(JOBS) --target pagewalk machines

build: program  ## the tests, too
	@scripts/quiet cmake --build build -j $(JOBS)

lint:     ## Verilator, verible, slang, clang-format, clang-tidy, house rules
	@scripts/setup lint
	@scripts/lint

format:   ## lay out the C++ sources
	@scripts/setup lint
	@git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format -i

waves: program  ## record a scenario's waves and open GTKWave (SCENARIO=csapp14)
	@scripts/waves $(or $(SCENARIO),csapp14)

bench: program  ## cycles of loads and of access patterns, simulation speed with and without the checks (MACHINE=, ACCESSES=, JSON=1)
	@build/pagewalk bench $(if $(MACHINE),--machine $(MACHINE)) $(if $(ACCESSES),--accesses $(ACCESSES)) $(JSON_FLAG)

benchl1:  ## cycles per access of the blocking and the non-blocking cache in one bench (JSON=1)
	@scripts/setup
	@cmake --preset release --log-level=WARNING >/dev/null
	@scripts/quiet cmake --build build -j $(JOBS) --target l1_speed_blocking l1_speed_usual l1_speed_patient
	@scripts/bench-l1 build $(JSON_FLAG)

synth: MACHINE ?= flat32
synth:    ## area and Fmax of a machine on ECP5 (MACHINE=, SEEDS=1,2,3, UNIT=, SET=, JSON=1)
	@scripts/setup synth
	@.venv/bin/python fpga/synth.py --machine $(MACHINE) --seeds "$(SEEDS)" $(if $(UNIT),--unit $(UNIT)) $(addprefix --set ,$(SET)) $(JSON_FLAG)

bitstream: ## build/board/BOARD: bitstream and timing report (BOARD=ulx3s or icebreaker)
	@scripts/setup synth
	@.venv/bin/python fpga/bitstream.py --board "$(BOARD)"

load:     ## bitstream, and onto the board by openFPGALoader (BOARD=)
	@scripts/setup synth load
	@.venv/bin/python fpga/bitstream.py --board "$(BOARD)" --load

report:   ## area and Fmax of all machines, by module, beside the flow's bounds: build/synth/report.html (MACHINE='toy5 csapp14', SEEDS=)
	@scripts/setup synth
	@.venv/bin/python fpga/report.py --machines "$(MACHINE)" --seeds "$(SEEDS)"

gatesim:  ## netlists of machines in lockstep with the RTL, under all checks (FAMILY=, MACHINE=, ACCESSES=, SEED=)
	@scripts/setup synth
	@cmake --preset release --log-level=WARNING >/dev/null
	@scripts/gatesim $(if $(FAMILY),--family $(FAMILY)) $(if $(MACHINE),--machine $(MACHINE)) \
	  $(if $(ACCESSES),--accesses $(ACCESSES)) $(SEED_FLAG)

oracle:   ## random translations against Unicorn and QEMU (MACHINE=sv39, N=, TARGET=rtl, SEED=, JSON=1)
	@scripts/setup oracle
	@cmake --preset release --log-level=WARNING >/dev/null
	@scripts/quiet cmake --build build -j $(JOBS) --target oracle $(if $(filter rtl,$(TARGET)),machine_$(ORACLE_MACHINE))
	@build/oracle --machine $(ORACLE_MACHINE) --target $(or $(TARGET),model) $(if $(N),--cases $(N)) $(SEED_FLAG) $(JSON_FLAG)

sweep:    ## all flag combinations of entries, on the model and the hardware (FORMAT=, N=200000, TARGET=, SEED=, JSON=1)
	@scripts/setup
	@cmake --preset release --log-level=WARNING >/dev/null
	@scripts/quiet cmake --build build -j $(JOBS) --target sweep \
	  $(if $(filter model,$(TARGET)),,$(if $(FORMAT),machine_$(FORMAT),machines))
	@for target in $(or $(TARGET),model rtl); do \
	  build/sweep --target $$target $(if $(FORMAT),--machine $(FORMAT)) $(if $(N),--accesses $(N)) $(SEED_FLAG) $(JSON_FLAG) \
	    || exit 1; done

mutants: program  ## every defect of tests/mutants is built, and found by its check (ONLY=, SEED=, JSON=1)
	@scripts/mutants $(if $(ONLY),--only $(ONLY)) $(SEED_FLAG) $(JSON_FLAG)

coverage: program  ## a campaign on all machines, and what it covered: build/coverage/index.html (SECONDS=, SEED=)
	@scripts/quiet cmake --build build -j $(JOBS) --target coverage_machines
	@scripts/coverage $(or $(SECONDS),120) $(SEED_FLAG)

rules:    ## the table of rules in docs/verification.md: what tests and which oracle look after each
	@scripts/rules

nightly:  ## what CI cannot afford: sanitizers, random machines, bitstreams, every machine synthesized
	@scripts/nightly

clean:    ## remove build/ (setup's .venv stays)
	@rm -rf build
