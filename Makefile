# Levee. Two commands do all: `make run` (a live stream through Levee) and `make test`.
#
#   make run        a live stream through Levee, until Ctrl-C
#   make            build/levee and build/levee-bench; installs what Debian packages are missing
#   make test       unit and end-to-end tests; the last line is the counts.   make unit, make e2e: one of the two
#                   T=word: only those whose name has the word
#   make asan       the same tests under AddressSanitizer and UndefinedBehaviorSanitizer;  make tsan  ThreadSanitizer
#   make lint       format, layers, headers that compile alone, clang-tidy.   make layers: includes point down only
#   make clang      builds with clang++, which also checks who may touch what (-Wthread-safety)
#   make fuzz       each libFuzzer target for FUZZ_SECONDS=20 from its committed inputs;  make fuzz-replay  those inputs once
#   make rehearse   every plan of bench/plans against Levee, three minutes: a verdict and a report for each
#   make bench      Google Benchmark of the parts, then Levee beside its peers in short scenarios, in some ten minutes; writes
#                   build/compare.json and .html.   make bench-full  the whole, which needs a quiet machine: writes
#                   bench/results.json and README's table.   make bench-results  the same of the short scenarios   make micro  the parts alone
#   make conformance   the independent http-cache-tests (from npm, which needs node) through Levee: what is not passed, and counts
#   make readme     writes the lists of README.md: directives, performance
#   make install    DESTDIR= PREFIX=/usr/local   programs, examples, plans, systemd unit, man pages
#
#   V=1 shows the commands. FLAVOUR=dev|asan|tsan|clang builds another flavour, each in its own build/FLAVOUR; dev compiles
#   in half the time and runs slower.

# As many jobs as processors, unless -j says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

FLAVOUR ?= release
OUT     := build/$(FLAVOUR)
Q       := $(if $(V),,@)
CCACHE  := $(shell command -v ccache 2>/dev/null)
PREFIX  ?= /usr/local

PKGS_BUILD := g++ libevent-dev libssl-dev liblz4-dev libhiredis-dev libpcre2-dev libxxhash-dev libjemalloc-dev \
              libcli11-dev nlohmann-json3-dev
PKGS_TEST  := nginx libgtest-dev libgmock-dev python3 python3-pytest python3-redis redis-server redis-sentinel redis-tools openssl ffmpeg
PKGS_BENCH := libbenchmark-dev nginx varnish trafficserver haproxy wrk
PKGS_LINT  := clang clang-format clang-tidy
PKGS_FUZZ  := clang libclang-rt-14-dev

CXX     := g++
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
OPT     := -O2 -g
ifneq ($(filter asan tsan,$(FLAVOUR)),)
WARN    += -Wno-maybe-uninitialized  # g++ 12 sees ghosts in <regex> when it instruments
endif
ifeq ($(FLAVOUR),asan)  # vptr: needs a pipe to look at an object, and fails where a test takes all descriptors
OPT     := -O1 -g -fsanitize=address,undefined -fno-sanitize=vptr -fno-omit-frame-pointer -fno-sanitize-recover=undefined
else ifeq ($(FLAVOUR),tsan)
OPT     := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
else ifeq ($(FLAVOUR),fuzz)
OPT     := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
CXX     := clang++
PKGS_BUILD += clang libclang-rt-14-dev
else
MALLOC  := -ljemalloc
endif
ifeq ($(FLAVOUR),dev)
OPT     := -O0 -g1
endif
ifeq ($(FLAVOUR),clang)
CXX     := clang++
WARN    += -Wthread-safety
PKGS_BUILD += clang
endif
CXXFLAGS := -std=c++20 $(OPT) $(WARN) -I. -MMD -MP -pthread
LDLIBS   := -levent_openssl -levent_pthreads -levent_extra -levent_core -lssl -lcrypto -llz4 -lhiredis -lpcre2-8 -lxxhash $(MALLOC) -pthread

PROXY_SRC := $(filter-out proxy/main.cc,$(wildcard proxy/*.cc proxy/*/*.cc))
LIB_SRC   := $(wildcard conf/*.cc cache/*.cc) $(PROXY_SRC)
BENCH_SRC := $(filter-out bench/micro/%,$(wildcard bench/*.cc bench/*/*.cc))
UNIT_SRC  := $(wildcard tests/unit/*.cc)
MICRO_SRC := $(wildcard bench/micro/*.cc)
FUZZ_SRC  := $(wildcard tests/fuzz/*.cc)
FUZZ_LIB  := $(wildcard conf/*.cc cache/*.cc proxy/http/*.cc)  # what has targets: the parts without sockets
FUZZ      := $(basename $(notdir $(filter-out %/replay.cc,$(FUZZ_SRC))))
HEADERS   := $(wildcard conf/*.h cache/*.h proxy/*.h proxy/*/*.h bench/*.h bench/*/*.h tests/unit/*.h tests/fuzz/*.h)
SOURCES   := proxy/main.cc $(LIB_SRC) $(BENCH_SRC) $(UNIT_SRC) $(MICRO_SRC) $(FUZZ_SRC)
obj        = $(patsubst %.cc,$(OUT)/obj/%.o,$(1))

.PHONY: all run bench bench-results bench-full rehearse unit e2e test asan tsan clang fuzz fuzz-targets fuzz-replay micro readme lint format-check layers headers tidy install clean deps-%
.SECONDARY:
.DELETE_ON_ERROR:

all: $(OUT)/levee $(OUT)/levee-bench
ifeq ($(FLAVOUR),release)
	$(Q)ln -sf release/levee build/levee; ln -sf release/levee-bench build/levee-bench
endif

# Debian packages: `deps-build` and the like install what is missing, and do nothing when all is there.
PACKAGES_build = $(PKGS_BUILD)
PACKAGES_test  = $(PKGS_TEST)
PACKAGES_bench = $(PKGS_BENCH)
PACKAGES_lint  = $(PKGS_LINT)
PACKAGES_fuzz  = $(PKGS_FUZZ)
deps-%:
	$(Q)tests/tools/packages $(PACKAGES_$*)

$(OUT)/obj/%.o: %.cc | deps-build
	$(Q)mkdir -p $(@D)
	$(if $(V),,@echo "  CXX  $<")
	$(Q)$(CCACHE) $(CXX) $(CXXFLAGS) -c $< -o $@

$(OUT)/liblevee.a: $(call obj,$(LIB_SRC))
	$(Q)rm -f $@; ar rcs $@ $^

$(OUT)/levee: $(call obj,proxy/main.cc) $(OUT)/liblevee.a
	$(Q)$(CXX) $(OPT) $^ $(LDLIBS) -o $@
$(OUT)/levee-bench: $(call obj,$(BENCH_SRC)) $(OUT)/liblevee.a
	$(Q)$(CXX) $(OPT) $^ $(LDLIBS) -o $@
$(OUT)/unit-tests: $(call obj,$(UNIT_SRC) $(filter-out bench/main.cc,$(BENCH_SRC))) $(OUT)/liblevee.a
	$(Q)$(CXX) $(OPT) $^ $(LDLIBS) -lgtest -lgmock -lgtest_main -o $@
$(OUT)/levee-micro: $(call obj,$(MICRO_SRC) bench/client/request_fields.cc) $(OUT)/liblevee.a
	$(Q)$(CXX) $(OPT) $^ $(LDLIBS) -lbenchmark -lbenchmark_main -o $@
$(OUT)/fuzz/%-replay: $(call obj,tests/fuzz/%.cc tests/fuzz/replay.cc) $(OUT)/liblevee.a
	$(Q)mkdir -p $(@D); $(CXX) $(OPT) $^ $(LDLIBS) -o $@
$(OUT)/fuzz/%: $(call obj,tests/fuzz/%.cc $(FUZZ_LIB))
	$(Q)mkdir -p $(@D); $(CXX) $(OPT) -fsanitize=fuzzer $^ -lpcre2-8 -llz4 -lxxhash -lcrypto -pthread -o $@
REPLAYS := $(FUZZ:%=$(OUT)/fuzz/%-replay)
$(call obj,$(UNIT_SRC)): | deps-test
$(call obj,$(MICRO_SRC)): | deps-bench

# The page's player comes from npm where there is one; without it the page has a plain video element.
run: all
	$(Q)if command -v npm >/dev/null && [ ! -e $(PLAYER)/hls.min.js ]; then npm install --silent --prefix build/player hls.js || true; fi
	$(Q)exec build/levee-bench demo --player $(PLAYER)
PLAYER := build/player/node_modules/hls.js/dist

test: deps-test all $(OUT)/unit-tests $(REPLAYS)
	$(Q)tests/run --out $(OUT) --only "$(T)"
unit: deps-test $(OUT)/unit-tests
	$(Q)tests/run --out $(OUT) --only "$(T)" unit
e2e: deps-test all
	$(Q)tests/run --out $(OUT) --only "$(T)" e2e
asan tsan:
	$(Q)$(MAKE) FLAVOUR=$@ test
clang: deps-lint
	$(Q)$(MAKE) FLAVOUR=clang all build/clang/unit-tests
fuzz: deps-fuzz
	$(Q)$(MAKE) FLAVOUR=fuzz fuzz-targets
	$(Q)for target in $(FUZZ); do mkdir -p build/fuzz/found/$$target; \
	  build/fuzz/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=2000 -timeout=5 -artifact_prefix=build/fuzz/ \
	    build/fuzz/found/$$target tests/fuzz/corpus/$$target >build/fuzz/$$target.log 2>&1 || \
	    { tail -40 build/fuzz/$$target.log; exit 1; }; \
	  echo "  FUZZ $$target: $$(grep ^Done build/fuzz/$$target.log)"; done
fuzz-targets: $(FUZZ:%=$(OUT)/fuzz/%)
fuzz-replay: $(REPLAYS)
	$(Q)tests/run --out $(OUT) --only "$(T)" fuzz
FUZZ_SECONDS ?= 20
rehearse: deps-test all
	$(Q)bench/rehearse-all --bench $(OUT)/levee-bench --out $(OUT)/rehearse
bench: deps-bench all $(OUT)/levee-micro
	$(Q)$(OUT)/levee-micro $(MICRO) --benchmark_min_time=0.05
	$(Q)build/levee-bench compare --quick --micro build/micro.json --html build/compare.html $(RESULTS)
RESULTS := --json build/compare.json
bench-results:
	$(Q)$(MAKE) bench RESULTS="--json bench/results.json --readme README.md"
bench-full: deps-bench all $(OUT)/levee-micro
	$(Q)$(OUT)/levee-micro $(MICRO)
	$(Q)build/levee-bench compare --micro build/micro.json --json bench/results.json --html build/compare.html --readme README.md
MICRO := --benchmark_out=build/micro.json --benchmark_out_format=json
micro: $(OUT)/levee-micro
	$(Q)$<
conformance: all
	$(Q)tests/conformance/run $(OUT)/levee

readme: $(OUT)/unit-tests
	$(Q)LEVEE_WRITE_README=1 $< --gtest_brief=1 --gtest_filter='Readme.*'

lint: format-check layers headers tidy
format-check: deps-lint
	$(Q)clang-format --dry-run -Werror $(HEADERS) $(SOURCES)
layers:
	$(Q)tests/tools/layers
headers: $(addprefix $(OUT)/alone/,$(addsuffix .ok,$(HEADERS)))
$(OUT)/alone/%.ok: % | deps-build deps-test
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CXXFLAGS) -MT $@ -MF $(@:.ok=.d) -fsyntax-only -include $< -x c++ /dev/null && touch $@
# A file is looked at again when it, or a header that it includes, was compiled again.
tidy: $(patsubst %.cc,$(OUT)/tidy/%.ok,$(filter-out tests/% bench/micro/%,$(SOURCES)))
$(OUT)/tidy/%.ok: $(OUT)/obj/%.o .clang-tidy | deps-lint
	$(Q)mkdir -p $(@D)
	$(if $(V),,@echo "  TIDY $*.cc")
	$(Q)clang-tidy --quiet $*.cc -- -std=c++20 -I. 2>/dev/null && touch $@

install: all
	install -D -t $(DESTDIR)$(PREFIX)/sbin $(OUT)/levee
	install -D -t $(DESTDIR)$(PREFIX)/bin $(OUT)/levee-bench
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/levee/examples conf/examples/*.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/levee/plans $(wildcard bench/plans/*)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/levee/media $(filter-out %/make,$(wildcard bench/media/*))
	set -e; for file in $$(cd bench && find peers -type f); do \
	  install -D -m 644 bench/$$file $(DESTDIR)$(PREFIX)/share/levee/$$file; done
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 conf/levee.8
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 conf/levee-bench.1
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,@PREFIX@,$(PREFIX),g' conf/levee.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/levee.service

clean:
	$(Q)rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
