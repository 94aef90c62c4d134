# Makefile - builds nnlua, sets a machine up for it, runs its tests (GNU make; `make help`)
#
# Everything built lies below $(BUILD), except ./nnlua. Only compiling asks pkg-config, and only
# once: help, clean and the targets that set a machine up run where nothing is installed yet.
# Objects depend on the flags they were compiled with, programs on the list of their objects.

VERSION := 0.1.0

BUILD ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O3 -g
V ?= 0

Q := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-5s %s\n' $1 $2)

# The sanitized build stands beside the usual one; its executable finds the Lua library through
# a link, as ./nnlua does in the top folder, and the C modules through another.
EXE := $(if $(filter build,$(BUILD)),nnlua,$(BUILD)/bin/nnlua)
MODULE := $(BUILD)/nnlua/core.so
PQ_MODULE := $(BUILD)/nnlua/pq.so

# ---- Sources --------------------------------------------------------------------------------

DIGITS_SRC := src/kernel/tuned/digits.c
LIB_SRC := $(wildcard src/tensor/*.c src/kernel/*.c src/nn/*.c src/io/*.c)
TUNED_SRC := $(filter-out $(DIGITS_SRC),$(wildcard src/kernel/tuned/*.c))
PQ_SRC := src/bind/pq.c
BIND_SRC := $(filter-out $(PQ_SRC),$(wildcard src/bind/*.c))
APP_SRC := $(wildcard src/app/*.c)
TEST_SRC := $(wildcard tests/c/*.c tests/fuzz/*.c)

# Tuned kernels are compiled once per instruction set; dispatch.c chooses at start-up. Those of
# digits.c exist for two sets only, which have the other kernels of avx512.
X86_64 := $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null))
ISAS := portable $(if $(X86_64),avx2 avx512)
DIGITS_ISAS := $(if $(X86_64),vnni amx)
ISA_FLAGS_avx2 := -march=x86-64-v3
ISA_FLAGS_avx512 := -march=x86-64-v4
ISA_FLAGS_vnni := -march=x86-64-v4 -mavx512vnni
ISA_FLAGS_amx := -march=x86-64-v4 -mamx-tile -mamx-int8

# src/X.c and tests/X.c are compiled to $(BUILD)/obj/X.o and $(BUILD)/obj/tests/X.o.
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(patsubst src/%,%,$1))
TUNED_OBJ := $(foreach isa,$(ISAS),$(patsubst %.o,%.$(isa).o,$(call obj,$(TUNED_SRC)))) \
    $(foreach isa,$(DIGITS_ISAS),$(patsubst %.o,%.$(isa).o,$(call obj,$(DIGITS_SRC))))
LIB_OBJ := $(call obj,$(LIB_SRC)) $(TUNED_OBJ)
BIND_OBJ := $(call obj,$(BIND_SRC))
PQ_OBJ := $(call obj,$(PQ_SRC) src/bind/heartbeat.c)
APP_OBJ := $(call obj,$(APP_SRC))
TEST_OBJ := $(call obj,$(TEST_SRC))
TEST_EXE := $(patsubst tests/%.c,$(BUILD)/tests/%,\
    $(filter tests/c/test_% tests/fuzz/fuzz_%,$(TEST_SRC)))
DOCUMENTATION := $(BUILD)/include/bind/documentation.inc
FUZZ_DRIVER := $(BUILD)/obj/tests/fuzz/driver.o
AMX_EMULATOR := $(BUILD)/obj/tests/c/amx_emulator.o

# ---- Flags ----------------------------------------------------------------------------------

LIB_PACKAGES := openblas zlib jansson nettle libpng libzip sqlite3
pkg_config = $(shell pkg-config $1)$(if $(filter-out 0,$(.SHELLSTATUS)),$(error \
    pkg-config $1 failed: `.ci/setup build` installs what is missing))

# X = $(eval X := value)$(X): computed when first used, then kept.
LIB_CFLAGS = $(eval LIB_CFLAGS := $(call pkg_config,--cflags $(LIB_PACKAGES)))$(LIB_CFLAGS)
LUA_CFLAGS = $(eval LUA_CFLAGS := $(call pkg_config,--cflags lua5.4))$(LUA_CFLAGS)
APP_CFLAGS = $(eval APP_CFLAGS := $(call pkg_config,--cflags-only-I readline))$(APP_CFLAGS)
PQ_CFLAGS = $(eval PQ_CFLAGS := $(call pkg_config,--cflags-only-I libpq))$(PQ_CFLAGS)
LIBS = $(eval LIBS := $(call pkg_config,--libs $(LIB_PACKAGES)) -lm)$(LIBS)
APP_LIBS = $(eval APP_LIBS := $(call pkg_config,--libs lua5.4 readline))$(APP_LIBS)
PQ_LIBS = $(eval PQ_LIBS := $(call pkg_config,--libs libpq))$(PQ_LIBS)

# No flag here may change a result: no fast-math, and no contraction into fused multiply-adds but
# in the two files whose headers say so.
# errno and trap flags are nobody's business, and minding them keeps loops from vectorising.
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
SANITIZERS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)
NN_CFLAGS = -std=c11 $(WARNINGS) -fPIC -fno-semantic-interposition -pthread \
    -ffp-contract=$(or $(CONTRACT),off) -fno-math-errno -fno-trapping-math $(SANITIZERS) -Isrc \
    $(if $(filter avx2,$(ISAS)),-DNN_HAVE_AVX2) $(if $(filter avx512,$(ISAS)),-DNN_HAVE_AVX512)
NN_LDFLAGS = -pthread $(SANITIZERS)

# lua.h is on the include path of src/bind and src/app only; so are the generated headers.
BIND_CFLAGS = $(LUA_CFLAGS) -I$(BUILD)/include -DNNLUA_VERSION='"$(VERSION)"'
FOLDER_CFLAGS = $(LIB_CFLAGS) $(if $(filter src/bind/% src/app/%,$<),$(BIND_CFLAGS)) \
    $(if $(filter src/app/%,$<),$(APP_CFLAGS)) $(if $(filter $(PQ_SRC),$<),$(PQ_CFLAGS))
compile = $(CC) $(NN_CFLAGS) $(FOLDER_CFLAGS) $(CPPFLAGS) $(CFLAGS)

# ---- Targets --------------------------------------------------------------------------------

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all mnist test stock torture browser lint warnings format asan valgrind bench install uninstall clean help \
    c-tests FORCE

JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))
REMAKE = $(MAKE) --no-print-directory $(JOBS)

all: $(EXE) $(MODULE) $(PQ_MODULE) ## build ./nnlua and the C modules in build/nnlua (the default)
	@:

mnist: ## set up, build, get MNIST, train the 784-25-25-10 network; ARGS="--epochs 100" etc.
	@.ci/setup build
	@$(REMAKE) all
	@data/fetch --optional
	@./nnlua experiments/mnist_25x25.lua $(ARGS)

test: ## set up, build, run all tests; SPEC=tests/spec/tensor_spec.lua runs only that file
	@.ci/setup test
	@$(REMAKE) all c-tests
	@tests/run --build $(BUILD) --exe $(EXE) $(SPEC)

stock: ## set up, build, run all specs under the system's lua5.4 (test runs a few of them there)
	@.ci/setup test
	@$(REMAKE) all
	@tests/run --build $(BUILD) --exe $(EXE) --stock $(SPEC)

torture: ## set up, build, kill KILLS=100 trainings and runs, workers of sweeps; nothing may be lost
	@.ci/setup test
	@$(REMAKE) all
	@NNLUA=$(CURDIR)/$(EXE) lua5.4 tests/stress/kills.lua $(KILLS)
	@NNLUA=$(CURDIR)/$(EXE) lua5.4 tests/stress/runs.lua $(KILLS)
	@NNLUA=$(CURDIR)/$(EXE) $(CURDIR)/$(EXE) tests/stress/sweep.lua SQLite 2000 8 200 50 1
	@NNLUA=$(CURDIR)/$(EXE) $(CURDIR)/$(EXE) tests/stress/sweep.lua PostgreSQL 2000 8 200 50 1

browser: ## set up, build, open the report of 200 runs of 5,000 epochs in a browser and time that
	@.ci/setup test
	@$(REMAKE) all
	@./$(EXE) tests/stress/report.lua

C_FILES = $(wildcard src/*/*.[ch] src/*/*/*.[ch] tests/c/*.[ch] tests/fuzz/*.[ch] bench/*.[ch])

lint: ## set up, check layers, compiler warnings, clang-format and luacheck
	@.ci/setup lint
	@tests/lint_layers
	@clang-format --dry-run -Werror $(C_FILES)
	@luacheck -q --no-color .
	@$(REMAKE) warnings

# The front end of every compiler at hand reads every source; nothing is built.
warnings: $(DOCUMENTATION)
	@for cc in $(CC) $(shell command -v clang); do \
	    $$cc -fsyntax-only -Werror $(NN_CFLAGS) $(LIB_CFLAGS) $(BIND_CFLAGS) $(APP_CFLAGS) \
	        $(PQ_CFLAGS) $(LIB_SRC) $(BIND_SRC) $(PQ_SRC) $(APP_SRC) $(TEST_SRC) || exit 1; \
	    $$cc -fsyntax-only -Werror $(NN_CFLAGS) -DNN_ISA=portable $(TUNED_SRC) || exit 1; \
	    $(foreach isa,$(DIGITS_ISAS),$$cc -fsyntax-only -Werror $(NN_CFLAGS) -DNN_ISA=$(isa) \
	        $(ISA_FLAGS_$(isa)) $(DIGITS_SRC) || exit 1;) \
	done

format: ## set up, reformat all C sources
	@.ci/setup lint
	@clang-format -i $(C_FILES)

asan: ## set up, run all tests under the address and undefined-behaviour sanitizers
	@.ci/setup test
	@$(REMAKE) BUILD=build/asan SANITIZE=address,undefined \
	    CFLAGS='-O1 -g -fno-omit-frame-pointer' build/asan/bin/nnlua build/asan/nnlua/pq.so c-tests
	@tests/run --build build/asan --exe build/asan/bin/nnlua --no-stock $(SPEC)

valgrind: ## set up, build, run all tests under valgrind (slow)
	@.ci/setup test valgrind
	@$(REMAKE) all c-tests
	@tests/run --build $(BUILD) --exe $(EXE) --no-stock --valgrind $(SPEC)

# A peer that cannot be installed is left out; nnlua itself must be there.
bench: ## set up, build, compare with NumPy, PyTorch, ...: bench/README.md; JOB=a ROUNDS=3
	@.ci/setup build
	@.ci/setup bench || echo 'bench: what is missing is left out'
	@$(REMAKE) all
	@data/fetch --optional
	@ROUNDS='$(ROUNDS)' THREADS='$(THREADS)' CC='$(CC)' bench/run $(JOB)

# ---- Installing -----------------------------------------------------------------------------

BIN_DIR = $(DESTDIR)$(PREFIX)/bin
MODULE_DIR = $(DESTDIR)$(PREFIX)/lib/lua/5.4
LUA_DIR = $(DESTDIR)$(PREFIX)/share/lua/5.4
LUA_FILES = $(patsubst lua/%,%,$(shell find lua/nnlua -type f))

install: all ## install below PREFIX (/usr/local), where nnlua and lua5.4 find the library
	install -d $(BIN_DIR) $(MODULE_DIR)/nnlua $(addprefix $(LUA_DIR)/,$(sort $(dir $(LUA_FILES))))
	install -m 755 $(EXE) $(BIN_DIR)/nnlua
	install -m 644 $(MODULE) $(PQ_MODULE) $(MODULE_DIR)/nnlua
	@for dir in $(sort $(dir $(LUA_FILES))); do \
	    find lua/$$dir -maxdepth 1 -type f -exec install -m 644 -t $(LUA_DIR)/$$dir {} + || exit 1; \
	done

uninstall: ## remove what install put below PREFIX
	rm -rf $(BIN_DIR)/nnlua $(MODULE_DIR)/nnlua $(LUA_DIR)/nnlua
	@for dir in lib share; do \
	    (cd $(DESTDIR)$(PREFIX)/$$dir && rmdir -p lua/5.4) 2>/dev/null || :; \
	done

clean: ## remove everything that was built
	rm -rf build nnlua

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | \
	    while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done

# ---- Rules ----------------------------------------------------------------------------------

# A file that is rewritten only when its text changes: what depends on it is then remade.
define remember
@mkdir -p $(@D)
@text='$(subst ','\'',$1)'; [ "$$text" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$text" > $@
endef

$(BUILD)/flags: FORCE
	$(call remember,$(compile) $(BIND_CFLAGS) $(APP_CFLAGS) $(PQ_CFLAGS))

$(BUILD)/objects: FORCE
	$(call remember,$(NN_LDFLAGS) $(LDFLAGS) $(APP_LIBS) $(LIBS) $(PQ_LIBS) \
	    $(LIB_OBJ) $(BIND_OBJ) $(APP_OBJ) $(PQ_OBJ))

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(compile) -MMD -MP -c -o $@ $<

# What `?name` in the REPL shows of functions that are written in C.
$(DOCUMENTATION): src/bind/documentation.awk $(BIND_SRC)
	$(call say,AWK,$@)
	@mkdir -p $(@D)
	$(Q)awk -f $< $(BIND_SRC) > $@
$(BUILD)/obj/bind/documentation.o: $(DOCUMENTATION)

$(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(compile) -MMD -MP -c -o $@ $<

$(BUILD)/obj/kernel/tuned/panel.%.o $(BUILD)/obj/kernel/tuned/sparse.%.o: CONTRACT := fast

define tuned_rule
$(BUILD)/obj/kernel/tuned/%.$(isa).o: src/kernel/tuned/%.c $(BUILD)/flags
	$$(call say,CC,"$$< ($(isa))")
	@mkdir -p $$(@D)
	$$(Q)$$(compile) -DNN_ISA=$(isa) $(ISA_FLAGS_$(isa)) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(ISAS) $(DIGITS_ISAS),$(eval $(tuned_rule)))

# C modules that a script loads find the Lua interface in liblua and ours in the executable.
$(EXE): $(APP_OBJ) $(BIND_OBJ) $(LIB_OBJ) $(BUILD)/objects
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	@[ $@ = nnlua ] || { ln -sfn $(CURDIR)/lua $(@D)/lua && ln -sfn .. $(@D)/build; }
	$(Q)$(CC) $(CFLAGS) $(NN_LDFLAGS) -rdynamic $(LDFLAGS) -o $@ $(filter %.o,$^) $(APP_LIBS) $(LIBS)

# lua5.4 unloads its modules when it closes; waiting threads must not lose their code.
$(MODULE): $(BIND_OBJ) $(LIB_OBJ) $(BUILD)/objects
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(NN_LDFLAGS) -shared -Wl,-Bsymbolic -Wl,-z,nodelete $(LDFLAGS) \
	    -o $@ $(filter %.o,$^) $(LIBS)

# Apart from the rest: only who keeps a study on PostgreSQL needs libpq.
$(PQ_MODULE): $(PQ_OBJ) $(BUILD)/objects
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(NN_LDFLAGS) -shared -Wl,-Bsymbolic -Wl,-z,nodelete $(LDFLAGS) \
	    -o $@ $(filter %.o,$^) $(PQ_LIBS)

c-tests: $(TEST_EXE)
	@:

$(filter $(BUILD)/tests/fuzz/%,$(TEST_EXE)): $(FUZZ_DRIVER)
$(BUILD)/tests/c/test_amx_emulator $(BUILD)/tests/c/test_digits: $(AMX_EMULATOR)
$(TEST_EXE): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(LIB_OBJ) $(BUILD)/objects
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(NN_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(BIND_OBJ) $(PQ_OBJ) $(APP_OBJ) $(TEST_OBJ))
