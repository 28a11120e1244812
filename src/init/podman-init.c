/* podman-init: process 1 of a container started with --init.
 *
 *     podman-init -- COMMAND [ARG...]
 *     podman-init --pause
 *
 * It starts the command in a process group of its own, hands every signal on to it, reaps what is left to
 * process 1, and ends as the command ended (128 + signal when one killed it).  It is bind-mounted into
 * the container, whose C library is unknown: linked statically, and small.  With --pause it starts nothing: it
 * holds the namespaces of a pod, and reaps, until SIGTERM, SIGINT or SIGHUP. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

static pid_t start(char **argv, const sigset_t *mask)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    setpgid(0, 0);
    if (isatty(STDIN_FILENO)) {
        signal(SIGTTOU, SIG_IGN); /* or taking the terminal would stop us */
        tcsetpgrp(STDIN_FILENO, getpid());
        signal(SIGTTOU, SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(argv[0], argv);
    int saved = errno;
    fprintf(stderr, "podman-init: %s: %s\n", argv[0], strerror(saved));
    _exit(saved == ENOENT ? 127 : 126);
}

/* The exit code of the command when it was among those that ended, -1 otherwise. */
static int reap(pid_t command)
{
    int status, code = -1;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == command)
            code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return code;
}

static int hold_namespaces(const sigset_t *all)
{
    for (;;) {
        siginfo_t si;
        int signo = sigwaitinfo(all, &si);
        if (signo == SIGCHLD)
            (void)!reap(-1);
        else if (signo == SIGUSR1) /* what it stands for has failed */
            return 1;
        else if (signo == SIGTERM || signo == SIGINT || signo == SIGHUP)
            return 0;
    }
}

int main(int argc, char **argv)
{
    sigset_t all, old;
    int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;

    if (argc <= first) {
        fprintf(stderr, "usage: podman-init -- COMMAND [ARG...] | --pause\n");
        return 125;
    }
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    if (argc == 2 && strcmp(argv[1], "--pause") == 0)
        return hold_namespaces(&all);
    pid_t command = start(argv + first, &old);
    if (command < 0)
        return 125;
    for (;;) {
        siginfo_t si;
        int signo = sigwaitinfo(&all, &si);
        if (signo == SIGCHLD) {
            int code = reap(command);
            if (code >= 0)
                return code;
        } else if (signo > 0 && kill(-command, signo) < 0)
            kill(command, signo); /* its group is not there yet */
    }
}
