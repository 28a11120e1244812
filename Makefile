# The front door.  Each target is one command of Meson or one script; the build itself is in meson.build.
#
#   make deps      the packages to build with (Debian)     make test     everything that is tested
#   make           build                                   make check    format, includes, sizes
#   make hello     build and run a first container         make asan     tests under sanitizers
#   make bench     compare with other programs             make install  prefix=/usr/local DESTDIR=
BUILD   ?= build
prefix  ?= /usr/local
DESTDIR ?=

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix=$(prefix)

deps:
	.ci/deps.sh build

deps-test:
	.ci/deps.sh test

# "$(MAKE) all" and not a prerequisite: the packages have to be there first, also under -j.
hello: deps
	@$(MAKE) --no-print-directory all
	@test/hello.sh $(BUILD)

test: deps deps-test
	@$(MAKE) --no-print-directory all
	@test/run.sh $(BUILD)

asan: deps deps-test
	@[ -f build-asan/build.ninja ] || CC=clang meson setup build-asan \
		-Doptimization=1 -Ddebug=true -Db_sanitize=address,undefined -Db_lundef=false -Dc_args=-fno-sanitize-recover=all
	ninja -C build-asan
	@test/run.sh build-asan

# What needs systemd, cgroup v2 alone, a journal, AppArmor or a power cut: in a virtual machine.
VM ?= build-vm
test-vm: all
	@[ -f $(VM)/root.img ] || test/vm/build.sh $(VM)
	test/vm/run.sh $(VM) $(BUILD) test/vm/guest-systemd
	test/vm/run.sh $(VM) $(BUILD) test/vm/guest-quadlet
	test/vm/powercut.sh $(VM) $(BUILD) 5 20 40

clang: deps deps-test
	@[ -f build-clang/build.ninja ] || CC=clang meson setup build-clang
	ninja -C build-clang

check: deps-test
	.ci/format.sh
	.ci/includes.sh
	.ci/size.sh

bench: all
	bench/run $(BUILD)

# libexecdir is compiled into the programs, so a prefix other than the configured one builds again.
install: $(BUILD)/build.ninja
	meson configure $(BUILD) -Dprefix=$(prefix)
	ninja -C $(BUILD)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild --strip --quiet

uninstall:
	data/install-generated.sh --remove $(BUILD)/src/cli/podman $(BUILD)/src/quadlet/quadlet $(DESTDIR)$(prefix)
	rm -f $(DESTDIR)$(prefix)/bin/podman $(DESTDIR)$(prefix)/bin/podman-runtime
	rm -f $(DESTDIR)$(prefix)/lib/systemd/*/podman[.-]*
	rm -rf $(DESTDIR)$(prefix)/libexec/podman

clean:
	rm -rf build build-asan build-clang

.PHONY: all deps deps-test hello test test-vm asan clang check bench install uninstall clean
