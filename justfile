# The words of `.ci/run`, one by one. `just` alone lists them.

_default:
    @just --list --unsorted

# Is the source formatted?
fmt:
    cargo fmt --check

# Does clippy have nothing to say?
lint:
    cargo clippy --all-targets -- -D warnings

# Do the tests pass? (the README's command)
test:
    cargo test

# Do the pages of the library build without a warning?
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# Are licences, sources and versions of dependencies as deny.toml wants them?
deny:
    cargo deny check bans licenses sources

# Does every expectation hold, and is nothing worse than the baseline?
check:
    cargo build --release
    target/release/stalegate check scenarios/*.toml --baseline results/baseline.json

# Save the baseline again, after a change that is meant.
baseline:
    cargo build --release
    target/release/stalegate baseline save scenarios/*.toml -o results/baseline.json

# Rebuild every committed result, and fail if one differs.
results:
    cargo build --release
    for scenario in scenarios/*.toml; do \
        grep -q '^\[sweep\]' "$scenario" && command=sweep || command=compare; \
        target/release/stalegate "$command" "$scenario" || exit 1; \
    done
    git diff --exit-code -- results
    test -z "$(git status --porcelain -- results)"

# What do PostgreSQL and MariaDB really do? It installs both if they are missing (Debian, root).
real-db:
    .ci/real-db prepare
    .ci/real-db

# Does the report page work in a browser? It installs Chromium if it is missing (Debian, root).
browser:
    .ci/browser prepare
    .ci/browser

# Does a sweep on a real Slurm, with a node that is killed, have the bytes of one machine? It installs Slurm (Debian, root).
slurm:
    .ci/slurm prepare
    .ci/slurm

# The same where nobody helps Slurm: a dead node, a node that is cut off, a dead controller. Ten minutes.
slurm-slow:
    .ci/slurm prepare
    .ci/slurm-slow

# And on Dask, with a worker that is killed?
dask:
    .ci/dask prepare
    .ci/dask

# Are the manifests valid, and do their commands run in an empty root?
kubernetes:
    .ci/kubernetes prepare
    .ci/kubernetes

# Does a bench take 5 % more instructions than it should? It installs valgrind and a runner if they are missing (Debian, root).
instructions:
    .ci/instructions prepare
    .ci/instructions

# Everything that CI does, and how long each step took.
ci:
    .ci/run
