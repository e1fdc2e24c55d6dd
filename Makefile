# Levee. Two commands do all: `make run` (a live stream through Levee) and `make test`.
#
#   make            build/levee and build/levee-bench
#   make unit       unit tests only          make V=1 ...   show the commands
#   make FLAVOUR=asan|tsan ...               the same with a sanitizer
#   make layers     includes point down only

FLAVOUR ?= release
CXX     ?= g++
OUT     := build/$(FLAVOUR)
Q       := $(if $(V),,@)
CCACHE  := $(shell command -v ccache 2>/dev/null)

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
OPT     := -O2 -g
ifeq ($(FLAVOUR),asan)
OPT     := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
else ifeq ($(FLAVOUR),tsan)
OPT     := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
else
MALLOC  := -ljemalloc
endif
CXXFLAGS := -std=c++20 $(OPT) $(WARN) -I. -MMD -MP -pthread
LDLIBS   := -levent_openssl -levent_pthreads -levent_extra -levent_core -lssl -lcrypto -llz4 -lhiredis -lpcre2-8 -lxxhash $(MALLOC) -pthread

PROXY_SRC := $(filter-out proxy/main.cc,$(wildcard proxy/*.cc proxy/*/*.cc))
LIB_SRC   := $(wildcard conf/*.cc cache/*.cc) $(PROXY_SRC)
BENCH_SRC := $(wildcard bench/*.cc)
UNIT_SRC  := $(wildcard tests/unit/*.cc)
MICRO_SRC := $(wildcard bench/micro/*.cc)
obj        = $(patsubst %.cc,$(OUT)/obj/%.o,$(1))

.PHONY: all unit layers clean
.SECONDARY:
all: $(OUT)/levee $(OUT)/levee-bench
	$(Q)ln -sf $(FLAVOUR)/levee build/levee; ln -sf $(FLAVOUR)/levee-bench build/levee-bench

$(OUT)/obj/%.o: %.cc
	$(Q)mkdir -p $(@D)
	$(if $(V),,@echo "  CXX  $<")
	$(Q)$(CCACHE) $(CXX) $(CXXFLAGS) -c $< -o $@

$(OUT)/liblevee.a: $(call obj,$(LIB_SRC))
	$(Q)rm -f $@; ar rcs $@ $^

$(OUT)/levee: $(call obj,proxy/main.cc) $(OUT)/liblevee.a
	$(Q)$(CXX) $(OPT) $^ $(LDLIBS) -o $@
$(OUT)/levee-bench: $(call obj,$(BENCH_SRC)) $(OUT)/liblevee.a
	$(Q)$(CXX) $(OPT) $^ $(LDLIBS) -o $@
$(OUT)/unit-tests: $(call obj,$(UNIT_SRC)) $(OUT)/liblevee.a
	$(Q)$(CXX) $(OPT) $^ $(LDLIBS) -lgtest -lgmock -lgtest_main -o $@
$(OUT)/levee-micro: $(call obj,$(MICRO_SRC)) $(OUT)/liblevee.a
	$(Q)$(CXX) $(OPT) $^ $(LDLIBS) -lbenchmark -lbenchmark_main -o $@

unit: $(OUT)/unit-tests
	$(Q)$<

clean:
	$(Q)rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
