#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "api/server_priv.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"

#include "base/banned.h"

/* Bodies through a pipe
 *
 * The engine reads and writes tar streams and progress at descriptors.  Between such a descriptor and the framing
 * of HTTP stands a child process for as long as the body takes.  It reports by its exit status alone. */

enum { MOVER_NOTHING = 0, MOVER_BEGUN = 1, MOVER_LOST = 2 };

static void move_bytes(struct request *r, int fd, const char *type)
{
    static char part[64 << 10];
    ssize_t n;
    bool begun = r->conn->answered; /* by whoever knew that nothing would go wrong */

    while ((n = read(fd, part, sizeof(part))) > 0) {
        if (!begun && conn_begin(r->conn, 200, type, NULL) < 0)
            _exit(MOVER_LOST);
        begun = true;
        if (conn_write(r->conn, part, (size_t)n) < 0)
            _exit(MOVER_LOST);
    }
    _exit(begun ? MOVER_BEGUN : MOVER_NOTHING);
}

static void move_lines(struct request *r, int fd, void (*line)(struct request *, char *))
{
    FILE *f = fdopen(fd, "re");
    char *text = NULL;
    size_t room = 0;
    ssize_t n;

    while (f && (n = getline(&text, &room, f)) > 0) {
        text[strcspn(text, "\r\n")] = '\0';
        line(r, text);
        if (r->conn->lost)
            _exit(MOVER_LOST);
    }
    _exit(r->conn->answered ? MOVER_BEGUN : MOVER_NOTHING);
}

int reply_pipe_open(struct request *r, const char *type,
                    void (*line)(struct request *r, char *text), struct reply_pipe *ret)
{
    int p[2];

    if (pipe2(p, O_CLOEXEC) < 0)
        return err_sys(r->err, errno, "making a pipe");
    pid_t pid = fork();
    if (pid < 0) {
        int saved = errno;
        close(p[0]);
        close(p[1]);
        return err_sys(r->err, saved, "starting a process for the answer");
    }
    if (pid == 0) {
        close(p[1]);
        if (line)
            move_lines(r, p[0], line);
        else
            move_bytes(r, p[0], type);
    }
    close(p[0]);
    ret->fd = p[1];
    ret->child = pid;
    return 0;
}

int reply_pipe_done(struct request *r, struct reply_pipe *p, int result, bool *ret_begun)
{
    close(p->fd);
    int status = proc_wait(p->child);

    *ret_begun = status != MOVER_NOTHING;
    if (!*ret_begun)
        return result;
    /* The child has begun the answer on our connection. */
    r->conn->answered = r->conn->streaming = true;
    r->conn->chunked = r->conn->head.minor > 0;
    r->conn->keep = r->conn->keep && r->conn->chunked;
    if (status != MOVER_BEGUN)
        r->conn->lost = true;
    return result;
}

int body_pipe_open(struct request *r, pid_t *ret_child)
{
    static char part[64 << 10];
    int p[2];

    r->conn->keep = false; /* how far the child has read nobody knows */
    if (pipe2(p, O_CLOEXEC) < 0)
        return err_sys(r->err, errno, "making a pipe");
    *ret_child = fork();
    if (*ret_child < 0) {
        int saved = errno;
        close(p[0]);
        close(p[1]);
        return err_sys(r->err, saved, "starting a process for the request's body");
    }
    if (*ret_child == 0) {
        ssize_t n;
        close(p[0]);
        while ((n = conn_read(r->conn, part, sizeof(part))) > 0)
            if (write_all(p[1], part, (size_t)n) < 0)
                break;
        /* What the reader left would otherwise make the kernel reset the connection before the answer is read. */
        if (n > 0)
            conn_skip_body(r->conn);
        _exit(n < 0);
    }
    close(p[1]);
    r->conn->body_done = true;
    r->conn->want_continue = false;
    return p[0];
}

void body_pipe_done(int fd, pid_t child)
{
    close(fd);
    (void)!proc_wait(child);
}
