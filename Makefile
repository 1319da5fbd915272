# make test is the whole check; make help lists the rest.
#
# Each recipe line is one bash command that stops at its first error. The modules are tested
# in the workspace of go.work, except internal/e2e and v2: the published peers of the one must
# be the published ones, and the other has their path, so neither sees the workspace. Vet runs without the workspace everywhere,
# because a user's build has none: a requirement that only go.work provides is found there.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory
.NOTPARALLEL:
.DEFAULT_GOAL := help

MODULES := . cmd/signalflow internal/e2e v2
NPM     := .build/npm
PRUNE   := \( -name .git -o -name .build -o -name bin -o -name dist -o -name node_modules \) -prune -o

FUZZTIME ?= 60s
BENCH    ?= .
COUNT    ?= 1
PROGRAM  ?= data('cpu.utilization').mean().publish('cpu')

# Where the interop tests find the Node.js client.
export NODE_PATH := $(CURDIR)/$(NPM)/node_modules

.PHONY: test
test: need-go need-cc interop-deps format vet go-test ## check everything: format, vet, and the tests of every module under the race detector

.PHONY: format
format: ## fail when a file is not formatted
	@unformatted=$$(find . $(PRUNE) -name '*.go' -print0 | xargs -0 -r gofmt -l); \
	if [ -n "$$unformatted" ]; then printf 'not formatted, run gofmt -w on:\n%s\n' "$$unformatted" >&2; exit 1; fi

.PHONY: vet
vet: ## vet every module, each by its own go.mod
	@for module in $(MODULES); do echo "vet $$module" >&2; (cd $$module; GOWORK=off go vet ./...); done

# The long simulation runs in full without the race detector, which makes it thirty times slower.
# A module that fails does not keep the others from running, but it fails the whole.
# internal/e2e measures, so its packages run one at a time. It and v2 run programs and read
# files that go test does not watch, so their results are never taken from the cache.
.PHONY: go-test
go-test: ## only the tests of every module; interop needs make interop-deps
	@failed=0; \
	(go test -race -vet=off ./...) || failed=1; \
	(go test -vet=off -run 'SeventeenHours' ./signalflow) || failed=1; \
	(cd cmd/signalflow; go test -race -vet=off ./...) || failed=1; \
	(cd internal/e2e; GOWORK=off go test -race -vet=off -count 1 -p 1 ./...) || failed=1; \
	(cd v2; GOWORK=off go test -race -vet=off -count 1 ./...) || failed=1; \
	exit $$failed

.PHONY: generate
generate: need-go ## write the aliases of v2 again, after an exported name of the library has changed
	@cd v2; GOWORK=off go generate ./...

.PHONY: fuzz
fuzz: need-go ## run each fuzz target for FUZZTIME (60s); what is found is written to the package's testdata/fuzz
	@failed=0; found=0; \
	while IFS=: read -r file target; do \
		found=1; echo "$$file: $$target" >&2; \
		case $$file in ./internal/e2e/*) workspace=off ;; *) workspace= ;; esac; \
		(cd "$$(dirname "$$file")"; GOWORK=$$workspace go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x . </dev/null) || failed=1; \
	done < <(find . $(PRUNE) -name '*_test.go' -print0 | sort -z | xargs -0 grep -HoE '^func Fuzz\w+' | sed 's/func //'); \
	if [ $$found = 0 ]; then echo 'no fuzz target found' >&2; exit 1; fi; \
	exit $$failed

.PHONY: bench
bench: need-go ## run the benchmarks side by side with the published peers; BENCH selects, COUNT repeats
	@cd internal/e2e; GOWORK=off go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./...

.PHONY: run
run: need-go ## run PROGRAM on the metrics of this machine
	@go run ./cmd/signalflow run "$(PROGRAM)"

.PHONY: interop-deps
interop-deps: $(NPM)/node_modules/.package-lock.json ## install the Node.js client for the interop tests into .build

$(NPM)/node_modules/.package-lock.json: .ci/npm/package.json .ci/npm/package-lock.json | need-node
	@mkdir -p $(NPM); cp .ci/npm/package.json .ci/npm/package-lock.json $(NPM)/; \
	cd $(NPM); npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2

.PHONY: need-go need-cc need-node
need-go:
	@command -v go >/dev/null || { echo 'go is missing: install Go 1.26 or newer' >&2; exit 1; }
need-cc:
	@command -v "$$(go env CC)" >/dev/null || { echo 'a C compiler is missing: the race detector needs one (Debian: gcc libc6-dev)' >&2; exit 1; }
need-node:
	@for tool in node npm; do command -v $$tool >/dev/null || { echo "$$tool is missing: the interop tests run the Node.js client (Debian: nodejs npm)" >&2; exit 1; }; done

.PHONY: clean
clean: ## remove what was installed and built
	@rm -rf .build bin dist

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):.* ## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done
