/* A libsystemd for tests.  Its journal is the file $FAKE_JOURNAL: "ID PRIORITY PARTIAL USEC TEXT" a line.  It stands in
 * for the real one where there is no journald. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

struct sd_journal {
    char match[128];
    char *text;
    long at, lines; /* the current line; -1: before the first */
    int watch;
    char answer[1024];
};

#define API __attribute__((visibility("default")))
API int sd_journal_open(struct sd_journal **ret, int flags);
API void sd_journal_close(struct sd_journal *j);
API int sd_journal_add_match(struct sd_journal *j, const void *data, size_t n);
API int sd_journal_set_data_threshold(struct sd_journal *j, size_t n);
API int sd_journal_seek_head(struct sd_journal *j);
API int sd_journal_seek_tail(struct sd_journal *j);
API int sd_journal_next(struct sd_journal *j);
API int sd_journal_previous(struct sd_journal *j);
API int sd_journal_get_data(struct sd_journal *j, const char *f, const void **ret, size_t *ret_n);
API int sd_journal_get_realtime_usec(struct sd_journal *j, uint64_t *ret);
API int sd_journal_get_fd(struct sd_journal *j);
API int sd_journal_process(struct sd_journal *j);

static void load(struct sd_journal *j)
{
    FILE *f = fopen(getenv("FAKE_JOURNAL"), "re");
    char line[1024];

    free(j->text);
    j->text = calloc(1, 1u << 16);
    j->lines = 0;
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, j->match, strlen(j->match)) == 0 && strchr(line, '\n')) {
            strcat(j->text, line);
            j->lines++;
        }
    if (f)
        fclose(f);
}

static const char *current(const struct sd_journal *j)
{
    const char *p = j->text;

    for (long i = 0; i < j->at; i++)
        p = strchr(p, '\n') + 1;
    return p;
}

int sd_journal_open(struct sd_journal **ret, int flags)
{
    (void)flags;
    *ret = calloc(1, sizeof(**ret));
    (*ret)->watch = -1;
    return 0;
}

void sd_journal_close(struct sd_journal *j)
{
    if (j->watch >= 0)
        close(j->watch);
    free(j->text);
    free(j);
}

int sd_journal_add_match(struct sd_journal *j, const void *data, size_t n)
{
    const char *eq = memchr(data, '=', n);

    snprintf(j->match, sizeof(j->match), "%.*s ", (int)(n - (size_t)(eq + 1 - (const char *)data)),
             eq + 1);
    load(j);
    return 0;
}

int sd_journal_set_data_threshold(struct sd_journal *j, size_t n)
{
    (void)j;
    return n == 0 ? 0 : -1;
}

int sd_journal_seek_head(struct sd_journal *j)
{
    j->at = -1;
    return 0;
}

int sd_journal_seek_tail(struct sd_journal *j)
{
    j->at = j->lines;
    return 0;
}

int sd_journal_next(struct sd_journal *j)
{
    load(j);
    if (j->at + 1 >= j->lines)
        return 0;
    j->at++;
    return 1;
}

int sd_journal_previous(struct sd_journal *j)
{
    if (j->at <= 0)
        return 0;
    j->at--;
    return 1;
}

int sd_journal_get_data(struct sd_journal *j, const char *f, const void **ret, size_t *ret_n)
{
    char id[128], priority[8], partial[8], text[512];

    sscanf(current(j), "%127s %7s %7s %*s %511[^\n]", id, priority, partial, text);
    snprintf(j->answer, sizeof(j->answer), "%s=%s", f,
             strcmp(f, "PRIORITY") == 0  ? priority
             : strcmp(f, "MESSAGE") == 0 ? text
                                         : partial);
    *ret = j->answer;
    *ret_n = strlen(j->answer);
    return 0;
}

int sd_journal_get_realtime_usec(struct sd_journal *j, uint64_t *ret)
{
    return sscanf(current(j), "%*s %*s %*s %" SCNu64, ret) == 1 ? 0 : -1;
}

int sd_journal_get_fd(struct sd_journal *j)
{
    j->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (j->watch >= 0)
        (void)!inotify_add_watch(j->watch, getenv("FAKE_JOURNAL"), IN_MODIFY);
    return j->watch;
}

int sd_journal_process(struct sd_journal *j)
{
    char events[4096];

    return read(j->watch, events, sizeof(events)) >= 0;
}

/* ---------- the bus ---------- */

/* $FAKE_BUS says what becomes of each StartTransientUnit in turn, a word each: "exists", "denied", or the
 * result of the job.  What was asked is written to $FAKE_CALLS. */
struct sd_bus_error {
    const char *name, *message;
    int need_free;
};
struct sd_bus_message {
    const char *unit, *result;
};
typedef int bus_handler(struct sd_bus_message *m, void *arg, struct sd_bus_error *e);
struct sd_bus {
    bus_handler *handler;
    void *arg;
    char unit[128], result[64];
    int step; /* 1: another unit's end is to be told, 2: ours, 0: nothing */
};

API int sd_bus_new(struct sd_bus **ret);
API int sd_bus_set_address(struct sd_bus *b, const char *address);
API int sd_bus_open_system(struct sd_bus **ret);
API int sd_bus_set_method_call_timeout(struct sd_bus *b, uint64_t usec);
API int sd_bus_start(struct sd_bus *b);
API int sd_bus_match_signal(struct sd_bus *b, void **slot, const char *sender, const char *path,
                            const char *interface, const char *member, bus_handler *handler,
                            void *arg);
API int sd_bus_call_method(struct sd_bus *b, const char *dest, const char *path,
                           const char *interface, const char *member, struct sd_bus_error *e,
                           struct sd_bus_message **ret, const char *types, ...);
API int sd_bus_message_read(struct sd_bus_message *m, const char *types, ...);
API struct sd_bus_message *sd_bus_message_unref(struct sd_bus_message *m);
API int sd_bus_process(struct sd_bus *b, struct sd_bus_message **ret);
API int sd_bus_wait(struct sd_bus *b, uint64_t usec);
API struct sd_bus *sd_bus_flush_close_unref(struct sd_bus *b);
API void sd_bus_error_free(struct sd_bus_error *e);

static void note(const char *what)
{
    FILE *f = fopen(getenv("FAKE_CALLS"), "ae");

    if (f) {
        fprintf(f, "%s\n", what);
        fclose(f);
    }
}

int sd_bus_new(struct sd_bus **ret)
{
    *ret = calloc(1, sizeof(**ret));
    return 0;
}

int sd_bus_set_address(struct sd_bus *b, const char *address)
{
    (void)b;
    note(address);
    return 0;
}

int sd_bus_open_system(struct sd_bus **ret)
{
    *ret = NULL;
    return -ENOENT;
}

int sd_bus_set_method_call_timeout(struct sd_bus *b, uint64_t usec)
{
    (void)b, (void)usec;
    return 0;
}

int sd_bus_start(struct sd_bus *b)
{
    (void)b;
    return strcmp(getenv("FAKE_BUS"), "nobody") == 0 ? -ECONNREFUSED : 0;
}

int sd_bus_match_signal(struct sd_bus *b, void **slot, const char *sender, const char *path,
                        const char *interface, const char *member, bus_handler *handler, void *arg)
{
    (void)slot, (void)sender, (void)path, (void)interface;
    note(member);
    b->handler = handler;
    b->arg = arg;
    return 0;
}

static int start_unit(struct sd_bus *b, struct sd_bus_error *e)
{
    char rest[256], *word, *next;

    snprintf(rest, sizeof(rest), "%s", getenv("FAKE_BUS"));
    word = strtok_r(rest, " ", &next);
    setenv("FAKE_BUS", next, 1);
    if (strcmp(word, "exists") == 0) {
        *e = (struct sd_bus_error) { "org.freedesktop.systemd1.UnitExists", "it exists", 0 };
        return -EEXIST;
    }
    if (strcmp(word, "denied") == 0) {
        *e = (struct sd_bus_error) { "org.freedesktop.DBus.Error.AccessDenied", "not for you", 0 };
        return -EACCES;
    }
    snprintf(b->result, sizeof(b->result), "%s", word);
    b->step = 1;
    return 1;
}

int sd_bus_call_method(struct sd_bus *b, const char *dest, const char *path, const char *interface,
                       const char *member, struct sd_bus_error *e, struct sd_bus_message **ret,
                       const char *types, ...)
{
    char line[512];
    va_list ap;

    (void)dest, (void)path, (void)interface, (void)ret, (void)types;
    va_start(ap, types);
    snprintf(b->unit, sizeof(b->unit), "%s", va_arg(ap, const char *));
    va_end(ap);
    snprintf(line, sizeof(line), "%s %s", member, b->unit);
    note(line);
    return strcmp(member, "StartTransientUnit") == 0 ? start_unit(b, e) : 0;
}

int sd_bus_message_read(struct sd_bus_message *m, const char *types, ...)
{
    va_list ap;

    (void)types; /* "uoss" */
    va_start(ap, types);
    *va_arg(ap, uint32_t *) = 7;
    *va_arg(ap, const char **) = "/job/7";
    *va_arg(ap, const char **) = m->unit;
    *va_arg(ap, const char **) = m->result;
    va_end(ap);
    return 1;
}

struct sd_bus_message *sd_bus_message_unref(struct sd_bus_message *m)
{
    (void)m;
    return NULL;
}

int sd_bus_process(struct sd_bus *b, struct sd_bus_message **ret)
{
    struct sd_bus_error e = { 0 };
    struct sd_bus_message other = { "other.scope", "failed" }, ours = { b->unit, b->result };

    (void)ret;
    if (b->step == 0)
        return 0;
    b->handler(b->step == 1 ? &other : &ours, b->arg, &e);
    b->step = b->step == 1 ? 2 : 0;
    return 1;
}

int sd_bus_wait(struct sd_bus *b, uint64_t usec)
{
    (void)b, (void)usec;
    return -ETIMEDOUT; /* nothing will come: a test must not hang */
}

struct sd_bus *sd_bus_flush_close_unref(struct sd_bus *b)
{
    note("closed");
    free(b);
    return NULL;
}

void sd_bus_error_free(struct sd_bus_error *e)
{
    *e = (struct sd_bus_error) { 0 };
}
