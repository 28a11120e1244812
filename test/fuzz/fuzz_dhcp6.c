#include <assert.h>

#include "spec/dhcp6.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Client, transaction and IAID are those of the corpus, so that more than the head is read; what is accepted can be kept
 * as a lease and asked about again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dhcp6_message asked = {
        .type = DHCP6_SOLICIT, .xid = 0x123456, .client = { .b = { 0, 4, 1, 2 }, .n = 4 }, .iaid = 7
    };
    struct dhcp6_reply r;
    char id[] = "00040102", network[] = "n";
    struct dhcp_lease l = { .network = network, .id = id, .six = true };
    struct dhcp6_message m;

    if (dhcp6_parse(data, size, &asked, &r) < 0)
        return 0;
    assert(r.server.n >= 2 && strlen(r.domain) < sizeof(r.domain));
    if (!r.has_address)
        return 0;
    AUTO_ARENA a = { 0 };
    assert(r.valid && r.t1 && r.t1 <= r.t2 && r.t2 <= r.valid);
    dhcp6_lease_set(&a, &l, &r, 0);
    assert(dhcp6_lease_message(&l, &m));
    assert(memcmp(&m.address, &r.address, 16) == 0 && m.server.n == r.server.n);
    return 0;
}
