#include "monitor/dhcp.h"

#include <sys/random.h>

#include "base/fs.h"
#include "base/parse.h"
#include "monitor/dhcp_apply.h"
#include "monitor/dhcp_priv.h"

#include "base/banned.h"

static void lease_release(struct source *s)
{
    struct lease_source *l = (struct lease_source *)s;

    close_p(&s->fd);
    arena_done(&l->arena);
    free(l);
}

static bool is_lease(const struct source *s)
{
    return s->release == lease_release && !s->dead;
}

void leases_save(struct network *net)
{
    AUTO_ARENA a = { 0 };
    struct dhcp_leases all = { 0 };
    AUTO_BUF text = { 0 };

    for (struct source *s = net->sources.first; s; s = s->next)
        if (is_lease(s))
            *LIST_ADD(&a, all.leases) = ((struct lease_source *)s)->lease;
    AUTO_JSON *doc = json_from(&dhcp_leases_type, &all);
    json_text(doc, 0, &text);
    (void)!fs_replace(net->run_dir, "dhcp", text.data, text.len, 0644, FS_NOSYNC);
}

bool lease_copy(struct lease_source *l, struct arena *a)
{
    struct dhcp_lease old = l->lease;
    AUTO_JSON *doc = json_from(&dhcp_lease_type, &old);

    if (json_read(a, doc, &dhcp_lease_type, &l->lease, NULL) == 0)
        return true;
    arena_done(a);
    l->lease = old;
    return false;
}

void lease_settle(struct lease_source *l, struct arena *a)
{
    arena_done(&l->arena);
    l->arena = *a;
}

void lease_lose(struct lease_source *l)
{
    struct dhcp_lease old = l->lease;

    l->lease.address = NULL;
    dhcp_apply(l->net, l->ifindex, &old, &l->lease);
    l->lease.routes = NULL;
    l->lease.since = time_now();
    leases_save(l->net);
}

void lease_check_interface(struct lease_source *l)
{
    if ((errno != ENXIO && errno != ENODEV) ||
        dhcp_interface(l->net, l->lease.interface) == l->ifindex)
        return;
    l->s.dead = true; /* somebody took it away */
    leases_save(l->net);
}

int64_t lease_half_way(int64_t now, int64_t end)
{
    return MIN(now + MAX((end - now) / 2, (int64_t)NSEC_PER_SEC), end);
}

int64_t lease_jitter(int64_t wait)
{
    uint32_t x = 0;

    (void)!getrandom(&x, sizeof(x), 0);
    return wait + wait / 4 * (x % 256) / 256;
}

/* ---------- from outside ---------- */

void dhcp_keep(struct network *net, int fd, const char *text)
{
    AUTO_JSON *doc = json_parse(text, strlen(text), "a lease", NULL);
    struct arena a = { 0 };
    struct dhcp_lease lease = { 0 };
    struct lease_source *l = NULL;
    int ifindex = -ENODEV;

    if (doc && json_read(&a, doc, &dhcp_lease_type, &lease, NULL) == 0)
        ifindex = dhcp_interface(net, lease.interface);
    if (ifindex > 0)
        l = lease.six ? dhcp6_keeper(&lease) : dhcp4_keeper(&lease);
    if (!l) {
        close(fd);
        arena_done(&a);
        return;
    }
    l->net = net;
    l->arena = a;
    l->ifindex = ifindex;
    l->s.fd = fd;
    l->s.release = lease_release;
    source_add(&net->sources, &l->s);
    leases_save(net);
}

void dhcp_end(struct network *net, const char *interface)
{
    bool any = false;

    for (struct source *s = net->sources.first; s; s = s->next) {
        struct lease_source *l = (struct lease_source *)s;
        if (!is_lease(s) || (interface && !STR_EQ(l->lease.interface, interface)))
            continue;
        if (l->lease.address)
            l->give_back(l);
        s->dead = any = true;
    }
    if (any)
        leases_save(net);
}
