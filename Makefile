# A thin front to CMake. `make demo` and `make test` do all the set-up that a fresh Debian 12 machine needs.

PACKAGES := $(shell sed 's/\#.*//' packages.txt)
STAMP := build/.setup-$(shell cksum < packages.txt | cut -d' ' -f1)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
GRADUS := build/release/bin/gradus

.PHONY: help setup build test slow demo bench format asan tsan fuzz clean

help:
	@echo "make demo    install what is needed, build, train LeNet-5 on the digits"
	@echo "make test    install what is needed, build, run the whole test suite"
	@echo "make slow    2,000 more random graphs through the whole compiler, 25,000 mutated texts"
	@echo "make build   build/release/bin/gradus"
	@echo "make bench   measure against the machine's limits and against peers"
	@echo "make asan    the test suite under AddressSanitizer and UndefinedBehaviorSanitizer"
	@echo "make tsan    what uses threads, under ThreadSanitizer"
	@echo "make fuzz    libFuzzer on the readers and the language, five minutes each (clang)"
	@echo "make format  apply clang-format"

setup: $(STAMP)

# Packages that are there already need neither root nor network.
$(STAMP):
	@mkdir -p build
	@dpkg-query -W -f='$${db:Status-Status}\n' $(PACKAGES) 2>/dev/null | grep -cx installed | grep -qx $(words $(PACKAGES)) \
	  || { $(SUDO) apt-get update && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y --no-install-recommends $(PACKAGES); }
	@touch $@

build: setup
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target gradus

test: setup
	@cmake --preset release >/dev/null
	@cmake --build --preset release
	@ctest --test-dir build/release --output-on-failure -j 2 -LE slow

slow: setup
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target property_tests text_tests
	@ctest --test-dir build/release --output-on-failure -L slow

demo: build
	@GRADUS=$(GRADUS) examples/demo.sh

bench: setup
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target gradus gradus_bench gradus_bench_passes
	@bench/run.sh

asan: setup
	@cmake --preset asan-ubsan >/dev/null
	@cmake --build --preset asan-ubsan
	@ctest --test-dir build/asan-ubsan --output-on-failure -j 2 -LE slow

tsan: setup
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan --target gradus runtime_tests training_tests
	@ctest --test-dir build/tsan --output-on-failure -j 2 -L threads

fuzz: build
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz
	@tests/fuzz/run.sh 300

format:
	@git ls-files '*.cpp' '*.h' | xargs clang-format-19 -i

clean:
	@rm -rf build
