# SPDX-License-Identifier: Apache-2.0
#
# Every task in a line; `make help` lists them. Variables, not flags:
#   SCENARIO=csapp14   run, waves: one scenario of sim/scenarios instead of all
#   MACHINE=flat32     synth, bench: this machine
#   SEEDS=1,2,3        synth: place-and-route seeds
#   UNIT=vm_mmu        synth: this module alone instead of the whole machine
#   ACCESSES=40000     bench: how long the trace is
#   JSON=1             run, bench, synth: print JSON
SEEDS ?= 1,2,3
JOBS := $(shell nproc)
SCENARIOS := $(if $(SCENARIO),sim/scenarios/$(SCENARIO).pwt,$(sort $(wildcard sim/scenarios/*.pwt)))
JSON_FLAG := $(if $(JSON),--json)

.DEFAULT_GOAL := help
.PHONY: help run test program build lint format waves bench synth nightly clean

help:     ## this list
	@sed -nE 's/^([a-z]+): .*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

run: program  ## run the scenarios of sim/scenarios, a line each (SCENARIO=, JSON=1)
	@build/pagewalk run $(JSON_FLAG) $(SCENARIOS)

test: build  ## all tests, and every expectation shown to be able to fail
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

bench: program  ## simulation speed with and without the checks (MACHINE=, ACCESSES=, JSON=1)
	@build/pagewalk bench $(if $(MACHINE),--machine $(MACHINE)) $(if $(ACCESSES),--accesses $(ACCESSES)) $(JSON_FLAG)

synth: MACHINE ?= flat32
synth:    ## area and Fmax of a machine on ECP5 (MACHINE=, SEEDS=1,2,3, UNIT=, JSON=1)
	@scripts/setup synth
	@.venv/bin/python fpga/synth.py --machine $(MACHINE) --seeds "$(SEEDS)" $(if $(UNIT),--unit $(UNIT)) $(JSON_FLAG)

nightly:  ## what CI cannot afford: sanitizers, random machines, every machine synthesized
	@scripts/nightly

clean:    ## remove build/ (setup's .venv stays)
	@rm -rf build
