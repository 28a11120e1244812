#include "base/progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/parse.h"

#include "base/banned.h"

enum { BAR_WIDTH = 38, DEFAULT_COLUMNS = 80 };
static const int64_t redraw_every = NSEC_PER_SEC / 10;

struct progress_bar {
    struct progress *p;
    char *label;
    _Atomic int64_t done, total;
    const char *how; /* NULL while it runs; under the lock */
    struct progress_bar *next;
};

struct progress {
    int fd;
    bool terminal;
    int columns;
    pthread_mutex_t lock; /* bars, how, drawn and everything that is written */
    struct progress_bar *bars, **tail;
    int drawn; /* lines of bars on the screen */
    _Atomic int64_t next_draw;
};

struct progress *progress_new(int fd)
{
    struct progress *p = xcalloc(1, sizeof(*p));
    struct winsize w;

    p->fd = fd;
    p->terminal = isatty(fd);
    p->columns = p->terminal && ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col
                                                                           : DEFAULT_COLUMNS;
    p->tail = &p->bars;
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

static void put_bar(const struct progress_bar *b, struct buf *out)
{
    int64_t done = atomic_load(&b->done), total = atomic_load(&b->total);
    char have[32], all[32];

    if (b->how) {
        buf_printf(out, "%s %s   | ", b->label, b->how);
        return;
    }
    human_size(done, have, sizeof(have));
    if (total <= 0) {
        buf_printf(out, "%s %s", b->label, have);
        return;
    }
    int filled = (int)(MIN(done, total) * BAR_WIDTH / total);
    buf_printf(out, "%s [", b->label);
    for (int i = 0; i < BAR_WIDTH; i++)
        buf_putc(out, i < filled ? '=' : i == filled ? '>' : '-');
    buf_printf(out, "] %s / %s", have, human_size(total, all, sizeof(all)));
}

/* Everything that is on the screen, in one write.  @line (may be NULL) comes above the bars.  Bars that
 * have ended and have only ended ones above them are drawn a last time and scroll away. */
static void draw(struct progress *p, const char *line)
{
    AUTO_BUF out = { 0 };

    if (p->drawn)
        buf_printf(&out, "\033[%dA\r\033[J", p->drawn);
    p->drawn = 0;
    if (line)
        buf_printf(&out, "%s\n", line);
    for (struct progress_bar *b = p->bars; b; b = b->next) {
        size_t start = out.len;
        put_bar(b, &out);
        if (out.len - start > (size_t)p->columns - 1)
            out.len = start + (size_t)p->columns - 1; /* a line that wraps could not be redrawn */
        buf_putc(&out, '\n');
        p->drawn++;
    }
    while (p->bars && p->bars->how) {
        struct progress_bar *b = p->bars;
        p->bars = b->next;
        free(b->label);
        free(b);
        p->drawn--;
    }
    if (!p->bars)
        p->tail = &p->bars;
    if (out.len)
        (void)!write_all(p->fd, out.data, out.len);
}

static void plain_line(struct progress *p, const char *line)
{
    AUTO_BUF out = { 0 };

    buf_printf(&out, "%s\n", line);
    (void)!write_all(p->fd, out.data, out.len);
}

void progress_line(struct progress *p, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    if (!p)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&p->lock);
    if (p->terminal)
        draw(p, line);
    else
        plain_line(p, line);
    pthread_mutex_unlock(&p->lock);
}

static char *label_of(const struct progress *p, const char *what, const char *digest)
{
    const char *colon = strchr(digest, ':');

    if (p->terminal && colon)
        return xasprintf("%s %.12s", what, colon + 1);
    return xasprintf("%s %s", what, digest);
}

struct progress_bar *progress_begin(struct progress *p, const char *what, const char *digest,
                                    int64_t total)
{
    if (!p)
        return NULL;
    struct progress_bar *b = xcalloc(1, sizeof(*b));
    b->p = p;
    b->label = label_of(p, what, digest);
    atomic_store(&b->total, total);
    pthread_mutex_lock(&p->lock);
    *p->tail = b;
    p->tail = &b->next;
    if (p->terminal)
        draw(p, NULL);
    else
        plain_line(p, b->label);
    pthread_mutex_unlock(&p->lock);
    return b;
}

void progress_add(struct progress_bar *b, int64_t bytes)
{
    if (!b)
        return;
    atomic_fetch_add(&b->done, bytes);
    struct progress *p = b->p;
    if (!p->terminal)
        return;
    int64_t now = time_monotonic(), due = atomic_load(&p->next_draw);
    if (now < due || !atomic_compare_exchange_strong(&p->next_draw, &due, now + redraw_every) ||
        pthread_mutex_trylock(&p->lock) != 0)
        return;
    draw(p, NULL);
    pthread_mutex_unlock(&p->lock);
}

void progress_reset(struct progress_bar *b, int64_t total)
{
    if (!b)
        return;
    atomic_store(&b->done, 0);
    atomic_store(&b->total, total);
}

void progress_end(struct progress_bar *b, const char *how)
{
    if (!b)
        return;
    struct progress *p = b->p;
    pthread_mutex_lock(&p->lock);
    b->how = how;
    if (p->terminal) {
        draw(p, NULL);
    } else if (!STR_EQ(how, "done")) {
        AUTO_FREE char *line = xasprintf("%s %s", b->label, how);
        plain_line(p, line);
    }
    pthread_mutex_unlock(&p->lock);
}

struct progress *progress_free(struct progress *p)
{
    if (!p)
        return NULL;
    if (p->terminal)
        draw(p, NULL);
    for (struct progress_bar *b = p->bars, *next; b; b = next) {
        next = b->next;
        free(b->label);
        free(b);
    }
    pthread_mutex_destroy(&p->lock);
    free(p);
    return NULL;
}
