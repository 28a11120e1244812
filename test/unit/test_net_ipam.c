/* Addresses and ports in the database.  If one of these failed, two containers would have one address, a port
 * would lead to the wrong one, or what a killed process left would never come back. */
#include "unit.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "base/parse.h"
#include "net/ipam.h"

#include "base/banned.h"

static char dir[] = "/tmp/podman-ipam-XXXXXX";
static struct db *db;
static const char *dead_id = "";

static int open_db(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    db = db_open(-1, dir, NULL);
    return db ? 0 : -1;
}

static int close_db(void **state)
{
    (void)state;
    db = db_close(db);
    int r = -1;
    for (int i = 0; r < 0 && i < 100000; i++) { /* the process that folds the log may be at it */
        r = fs_remove_tree(AT_FDCWD, dir);
        sched_yield();
    }
    return r;
}

static bool alive(void *arg, const char *id)
{
    (void)arg;
    return !STR_EQ(id, dead_id);
}

static struct network net_of(struct arena *a, const char *name, const char *subnet,
                             const char *gateway, const char *from, const char *to)
{
    struct network n = { .name = arena_strdup(a, name) };
    struct network_subnet *s = LIST_ADD(a, n.subnets);

    s->subnet = arena_strdup(a, subnet);
    s->gateway = arena_strdup(a, gateway);
    if (from) {
        s->lease_range = arena_alloc(a, sizeof(*s->lease_range));
        s->lease_range->start_ip = arena_strdup(a, from);
        s->lease_range->end_ip = arena_strdup(a, to);
    }
    return n;
}

/* The address that @id gets, "dead:ID", or "-errno". */
static const char *take(struct arena *a, const struct network *n, const char *id, const char *fixed)
{
    struct ip_addr ip;
    struct ipam_wish w = { .net = n, .container = id, .alive = alive };
    struct ip_net *got;
    size_t count;
    char dead[65] = "", text[IP_TEXT_MAX];

    if (fixed) {
        assert_int_equal(ip_parse(fixed, &ip), 0);
        w.fixed = &ip;
        w.n_fixed = 1;
    }
    assert_int_equal(db_begin(db, DB_FAST, NULL), 0);
    int r = ipam_take(db, a, &w, &got, &count, dead, NULL);
    if (r < 0) {
        db_rollback(db);
        return *dead ? arena_printf(a, "dead:%s", dead) : arena_printf(a, "%d", r);
    }
    assert_int_equal(db_commit(db, NULL), 0);
    assert_int_equal(count, n->subnets.n);
    return arena_strdup(a, ip_net_text(&got[0], text));
}

static int number(const char *text)
{
    int64_t v = 0;

    assert_int_equal(parse_i64(text, -4095, 0, &v), 0);
    return (int)v;
}

static void one_after_the_other(void **state)
{
    AUTO_ARENA a = { 0 };
    struct network n = net_of(&a, "n", "10.1.0.0/29", "10.1.0.1", NULL, NULL);

    (void)state;
    assert_string_equal(take(&a, &n, "a", NULL), "10.1.0.2/29");
    assert_string_equal(take(&a, &n, "b", NULL), "10.1.0.3/29");
    assert_int_equal(ipam_release(db, "a", NULL, NULL), 0);
    assert_string_equal(take(&a, &n, "c", NULL), "10.1.0.4/29"); /* the free one rests */
    assert_string_equal(take(&a, &n, "d", NULL), "10.1.0.5/29");
    assert_string_equal(take(&a, &n, "e", NULL), "10.1.0.6/29");
    assert_string_equal(take(&a, &n, "f", NULL), "10.1.0.2/29"); /* round */
    assert_int_equal(number(take(&a, &n, "g", NULL)), -ENOSPC);
    dead_id = "d";
    assert_string_equal(take(&a, &n, "g", NULL), "dead:d");
    assert_int_equal(ipam_release(db, "d", NULL, NULL), 0);
    assert_string_equal(take(&a, &n, "g", NULL), "10.1.0.5/29");
    dead_id = "";
    assert_int_equal(strv_len(ipam_on(db, &a, "n")), 5);
    assert_true(ipam_has_rows(db, "g"));
    assert_false(ipam_has_rows(db, "d"));
}

static void fixed(void **state)
{
    AUTO_ARENA a = { 0 };
    struct network n = net_of(&a, "f", "fd00::/64", "fd00::1", NULL, NULL);

    (void)state;
    assert_string_equal(take(&a, &n, "a", "fd00::77"), "fd00::77/64");
    assert_string_equal(take(&a, &n, "a", "fd00::77"), "fd00::77/64"); /* its own */
    assert_int_equal(number(take(&a, &n, "b", "fd00::77")), -EADDRINUSE);
    assert_int_equal(number(take(&a, &n, "b", "fd00::1")), -EADDRINUSE);
    assert_int_equal(number(take(&a, &n, "b", "fd01::1")), -EINVAL);
    dead_id = "a";
    assert_string_equal(take(&a, &n, "b", "fd00::77"), "dead:a");
    dead_id = "";
}

static void ranges(void **state)
{
    AUTO_ARENA a = { 0 };
    struct network n = net_of(&a, "r", "10.2.0.0/24", "10.2.0.10", "10.2.0.9", "10.2.0.11");
    struct network tiny = net_of(&a, "t", "10.3.0.0/31", NULL, NULL, NULL);

    (void)state;
    assert_string_equal(take(&a, &n, "a", NULL), "10.2.0.9/24");
    assert_string_equal(take(&a, &n, "b", NULL), "10.2.0.11/24"); /* not the gateway */
    assert_int_equal(number(take(&a, &n, "c", NULL)), -ENOSPC);
    assert_string_equal(take(&a, &n, "d", "10.2.0.200"), "10.2.0.200/24");
    assert_string_equal(take(&a, &tiny, "a", NULL), "10.3.0.0/31");
    assert_string_equal(take(&a, &tiny, "b", NULL), "10.3.0.1/31");
}

static struct fw_port port(const char *host, uint16_t first, uint16_t count)
{
    struct fw_port p = { .proto = IPPROTO_TCP, .host_port = first, .to_port = 80, .count = count };

    assert_int_equal(ip_parse("10.1.0.2", &p.to), 0);
    if (host)
        assert_int_equal(ip_parse(host, &p.host), 0);
    return p;
}

static void ports(void **state)
{
    AUTO_ARENA a = { 0 };
    static const struct {
        const char *host;
        uint16_t first, count;
        bool taken;
    } asked[] = {
        { NULL, 8080, 1, true },         { NULL, 8000, 80, false },
        { NULL, 8000, 81, true },        { NULL, 8089, 1, true },
        { NULL, 8090, 1, false },        { "127.0.0.1", 8085, 1, true },
        { "127.0.0.1", 9000, 1, false }, { "127.0.0.2", 9100, 1, true },
        { "127.0.0.3", 9100, 1, false }, { NULL, 9100, 1, true },
    };
    struct fw_port have[] = { port(NULL, 8080, 10), port("127.0.0.2", 9100, 1) }, *back;
    size_t n;
    char *owner;

    (void)state;
    assert_int_equal(ipam_publish(db, &a, "p", have, 2, &owner, NULL), 0);
    assert_null(owner);
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        struct fw_port p = port(asked[i].host, asked[i].first, asked[i].count);
        assert_int_equal(db_begin(db, DB_FAST, NULL), 0);
        assert_int_equal(ipam_publish(db, &a, "q", &p, 1, &owner, NULL), 0);
        db_rollback(db);
        assert_int_equal(owner != NULL, asked[i].taken);
    }
    assert_int_equal(ipam_published(db, &a, "p", &back, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_memory_equal(&back[0].to, &have[0].to, sizeof(back[0].to));
    assert_int_equal(back[0].count, 10);
    assert_int_equal(ip_cmp(&back[1].host, &have[1].host), 0);
    assert_int_equal(ipam_unpublish(db, "p", NULL), 0);
    assert_int_equal(ipam_published(db, &a, NULL, &back, &n, NULL), 0);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(fixed),
        cmocka_unit_test(ranges),
        cmocka_unit_test(ports),
    };
    return cmocka_run_group_tests(tests, open_db, close_db);
}
