"""How soon each tool tells how a rollout ends: `make bench-verdict`, docs/benchmarks.md."""
