# WHOOSH. `make` alone prints what there is. Every target first makes sure of the installed packages
# (Node 24 among them); `.env` is read when it is there, and the environment wins over it.
# Paths are relative: the folder's name may contain spaces.

WITH := @sh packages/devkit/with-packages.sh
NODE := $(WITH) node
DEVKIT := $(NODE) packages/devkit/src
MIGRATE := $(DEVKIT)/migrate.ts

.DEFAULT_GOAL := help
.PHONY: help run-dev demo status logs reset test check dev ci build pack page gen migrate migrate-down \
	migrate-version migrate-force migrate-create raft-scenarios bench chaos

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' Makefile

run-dev: ## Start everything on this machine, send a Design Brief through it, stay until Ctrl-C
	$(DEVKIT)/run-dev.ts

demo: ## The same without a terminal; ends at the first BarReport of the council (DEMO_DEADLINE_SECONDS=180)
	$(DEVKIT)/demo.ts

status: ## What runs, whether it can work, and where it is
	$(DEVKIT)/status.ts

logs: ## Follow what the processes print (SERVICE=council, FOLLOW=false)
	$(DEVKIT)/logs.ts

reset: ## Forget the data of the dev run
	$(DEVKIT)/reset.ts

test: ## Types, lint, format, layers; unit, simulation, property, tidy, integration and end-to-end tests
	$(DEVKIT)/check.ts unit tidy integration e2e

check: ## Types, lint, format, layers
	$(DEVKIT)/check.ts

dev: ## Format, check, test, build
	$(WITH) prettier --write --log-level warn .
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory build

ci: ## What the continuous integration runs
	@.ci/run

build: ## The page, and bin/<service> for every service
	$(DEVKIT)/build.ts

pack: ## The libraries as others install them: tarballs of hlc-ts, raft-ts and the SDK in .whoosh/pack
	$(DEVKIT)/pack.ts

page: ## Build the web page alone
	$(DEVKIT)/page.ts

gen: ## Write what is generated from the contracts (schemas, API documents)
	$(NODE) packages/contracts/scripts/generate.ts

migrate: ## Bring the database (WHOOSH_DATABASE_*) to the newest migration
	$(MIGRATE) up

migrate-down: ## Undo the newest migration
	$(MIGRATE) down

migrate-version: ## Which migration the database is at, and whether it is dirty
	$(MIGRATE) version

migrate-force: ## Say which version the database is at after repairing a dirty one by hand (V=7)
	$(MIGRATE) force "$(V)"

migrate-create: ## Add an empty pair of migration files (NAME=add_something)
	$(MIGRATE) create "$(NAME)"

bench: ## Measure beside baselines, write docs/BENCHMARKS.md (ROW=M1 for one)
	$(NODE) test/bench/bench.ts

chaos: ## Faults by seed: simulation, fuzz, nemesis, main-job, mutants (PART=nemesis SEED=7 for one)
	$(NODE) test/chaos/chaos.ts

raft-scenarios: ## Run Raft scenario files in etcd's format (DIR=folder)
	$(NODE) packages/raft-ts/test/run-scenarios.ts "$(DIR)"
