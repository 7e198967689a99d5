# Installs a lock into .venv: sh .ci/install.sh tests/requirements.txt "The test tools"

UV=uv==0.13.9 # fast and exact; plain pip does the same more slowly wherever uv can't be had
unset PIP_USER PIP_TARGET PIP_PREFIX
pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input "$@" 2>&1 </dev/null; }

echo "Installing $1 ..."
uv_said=$(pip $UV && .venv/bin/python -m uv pip install --python .venv/bin/python -r "$1" 2>&1 </dev/null) && exit
echo "  uv could not do it; pip takes a little longer ..."
pip_said=$(pip -r "$1") && exit
printf '%s\n' "uv said:" "$uv_said" "pip said:" "$pip_said" "$2 could not be installed; is there a network?" >&2
exit 1
