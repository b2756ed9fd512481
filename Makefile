# Every target does its own set-up; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
# Whatever is installed is installed again when one of these changes.
SETUP := scripts/setup.sh scripts/find_chromium.py \
         pyproject.toml requirements.txt $(wildcard lock/*.txt) packages.txt
ARGS ?=

.PHONY: help app test lint bench ux soak loop clean

help:
	@echo "make app     set up and open the app (ARGS='--port 7861' passes flags on)"
	@echo "make test    set up and run every test (ARGS='-k frame -n 0' picks some, in one process)"
	@echo "make lint    check style and types"
	@echo "make bench   time decoding against the original's way (ARGS='--config official')"
	@echo "make ux      time the screen against its bounds (ARGS='--only A5,A12')"
	@echo "make soak    many visitors at once, some hostile, for 4 minutes (ARGS='--minutes 1')"
	@echo "make loop     correct 20 lines, train 5 minutes, measure before and after"
	@echo "make clean   remove the virtual environment"

app: .venv/app-ready
	@$(BIN)/python app.py $(ARGS)

test: .venv/dev-ready
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

lint: .venv/dev-ready
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@if [ -d node_modules ]; then npm run --silent lint && npm run --silent types; \
	else echo "The JavaScript is not checked: there is no node_modules (scripts/setup.sh dev)"; fi

bench: .venv/app-ready
	@$(BIN)/python -m benchmarks.decode $(ARGS)

ux: .venv/dev-ready
	@$(BIN)/python -m benchmarks.ux $(ARGS)

soak: .venv/dev-ready
	@$(BIN)/python -m benchmarks.soak $(ARGS)

loop: .venv/dev-ready
	@$(BIN)/python -m benchmarks.loop $(ARGS)

clean:
	@rm -rf .venv

.venv/app-ready: $(SETUP)
	@PYTHON="$(PYTHON)" scripts/setup.sh app

.venv/dev-ready: $(SETUP) package.json package-lock.json
	@PYTHON="$(PYTHON)" scripts/setup.sh dev
