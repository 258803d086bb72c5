#!/bin/bash
# Not run. Serves a base model with an adapter that a phase left, under its own name: one engine for
# the base and all its adapters.
#   bash configs/vllm/adapter.sh Qwen/Qwen2.5-VL-7B-Instruct runs/qwen2.5-vl-7b/rounds/3/defender
set -euo pipefail
base=$1
adapter=$2
exec vllm serve "$base" --enable-lora --max-lora-rank 64 --lora-modules "hardened=$adapter" \
  --host 127.0.0.1 --port 8000 --limit-mm-per-prompt '{"image": 1}' --generation-config vllm
