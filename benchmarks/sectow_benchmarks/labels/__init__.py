"""Labels by people, or by a world that knows: what a judge is compared with."""
