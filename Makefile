# CGExec: "make help" tells what there is.

SWIFT_VERSION := 6.3
BUILD_PACKAGES := libhwloc-dev libseccomp-dev libcap-dev libstdc++-12-dev pkg-config
RELEASE := swift build -c release
# exec pays for each shared library at every start, most of all for the C++ runtime's thousands of symbols, and for
# looking for them beside the program first.
STATIC := $(CURDIR)/.build/static
POOL := --static-swift-stdlib --disable-local-rpath \
	-Xswiftc -L$(STATIC) -Xswiftc -Xclang-linker -Xswiftc -static-libgcc

.DEFAULT_GOAL := build
.PHONY: build test demo lint deps vm-deps swift help

build: swift deps $(STATIC)/libstdc++.a ## release binaries: .build/release/cgexec-pool and .build/release/cgexec-probe
	$(RELEASE) $(POOL) --product cgexec-pool
	$(RELEASE) -Xswiftc -static-executable --product cgexec-probe

test: swift deps vm-deps ## all tests, on this host and in a VM with Debian's kernels 6.1 and 6.12
	Tests/run

demo: build ## a real benchmark under hard limits; in the VM where this host cannot enforce them
	examples/compressors/demo

lint: swift ## the formatter's opinion on every Swift file
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

deps: ## Debian packages needed to build
	deploy/apt-install $(BUILD_PACKAGES)

vm-deps: ## Debian packages, virtme-ng and kernels needed for the VM; kernels and venv go to the cache folder
	deploy/vm/setup 6.1 >/dev/null
	deploy/vm/setup 6.12 >/dev/null

$(STATIC)/libstdc++.a:
	@mkdir -p $(@D)
	@ln -sf "$$(clang -print-file-name=libstdc++.a)" $@

swift:
	@deploy/need-swift $(SWIFT_VERSION)

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 10
