#include <assert.h>

#include "engine/options_net.h"
#include "net/network.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void document(struct arena *a, const char *text, size_t size)
{
    AUTO_JSON *doc = json_parse(text, size, "network", NULL);
    struct network n = { 0 }, again = { 0 };

    if (!doc || network_read(a, doc, &n, NULL) < 0)
        return;
    assert(network_name_valid(n.name) && !strchr(n.name, '/'));
    AUTO_JSON *back = json_from(&network_type, &n);
    assert(network_read(a, back, &again, NULL) == 0);
}

/* A file of a network; or the options' languages: what is accepted lies in its range. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    char *text = arena_strndup(&a, (const char *)data, size);
    struct container_port p = { 0 };
    struct container_config c = { 0 };
    struct network_range r = { 0 };
    char *values[] = { text, NULL };

    document(&a, (const char *)data, size);
    if (option_publish(&a, text, &p, NULL) == 0)
        assert(p.container_port > 0 && p.range > 0 && p.container_port + p.range <= 65536 &&
               (!p.host_port || p.host_port + p.range <= 65536) && p.protocol);
    if (option_networks(&a, values, &c, NULL) == 0)
        assert(c.netns);
    if (network_range_parse(&a, text, &r, NULL) == 0)
        assert(r.start_ip && r.end_ip);
    (void)!option_add_host(text, NULL);
    return 0;
}
