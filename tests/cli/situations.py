# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool's everyday work in the places where services run: containers, units, odd users.  What a host does not let a test set up is "not run"."""
import os
import pwd
import shutil
import subprocess

from support import MOCK, NotRun, equal, expect, main, pattern, test, tool, token_file, write

# Somebody with no passwd entry and no right; as OpenShift has it, in root's group.
USER = ["setpriv", "--reuid=64001", "--regid=0", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


def shell(script):
    """A command that runs what follows it, after @script, in a mount namespace of its own; $0 is this folder."""
    return [*(["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]), "sh", "-ec", script + '; shift 0; exec "$@"', os.getcwd()]


def sh(script):
    return ["sh", "-ec", script + '; exec "$@"', "-"]


def can(*prefix):
    """Does this host allow the set-up?  Else the test is not run."""
    if shutil.which(prefix[0]) is None:
        raise NotRun(f"{prefix[0]} is not installed")
    done = subprocess.run([*prefix, "true"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise NotRun(f"this host does not allow it: {done.stderr.strip()[-200:]}")
    return list(prefix)


def as_user():
    """A prefix that makes an ordinary user of root, to whom this folder is given; empty for one."""
    if os.geteuid() != 0:
        return []
    os.chown(".", 64001, 0)
    os.chmod(".", 0o700)
    prefix = can(*USER)
    if subprocess.run([*prefix, "test", "-x", tool()]).returncode != 0:
        raise NotRun("the folder of this build is closed to other users")
    return prefix


def work(prefix, log=("--audit", "log")):
    """Seal, check the receipt, watch, notice damage, read the log."""
    write("model", pattern(300_000))
    token_file()
    if os.geteuid() == 0 and os.stat(".").st_uid != 0:
        for name in ("model", "token"):
            os.chown(name, os.stat(".").st_uid, 0)
    key = ["--token-file", "token"]

    def run(*arguments, status=0, says=b""):
        done = subprocess.run([*prefix, tool(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        equal(done.returncode, status, arguments, done.stdout, done.stderr)
        expect(says in done.stdout + done.stderr, says, done.stdout, done.stderr)

    run("seal", "model", *MOCK, *key, "--receipt", "receipt", *log, says=b"sealed at")
    run("receipt", "check", "receipt", *key)
    run("watch", "model", *MOCK, *key, *log, "--interval", "10ms", "--count", "3")
    run("watch", "model", *MOCK, *key, *log, "--interval", "10ms", "--count", "3", "--mock-flip", "0:123456:3@2", status=1)
    if log:
        run("audit", "verify", "log", *key)
    return run


@test("CI-006")
def a_read_only_root_with_one_writable_folder_is_enough():
    work(can(*shell('mount --bind "$0" "$0"; mount -o remount,bind,ro /; ! touch /vres-was-here 2>/dev/null; cd "$0"')))


@test("")
def no_shared_memory_file_system_is_needed():
    devices = 'mkdir -p "$0/dev"; mount -t tmpfs dev "$0/dev"; for d in null zero full random urandom; do touch "$0/dev/$d"; mount --bind "/dev/$d" "$0/dev/$d"; done; '
    work(can(*shell(devices + 'mount --rbind "$0/dev" /dev; ! test -e /dev/shm')))


@test("")
def a_proc_that_shows_processes_alone_is_enough():
    work(can("unshare", "-pf", *(() if os.geteuid() == 0 else ("-r",)), *shell('mount -t proc -o hidepid=2,subset=pid proc /proc; ! test -e /proc/meminfo')))


@test("")
def no_proc_at_all_is_enough():
    work(can(*shell('mount -t tmpfs none /proc; ! test -e /proc/self')))


@test("")
def a_user_without_a_passwd_entry_is_enough():
    prefix = as_user()
    if not prefix:
        try:
            raise NotRun(f"this user is called {pwd.getpwuid(os.geteuid()).pw_name}, and root alone can become another")
        except KeyError:
            pass
    work(prefix)


@test("")
def a_mask_that_takes_every_right_does_no_harm():
    work([*as_user(), *sh("umask 0777")])


@test("")
def no_memory_that_may_be_locked_is_needed():
    work([*as_user(), *can("prlimit", "--memlock=0:0")])


@test("")
def one_process_without_a_second_thread_is_enough_but_for_an_audit_log():
    run = work([*as_user(), *can("prlimit", "--nproc=1:1")], log=())
    run("seal", "model", *MOCK, "--token-file", "token", "--audit", "log", status=5, says=b"no thread for the audit log")


@test("")
def few_descriptors_are_enough():
    work([*as_user(), *can("prlimit", "--nofile=24:24")])


@test("CI-006")
def a_standard_stream_that_is_closed_is_no_file_of_ours():
    work(sh("exec <&-"))
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        for name in ("log", "log.checkpoint", "receipt"):
            if os.path.exists(name):
                os.unlink(name)
        prefix = sh("exec " + closed)
        write("model", pattern(300_000))
        token_file()
        key = ["--token-file", "token"]
        done = subprocess.run([*prefix, tool(), "seal", "model", *MOCK, *key, "--receipt", "receipt", "--audit", "log"], timeout=60)
        expect(done.returncode in (0, 5), closed, done.returncode)
        # Whatever became of what it had to say, nothing of it is in the files, and they are good.
        for arguments in (["audit", "verify", "log", *key], ["receipt", "check", "receipt", *key]):
            judged = subprocess.run([tool(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
            equal(judged.returncode, 0, closed, arguments, judged.stdout, judged.stderr)


main("situations")
