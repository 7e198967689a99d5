# Runs its arguments without network: sh tests/isolated.sh COMMAND ...
# Best in a network namespace of its own, where nothing but loopback exists, whatever the program is. Where the system
# does not allow that (macOS, most containers), a guard in each Python process refuses to leave the machine.
# COURSE_GUARD=1 asks for the guard.

# Without network a proxy has no use, and what it or a log level of this shell does to a client is no test's subject.
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy OPENAI_LOG

up='ip link set lo up && exec "$@"'

if [ -z "$COURSE_GUARD" ]; then
    # Real root needs no user namespace, and without one the files of others stay as they are.
    for how in -n -rn; do
        if unshare $how sh -c "$up" sh true >/dev/null 2>&1; then
            echo "network: off, own namespace (unshare)"
            # With -r everybody is called root in there, and would share root's folders in /tmp.
            LOGNAME=$(id -un)
            export LOGNAME
            exec unshare $how sh -c "$up" sh "$@"
        fi
    done
fi

echo "network: off, socket guard in each Python process"
guard=$(CDPATH= cd -- "$(dirname -- "$0")/guard" && pwd)
PYTHONPATH=$guard${PYTHONPATH:+:$PYTHONPATH}
export PYTHONPATH
exec "$@"
