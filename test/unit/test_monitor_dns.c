/* Names for containers.  If these failed, a container would be told of a neighbour that is gone, would not find
 * one that is there, would wait for ever for a server that is silent, or could make its monitor fall over. */
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "monitor/dns.h"
#include "monitor/dns_cache.h"
#include "monitor/dns_message.h"
#include "spec/zone.h"

#include "base/banned.h"

#define ID  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID2 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* What libc's resolver would send. */
static size_t make_query(uint8_t *out, const char *name, unsigned type)
{
    struct buf b = { 0 };

    buf_put(&b, (const uint8_t[]) { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, 12);
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, ".");
        buf_putc(&b, (char)n);
        buf_put(&b, p, n);
        p += n + (p[n] == '.');
    }
    buf_put(&b, (const uint8_t[]) { 0, 0, (uint8_t)type, 0, 1 }, 5);
    size_t len = b.len;
    memcpy(out, b.data, len);
    buf_done(&b);
    return len;
}

static void test_reverse_names(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } rows[] = {
        { "2.0.88.10.in-addr.arpa", "10.88.0.2" },
        { "256.0.88.10.in-addr.arpa", NULL },
        { "+2.0.88.10.in-addr.arpa", NULL },
        { "0.88.10.in-addr.arpa", NULL },
        { "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", "fd00::2" },
        { "g.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char out[INET6_ADDRSTRLEN];
        bool ok = dns_reverse_name(rows[i].in, out);
        assert_int_equal(ok, rows[i].want != NULL);
        if (ok)
            assert_string_equal(out, rows[i].want);
    }
}

static void test_queries(void **state)
{
    (void)state;
    uint8_t q[512];
    struct dns_question question;
    size_t len = make_query(q, "WeB.dns.podman", DNS_A);

    assert_int_equal(dns_parse_query(q, len, &question), 0);
    assert_string_equal(question.name, "web.dns.podman");
    assert_int_equal(question.end, len);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(dns_parse_query(q, cut, &question), -EINVAL);
    q[2] |= 0x80; /* an answer is no query: two of us must not talk for ever */
    assert_int_equal(dns_parse_query(q, len, &question), -EINVAL);
    q[2] = 1;
    q[12] = 0xc0; /* a compressed question */
    assert_int_equal(dns_parse_query(q, len, &question), -EINVAL);
}

/* ---------- a container's resolver, its monitor and a server outside, in a namespace of their own ---------- */

struct world {
    struct network net;
    char dir[64];
    int graph, asker, server, alive;
    struct sockaddr_in dns;
    unsigned asked; /* queries that the server saw */
    uint32_t ttl;   /* of its answers */
};

static void replace_file(struct world *w, const char *text)
{
    assert_int_equal(fs_replace(w->net.run_dir, "network", text, strlen(text), 0600, FS_NOSYNC), 0);
}

static int bound(const char *address, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, address, &a.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static bool alone; /* in a network namespace of our own */

static int make_world(void **state)
{
    struct world *w = xcalloc(1, sizeof(*w));
    struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };

    *state = w;
    if (!alone)
        return 0; /* asker stays 0: skipped */
    w->asker = bound("127.0.0.1", 0);
    ioctl(w->asker, SIOCSIFFLAGS, &ifr);
    snprintf(w->dir, sizeof(w->dir), "/tmp/test-dns-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->net.run = fs_open_dir(AT_FDCWD, w->dir);
    assert_int_equal(fs_mkdirs(w->net.run, "containers/" ID, 0700), 0);
    assert_int_equal(fs_mkdirs(w->net.run, "containers/" ID2, 0700), 0);
    w->net.run_dir = fs_open_dir(w->net.run, "containers/" ID);
    w->alive = lock_try(w->net.run_dir, "alive");
    assert_true(w->alive >= 0);
    w->server = bound("127.0.0.53", 53);
    w->ttl = 60;
    int listener = bound("127.0.0.11", 5353);
    w->dns = (struct sockaddr_in) { .sin_family = AF_INET, .sin_port = htons(5353) };
    inet_pton(AF_INET, "127.0.0.11", &w->dns.sin_addr);
    dns_listen(&w->net, listener, false);
    replace_file(w, "{\"networks\":[{\"network\":\"one\",\"dns\":true}],"
                    "\"servers\":[\"127.0.0.99\",\"127.0.0.53\"]}");
    struct err err = { 0 };
    AUTO_ARENA a = { 0 };
    char **names = strv_split(&a, "web,Alias,../evil", ',');
    char **addresses = strv_split(&a, "10.89.0.2,fd00::2", ',');
    assert_int_equal(zone_add(w->net.run, "one", ID, names, addresses, &err), 0);
    names = strv_split(&a, "web,gone", ',');
    addresses = strv_split(&a, "10.89.0.3", ',');
    assert_int_equal(zone_add(w->net.run, "one", ID2, names, addresses, &err), 0);
    return 0;
}

static int drop_world(void **state)
{
    struct world *w = *state;

    for (struct source *s = w->net.sources.first; s; s = s->next)
        s->dead = true;
    sources_tick(&w->net.sources, 0);
    close(w->server);
    close(w->asker);
    if (w->asker)
        assert_int_equal(fs_remove_tree(AT_FDCWD, w->dir), 0);
    arena_done(&w->net.arena);
    w->net.cache = dns_cache_free(w->net.cache);
    free(w);
    return 0;
}

/* The server knows outside.test as 192.0.2.1 and says so. */
static void serve_outside(struct world *w)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof(from);
    uint8_t msg[512];
    ssize_t n = recvfrom(w->server, msg, sizeof(msg) - 16, MSG_DONTWAIT, (struct sockaddr *)&from,
                         &len);

    if (n < 0)
        return;
    w->asked++;
    msg[2] |= 0x80;
    msg[7] = 1;
    uint8_t rr[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, (uint8_t)w->ttl, 0, 4, 192, 0, 2, 1 };
    memcpy(msg + n, rr, sizeof(rr));
    (void)!sendto(w->server, msg, (size_t)n + sizeof(rr), 0, (struct sockaddr *)&from, len);
}

/* Asks, lets everybody work until the answer is there; the answer code and the number of records. */
static size_t ask(struct world *w, const char *name, unsigned type, uint8_t *msg)
{
    size_t len = make_query(msg, name, type);

    assert_true(sendto(w->asker, msg, len, 0, (struct sockaddr *)&w->dns, sizeof(w->dns)) > 0);
    for (int i = 0; i < 500; i++) {
        ssize_t n = recv(w->asker, msg, 512, MSG_DONTWAIT);
        if (n > 0)
            return (size_t)n;
        serve_outside(w);
        for (struct source *s = w->net.sources.first; s; s = s->next) {
            struct pollfd p = { .fd = s->fd, .events = s->events };
            if (!s->dead && poll(&p, 1, 1) > 0)
                s->ready(s, p.revents);
        }
        sources_tick(&w->net.sources, time_monotonic());
    }
    fail_msg("no answer for %s", name);
    return 0;
}

static unsigned records(const uint8_t *msg)
{
    assert_true(msg[2] & 0x80);
    assert_int_equal(msg[0] << 8 | msg[1], 0x1234);
    return (unsigned)(msg[6] << 8 | msg[7]);
}

static void test_names(void **state)
{
    struct world *w = *state;
    uint8_t msg[600];

    if (!w->asker)
        skip();
    size_t n = ask(w, "web", DNS_A,
                   msg); /* the second "web" is of a container that does not live */
    assert_int_equal(records(msg), 1);
    assert_memory_equal(msg + n - 4, ((const uint8_t[]) { 10, 89, 0, 2 }), 4);
    n = ask(w, "ALIAS.dns.podman", DNS_AAAA, msg);
    assert_int_equal(records(msg), 1);
    assert_int_equal(msg[n - 1], 2);
    ask(w, "web", 15, msg); /* MX: the name is there, such a record is not */
    assert_int_equal(records(msg), 0);
    assert_int_equal(msg[3] & 15, DNS_OK);
    ask(w, "gone.dns.podman", DNS_A, msg);
    assert_int_equal(msg[3] & 15, DNS_NXDOMAIN);
    n = ask(w, "2.0.89.10.in-addr.arpa", DNS_PTR, msg);
    assert_int_equal(records(msg), 1);
    assert_memory_equal(msg + n - 5, "\3web", 5);
    assert_int_equal(w->asked, 0); /* none of it went outside */
    AUTO_ARENA a = { 0 };
    zone_remove(w->net.run, "one", ID, strv_split(&a, "web", ','),
                strv_split(&a, "10.89.0.2,fd00::2", ','));
    ask(w, "web.dns.podman", DNS_A, msg);
    assert_int_equal(msg[3] & 15, DNS_NXDOMAIN);
}

static void test_outside(void **state)
{
    struct world *w = *state;
    uint8_t msg[600];

    if (!w->asker)
        skip();
    size_t n = ask(w, "outside.test", DNS_A,
                   msg); /* the first server refuses: the second is asked */
    assert_int_equal(records(msg), 1);
    assert_memory_equal(msg + n - 4, ((const uint8_t[]) { 192, 0, 2, 1 }), 4);
    assert_int_equal(w->asked, 1);
    n = ask(w, "outside.test", DNS_A, msg);
    assert_memory_equal(msg + n - 4, ((const uint8_t[]) { 192, 0, 2, 1 }), 4);
    assert_int_equal(w->asked, 1); /* kept */
    w->ttl = 0;
    ask(w, "other.test", DNS_A, msg);
    ask(w, "other.test", DNS_A, msg);
    assert_int_equal(w->asked, 3); /* not kept */
    replace_file(w, "{\"networks\":[{\"network\":\"two\",\"dns\":true}]}");
    ask(w, "third.test", DNS_A, msg); /* no server: an internal network */
    assert_int_equal(msg[3] & 15, DNS_NXDOMAIN);
    ask(w, "alias", DNS_A, msg); /* and the names of network one are not network two's */
    assert_int_equal(msg[3] & 15, DNS_NXDOMAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reverse_names),
        cmocka_unit_test(test_queries),
        cmocka_unit_test_setup_teardown(test_names, make_world, drop_world),
        cmocka_unit_test_setup_teardown(test_outside, make_world, drop_world),
    };
    alone = unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
