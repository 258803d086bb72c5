#!/bin/bash
# Not run. Serves a frozen policy, or a judge, for a seat that is not trained: it needs no memory of
# the GPUs that train.
#   CUDA_VISIBLE_DEVICES=7 bash configs/vllm/opponent.sh Qwen/Qwen2.5-VL-72B-Instruct 4
# and in the configuration of the run:
#   seats: [attacker]
#   defender: {model: "endpoint/defender?base_url=http://localhost:8000/v1&model=MODEL"}
set -euo pipefail
model=$1
gpus=${2:-1}
exec vllm serve "$model" --tensor-parallel-size "$gpus" --host 127.0.0.1 --port 8000 \
  --limit-mm-per-prompt '{"image": 1}' --generation-config vllm
