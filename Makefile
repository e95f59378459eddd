# hybridml: `make features train predict` reads, trains and answers; `make help` lists the rest.
#
# Your own data:  make features train predict TRAIN=rows.csv IMAGES=photos/ [TEST=rows.csv] [OUT=answers.csv]
# Without TEST, 20 % of TRAIN is held out by group and photo; without either, the built-in sample set is used.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

TRAIN ?=
TEST ?=
IMAGES ?=
STORE ?= features
MODEL ?= models/model.joblib
OUT ?= predictions.csv
REPORT ?= build/report
OCR ?= rapidocr
EMBEDDING ?= none
RESNET_WEIGHTS ?= IMAGENET1K_V2
EFFORT ?= balanced
STAGES ?=
ENTITIES ?=
WORKERS ?=
DASK ?=
SHARED ?= ../shared

# torch and torchvision of one release. TORCH_INDEX names a package index with another build (CUDA, ROCm, ...).
TORCH ?= 2.13.0
TORCHVISION ?= 0.28.0
TORCH_INDEX ?=

SAMPLE := build/sample
ifeq ($(strip $(TRAIN)),)
  ifneq ($(strip $(TEST)),)
    $(error TEST=$(TEST) is given without TRAIN=; give both, or use 'hybridml predict' with a trained model)
  endif
  ROWS := $(SAMPLE)/.drawn
  TRAIN_ROWS := $(SAMPLE)/train.csv
  TEST_ROWS := $(SAMPLE)/test.csv
  TRUTH := $(SAMPLE)/truth.csv
  PHOTOS := $(SAMPLE)/images
  WHAT := the drawn sample set: a demonstration, not a measure of accuracy on photos
else ifeq ($(strip $(TEST)),)
  HOLDOUT := build/holdout-$(shell printf '%s' '$(abspath $(TRAIN))' | cksum | cut -d' ' -f1)
  ROWS := $(HOLDOUT)/.split
  TRAIN_ROWS := $(HOLDOUT)/train.csv
  TEST_ROWS := $(HOLDOUT)/test.csv
  TRUTH := $(HOLDOUT)/truth.csv
  PHOTOS := $(if $(IMAGES),$(IMAGES),images)
  WHAT := 20 % of $(TRAIN), held out by group and photo
else
  ROWS := $(TRAIN) $(TEST)
  TRAIN_ROWS := $(TRAIN)
  TEST_ROWS := $(TEST)
  TRUTH := $(shell head -n 1 '$(TEST)' 2>/dev/null | grep -q entity_value && echo '$(TEST)')
  PHOTOS := $(if $(IMAGES),$(IMAGES),images)
  WHAT := $(TEST)
endif

ENTITY_FILE := $(if $(ENTITIES),--entities '$(ENTITIES)')
VISION := --ocr '$(OCR)' --embedding '$(EMBEDDING)' --resnet-weights '$(RESNET_WEIGHTS)' \
  --effort '$(EFFORT)' $(if $(STAGES),--stages '$(STAGES)') $(ENTITY_FILE)
FILES := --images '$(PHOTOS)' --store '$(STORE)' $(if $(WORKERS),--workers $(WORKERS)) $(if $(DASK),--dask '$(DASK)')

# The modules that open no photo and need no OCR engine; their coverage must stay above 95 %.
PURE := quantity candidates datasets.rows evaluation.metrics

.PHONY: help install features train predict report cluster test lint docs dist-check bench pretrained clean cleanall
.NOTPARALLEL:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@echo "Variables: TRAIN TEST IMAGES STORE MODEL OUT REPORT OCR EMBEDDING RESNET_WEIGHTS EFFORT STAGES ENTITIES WORKERS DASK TORCH_INDEX"

install: $(VENV)/.installed ## set up .venv and what the system lacks

$(VENV)/.installed: setup.cfg pyproject.toml tools/setup.sh tools/apt.sh
	@PYTHON='$(PYTHON)' VENV='$(VENV)' TORCH='$(TORCH)' TORCHVISION='$(TORCHVISION)' TORCH_INDEX='$(TORCH_INDEX)' \
	  bash tools/setup.sh
	@touch $@

$(VENV)/.browser: $(VENV)/.installed tools/browser.sh
	@bash tools/browser.sh
	@touch $@

$(SAMPLE)/.drawn: $(VENV)/.installed
	@$(BIN)/hybridml sample --out $(SAMPLE)
	@touch $@

build/holdout-%/.split: $(TRAIN) $(VENV)/.installed
	@$(BIN)/hybridml split --rows '$(TRAIN)' --out $(@D) $(ENTITY_FILE)
	@touch $@

features: $(VENV)/.installed $(ROWS) ## extract the features of the photos of both tables into STORE
	@$(BIN)/hybridml features --rows '$(TRAIN_ROWS)' --rows '$(TEST_ROWS)' $(FILES) $(VISION)

train: $(VENV)/.installed $(ROWS) ## fit the ranker on TRAIN, write MODEL
	@$(BIN)/hybridml train --rows '$(TRAIN_ROWS)' $(FILES) $(VISION) --model '$(MODEL)'

predict: $(VENV)/.installed $(ROWS) ## answer TEST into OUT, check the submission, print F1 where labels are known
	@$(BIN)/hybridml predict --rows '$(TEST_ROWS)' $(FILES) --model '$(MODEL)' --out '$(OUT)' \
	  $(if $(TRUTH),--truth '$(TRUTH)' --truth-is '$(WHAT)')
	@$(BIN)/hybridml check --rows '$(TEST_ROWS)' --predictions '$(OUT)' $(ENTITY_FILE)

report: $(VENV)/.installed $(ROWS) ## show what MODEL does on TEST: numbers and every row as a card, in the folder REPORT
	@$(BIN)/hybridml report --rows '$(TEST_ROWS)' $(FILES) --model '$(MODEL)' --out '$(REPORT)' \
	  $(if $(TRUTH),--truth '$(TRUTH)')

cluster: $(VENV)/.installed $(SAMPLE)/.drawn ## the sample set on a Dask cluster of processes of this machine
	@BIN='$(abspath $(BIN))' SAMPLE='$(SAMPLE)' EFFORT='$(EFFORT)' bash tools/cluster.sh

test: $(VENV)/.installed $(VENV)/.browser ## run the test suite
	@$(BIN)/python -m pytest -n auto --dist loadfile $(PURE:%=--cov=hybridml.%) --cov-report=term --cov-fail-under=95

lint: $(VENV)/.installed ## ruff, mypy, and the documentation in strict mode
	@$(BIN)/ruff check hybridml tests benchmarks
	@$(BIN)/ruff format --check hybridml tests benchmarks
	@$(BIN)/mypy
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --site-dir build/site

docs: $(VENV)/.installed ## build the documentation site in build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir build/site
	@echo "open build/site/index.html"

dist-check: $(VENV)/.installed ## build sdist and wheel, install the wheel in a new environment, use it there
	@PYTHON='$(abspath $(BIN))/python' bash tools/smoke_wheel.sh

bench: $(VENV)/.installed ## speed and cross-validated F1 on the real photos of SHARED, quantity cases of other projects
	@$(BIN)/python -m benchmarks.speed --shared $(SHARED)
	@$(BIN)/python -m benchmarks.peer_cases --shared $(SHARED)
	@$(BIN)/python -m benchmarks.crossval --shared $(SHARED) --out build/crossval
	@$(BIN)/python -m benchmarks.errors --shared $(SHARED) --predictions build/crossval/ranker-rapidocr.csv

pretrained: $(VENV)/.installed ## train the pretrained model on the real rows of SHARED
	@$(BIN)/hybridml train --rows '$(SHARED)/data/labelled/train.csv' --weak-labels '$(SHARED)/data/agreed/train.csv' \
	  --labels '$(SHARED)/data/labels_only.csv.gz' '$(SHARED)/data/text_only.csv.gz' \
	  --images '$(SHARED)/data/labelled/images' \
	  --images '$(SHARED)/data/agreed/images' --store '$(STORE)' --model hybridml/pretrained/hybridml.joblib

clean: ## remove the environment, caches, sample set and predictions; features/ and models/ stay
	rm -rf '$(VENV)' build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage *.egg-info predictions.csv*

cleanall: clean ## also remove every stored feature and trained model in features/ and models/
	find features models -mindepth 1 ! -name README.md -delete
