#include "net/firewalld.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/sdbus.h"

#include "base/banned.h"

#define NAME      "org.fedoraproject.FirewallD1"
#define OBJECT    "/org/fedoraproject/FirewallD1"
#define ZONES     "org.fedoraproject.FirewallD1.zone"
#define ZONE      "trusted"
#define DIRECTORY "firewalld"
#define PATIENCE                                                                                   \
    UINT64_C(10000000) /* us: in the middle of a reload it answers when it is through */

bool firewalld_present(struct nl *nl)
{
    static const char table[] = "firewalld";
    const struct nfgenmsg g = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
    AUTO_BUF b = { 0 };
    size_t at = nl_begin(nl, &b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NLM_F_ACK, &g,
                         sizeof(g));

    nl_str(&b, NFTA_TABLE_NAME, table);
    nl_end(&b, at);
    return nl_talk(nl, &b, NULL, NULL, NULL) == 0;
}

static struct sd_bus *connect_bus(void)
{
    struct sd_bus *bus = NULL;
    const char *why = sdbus_load();
    int r = why ? 0 : sd.open_system(&bus);

    if (why || r < 0) {
        log_warn("firewalld runs and cannot be told of our networks: %s", why ? why : strerror(-r));
        return NULL;
    }
    (void)!sd.set_timeout(bus, PATIENCE);
    return bus;
}

/* @method: "addSource", "removeSource".  What is so already is no failure; a source that the administrator has put into
 * another zone stays there. */
static void tell(struct sd_bus *bus, const char *method, const char *subnet)
{
    static const char *const fine[] = { "ALREADY_ENABLED", "ZONE_ALREADY_SET", "NOT_ENABLED",
                                        "UNKNOWN_SOURCE" };
    struct sd_bus_error e = { 0 };
    int r = sd.call_method(bus, NAME, OBJECT, ZONES, method, &e, NULL, "ss", ZONE, subnet);
    bool good = r >= 0;

    for (size_t i = 0; !good && e.message && i < ARRAY_SIZE(fine); i++)
        good = str_starts(e.message, fine[i]);
    if (!good)
        log_warn("firewalld: %s %s %s: %s", method, ZONE, subnet,
                 e.message ? e.message : strerror(-r));
    sd.error_free(&e);
}

static int open_dir(const struct net_env *env, bool make)
{
    if (make && mkdirat(env->store->run_fd, DIRECTORY, 0700) < 0 && errno != EEXIST)
        return -errno;
    int fd = openat(env->store->run_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void trust_one(struct sd_bus **bus, int dir, const struct network *n, bool again)
{
    AUTO_BUF told = { 0 };

    if (!again && faccessat(dir, n->name, F_OK, 0) == 0)
        return;
    if (!*bus && !(*bus = connect_bus()))
        return;
    for (size_t i = 0; i < n->subnets.n; i++) {
        tell(*bus, "addSource", n->subnets.items[i].subnet);
        buf_printf(&told, "%s\n", n->subnets.items[i].subnet);
    }
    (void)!fs_replace(dir, n->name, told.data ? told.data : "", told.len, 0600, FS_NOSYNC);
}

void firewalld_trust(const struct net_env *env, const struct network *const *nets, size_t n,
                     bool again)
{
    AUTO_SDBUS bus = NULL;
    AUTO_CLOSE int dir = open_dir(env, true);
    /* Whoever takes a subnet out looks at the rows under this lock, and ours are written. */
    AUTO_CLOSE int lock = dir < 0 ? dir : store_lock(env->store, "network", "firewalld", NULL);

    for (size_t i = 0; lock >= 0 && i < n; i++)
        trust_one(&bus, dir, nets[i], again);
}

static void forget_one(const struct net_env *env, struct sd_bus **bus, int dir, const char *network)
{
    AUTO_CLOSE int claims = claims_open();
    AUTO_BUF told = { .max = 1u << 16 };
    AUTO_ARENA a = { 0 };
    struct db *db = store_db(env->store, NULL);
    struct ip_net net;

    if (!db || ipam_on(db, &a, network) || fs_read_file(dir, network, &told) < 0)
        return;
    (void)!unlinkat(dir, network, 0);
    for (char **s = told.data ? strv_split(&a, told.data, '\n') : NULL; s && *s; s++) {
        if (!**s || ip_net_parse(*s, &net) < 0 || claims_any(claims, &net))
            continue; /* another store's containers are there */
        if (!*bus && !(*bus = connect_bus()))
            return;
        tell(*bus, "removeSource", *s);
    }
}

void firewalld_forget_unused(const struct net_env *env)
{
    AUTO_SDBUS bus = NULL;
    AUTO_NL nl = { .fd = -EBADF };
    int fd = open_dir(env, false);

    if (fd < 0)
        return; /* it was never told anything */
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return;
    }
    AUTO_CLOSE int lock = store_lock(env->store, "network", "firewalld", NULL);
    bool there = nl_open(&nl, NETLINK_NETFILTER) == 0 && firewalld_present(&nl);
    for (struct dirent *e; lock >= 0 && (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        if (there)
            forget_one(env, &bus, fd, e->d_name);
        else
            (void)!unlinkat(fd, e->d_name, 0);
    }
    closedir(d);
}
