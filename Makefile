# The work of every day. `make check` before a commit, `make test` for everything; CONTRIBUTING.md says more.
#
#   KEYSTEAD_CI=1             what a test needs and does not find fails it, instead of skipping it
#   KEYSTEAD_TEST_POSTGRES    URL of a PostgreSQL server to use instead of one that the tests start
#   KEYSTEAD_EPP_SCHEMAS      folder of the EPP schemas, for the tests that judge by them; test/epp/schemas.sh fills it

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO_FILES := $(shell git ls-files --cached --others --exclude-standard '*.go' 2>/dev/null)

# One set of flags for the program, its tests and the tools, so that all is compiled once; only the race detector needs C.
# Lint vets, not the tests once more, and nobody has a debugger look into them.
export CGO_ENABLED := 0
export GOFLAGS := $(strip $(shell go env GOFLAGS) -trimpath -ldflags=-s -vet=off)

# Modules of their own (client libraries) are tested where they are.
SDKS := $(patsubst %/go.mod,%,$(filter-out tools/%,$(shell git ls-files '*/go.mod' 2>/dev/null)))

# The rooms whose goroutines share memory. The others share the database alone. SQLite itself is not instrumented: it is C
# that was translated, its memory is none that the detector sees, and it would be most of the work.
RACE := -race -gcflags=modernc.org/...=-race=false
RACED := $(addprefix ./internal/,app/... automation/... catalog/... clock coupon db/... domainname/dispatch domainname/registration domainname/reminder domainname/watch event job license/... limit mail metric payment/... recovery/... \
	registrar/... registry release setting signin token webhook web web/callers web/compat/... web/gateways web/licenseapi)

# ---- the program

.PHONY: build
build: ## bin/keystead: one static binary
	go build -ldflags '-s -X main.version=$(VERSION)' -o bin/keystead ./cmd/keystead

.PHONY: run
run: build ## builds it and starts a demo store
	bin/keystead demo

.PHONY: generate
generate: bin/sqlc bin/gofumpt ## writes what is written by programs: queries, the pages of the state tables
	bin/sqlc generate
	go generate ./...

# ---- before a commit: two minutes

.PHONY: check
check: lint ## format, lint, and the tests without the long ones
	go test -short ./...
	@for sdk in $(SDKS); do (cd "$$sdk" && go test -short ./...); done

.PHONY: lint
lint: bin/gofumpt bin/golangci-lint ## format, and what linters find: golangci-lint runs all that vet does, and more
	@out="$$(bin/gofumpt -l $(filter-out internal/db/query/%,$(GO_FILES)))"; \
	if [ -n "$$out" ]; then echo "gofumpt would change:"; echo "$$out"; exit 1; fi
	bin/golangci-lint run
	@for sdk in $(SDKS); do (cd "$$sdk" && go vet ./...); done

# ---- everything: for a reviewer, and for CI

.PHONY: test
test: test-needs fresh build ## everything, and the rooms that share memory once more under the race detector
	export KEYSTEAD_BIN="$(CURDIR)/bin/keystead"; go test -json -timeout 15m ./... | go run ./test/report
	CGO_ENABLED=1 go test -json $(RACE) -short -timeout 20m $(RACED) | go run ./test/report
	@for sdk in $(SDKS); do (cd "$$sdk" && CGO_ENABLED=1 go test -race ./...); done

.PHONY: test-needs
test-needs:
	@scripts/test-needs

.PHONY: fresh
fresh: bin/sqlc ## fails when the generated queries are not those of the SQL
	bin/sqlc diff

.PHONY: bench
bench: build ## the figures of docs/performance.md, and the micro-benchmarks
	go test -run '^$$' -bench . -benchmem ./...
	go run ./test/bench -bin bin/keystead
	go run ./test/bench/monthend
	go run ./test/bench/domains

.PHONY: soak
soak: ## three years of a thousand customers, and 100,000 renewals of domains, with everything that goes wrong: hours
	go test ./test/simulation -run TestSimulation -timeout 12h -v -args -customers 1000 -days 1095 -verify 1
	go test ./test/faults -run TestFaults/sqlite -timeout 12h -v -args -renewals 100000 -batch 1000

# ---- tools, pinned in tools/go.mod

bin/sqlc: tools/go.mod
	go build -C tools -o ../bin/ github.com/sqlc-dev/sqlc/cmd/sqlc && touch $@
bin/golangci-lint: tools/go.mod
	go build -C tools -o ../bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint && touch $@
bin/gofumpt: tools/go.mod
	go build -C tools -o ../bin/ mvdan.cc/gofumpt && touch $@
bin/benchstat: tools/go.mod
	go build -C tools -o ../bin/ golang.org/x/perf/cmd/benchstat && touch $@

.PHONY: help
help:
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12
