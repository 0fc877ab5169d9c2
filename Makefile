# CGExec: "make help" tells what there is.

SWIFT_VERSION := 6.3
BUILD_PACKAGES := libhwloc-dev libseccomp-dev libcap-dev libstdc++-12-dev pkg-config
TEST_PACKAGES := sudo hwloc-nox curl libxml2-utils parallel chromium
# exec pays at every start for each shared library, and for each address that depends on where it is loaded: there are
# 80,000 of those. So what is released has a fixed place and needs nothing. lld does not warn of functions of the C
# library that load libraries when they are called: Foundation has some that nobody calls.
ABSENT := $(CURDIR)/.build/absent.o
RELEASE := swift build -c release --disable-local-rpath \
	-Xswiftc -static-executable -Xswiftc -use-ld=lld -Xlinker $(ABSENT)

.DEFAULT_GOAL := build
.PHONY: build test test-long demo lint deps test-deps vm-deps swift help

build: swift deps $(ABSENT) ## release binaries: .build/release/cgexec-pool and .build/release/cgexec-probe
	$(RELEASE) --product cgexec-pool
	$(RELEASE) --product cgexec-probe

test: swift deps test-deps vm-deps ## all tests, on this host and in a VM with Debian's kernels 6.1 and 6.12
	Tests/run

test-long: swift deps test-deps vm-deps ## what takes long: a million schedules, pools that come and go, 200 kills of a run
	Tests/run long soak
	CGEXEC_TESTS_LONG=1 Tests/run native

demo: build ## a real benchmark under hard limits; in the VM where this host cannot enforce them
	examples/compressors/demo

lint: swift ## the formatter's opinion on every Swift file
	swift format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources examples

deps: ## Debian packages needed to build
	deploy/apt-install $(BUILD_PACKAGES)

test-deps: ## what tests run: sudo under exec, hwloc's own commands to compare with, curl, readers of reports, a browser
	deploy/apt-install $(TEST_PACKAGES)
	deploy/benchexec-venv >/dev/null

vm-deps: ## Debian packages, virtme-ng and kernels needed for the VM; kernels and venv go to the cache folder
	deploy/vm/setup 6.1 >/dev/null
	deploy/vm/setup 6.12 >/dev/null

$(ABSENT): deploy/static/absent.c
	@mkdir -p $(@D)
	@clang -O2 -Wall -Wextra -Werror -c -o $@ $<

swift:
	@deploy/need-swift $(SWIFT_VERSION)

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 10
