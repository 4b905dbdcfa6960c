#!/usr/bin/env bash
# Makes the notebooks in FOLDER the only content, and the only commit, of a repository's branch `notebooks`.
# Usage: push_notebooks.sh FOLDER REMOTE
set -euo pipefail
branch=$(mktemp -d)
trap 'rm -rf "$branch"' EXIT
find "$1" -maxdepth 1 -type f -name '*.ipynb' -exec cp {} "$branch" \;
cd "$branch"
git init --quiet --initial-branch notebooks
git add -- *.ipynb
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
    commit --quiet --message "Publish the notebooks of commit ${GITHUB_SHA:-unknown}"
git push --quiet --force "$2" notebooks
