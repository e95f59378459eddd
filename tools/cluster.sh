#!/usr/bin/env bash
# Starts a Dask cluster of processes on this machine, a scheduler and two workers of one thread, and runs the sample set
# on it: features, train, predict. The processes end with this script, also when it is interrupted. Called by
# 'make cluster'; reads BIN, SAMPLE and EFFORT. On several machines the same three commands start the cluster.
set -euo pipefail

work=$(mktemp -d)
started=()

finish() {
  # the last first: a worker without its scheduler would try to find it again
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    kill "${started[i]}" 2>/dev/null || true
    wait "${started[i]}" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

start() {
  local name=$1
  shift
  # the profiler takes over one per cent of a worker, only to report that it is reading photos
  DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False \
    OMP_NUM_THREADS=1 OMP_THREAD_LIMIT=1 OPENBLAS_NUM_THREADS=1 "$BIN/dask" "$@" >"$work/$name.log" 2>&1 &
  started+=($!)
}

start scheduler scheduler --host 127.0.0.1 --port 0 --dashboard-address 127.0.0.1:0 \
  --scheduler-file "$work/scheduler.json"
for _ in $(seq 300); do
  [ -s "$work/scheduler.json" ] && break
  kill -0 "${started[0]}" 2>/dev/null || { tail -n 5 "$work/scheduler.log" >&2; exit 1; }
  sleep 0.1
done

# In the background, so that an interrupt is heard while a command runs.
run() {
  printf '\n$ hybridml %s\n' "$*" >&2
  "$BIN/hybridml" "$@" &
  started+=($!)
  wait $!
  unset 'started[-1]'
}

address=$("$BIN/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["address"])' "$work/scheduler.json")
for name in worker-1 worker-2; do
  start "$name" worker "$address" --host 127.0.0.1 --nthreads 1 --name "$name" --no-dashboard --local-directory "$work"
done
"$BIN/python" -c 'import sys
from distributed import Client
with Client(sys.argv[1], timeout=60) as client:
    client.wait_for_workers(2, timeout=120)' "$address"

files=(--images "$SAMPLE/images" --store build/cluster/features --dask "$address")
run features --rows "$SAMPLE/train.csv" --rows "$SAMPLE/test.csv" "${files[@]}" --effort "$EFFORT"
run train --rows "$SAMPLE/train.csv" "${files[@]}" --effort "$EFFORT" --model build/cluster/model.joblib
run predict --rows "$SAMPLE/test.csv" "${files[@]}" --model build/cluster/model.joblib \
  --out build/cluster/predictions.csv --truth "$SAMPLE/truth.csv" \
  --truth-is "the drawn sample set: a demonstration, not a measure of accuracy on photos"
