"""The rung study: a real language model is attacked and hardened in plain English."""
