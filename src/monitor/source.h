/* monitor/source.h: descriptors that the poll loop watches for somebody else.
 *
 * The struct is the first member of whatever belongs to the descriptor.  ready() is called with what poll saw,
 * or with 0 when the deadline has passed; it sets events and deadline for the next time, or `dead`.  Then
 * release() is called once: it closes and frees.  Nobody else removes a source from the list. */
#pragma once

#include "base/util.h"

struct source {
    struct source *next;
    int fd;           /* negative: only the deadline counts */
    short events;     /* poll's; 0: not watched */
    int64_t deadline; /* monotonic ns, 0: none */
    bool dead;
    void (*ready)(struct source *s, short revents);
    void (*release)(struct source *s);
};

struct source_list {
    struct source *first;
};

void source_add(struct source_list *l, struct source *s);
/* Calls those whose deadline has passed, then takes the dead ones out. */
void sources_tick(struct source_list *l, int64_t now);
/* The next deadline, INT64_MAX when there is none. */
int64_t sources_deadline(const struct source_list *l);
