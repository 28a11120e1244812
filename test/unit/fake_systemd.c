/* A libsystemd whose journal is the file $FAKE_JOURNAL: "ID PRIORITY PARTIAL USEC TEXT" a line.  It stands in
 * for the real one where there is no journald. */
#include <fcntl.h>
#include <inttypes.h>
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
