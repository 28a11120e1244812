#include "monitor/source.h"

#include "base/banned.h"

void source_add(struct source_list *l, struct source *s)
{
    s->next = l->first;
    l->first = s;
}

void sources_tick(struct source_list *l, int64_t now)
{
    for (struct source *s = l->first; s; s = s->next)
        if (!s->dead && s->deadline && s->deadline <= now)
            s->ready(s, 0);
    for (struct source **p = &l->first; *p;) {
        struct source *s = *p;
        if (!s->dead) {
            p = &s->next;
            continue;
        }
        *p = s->next;
        s->release(s);
    }
}

int64_t sources_deadline(const struct source_list *l)
{
    int64_t next = INT64_MAX;

    for (const struct source *s = l->first; s; s = s->next)
        if (s->deadline)
            next = MIN(next, s->deadline);
    return next;
}
