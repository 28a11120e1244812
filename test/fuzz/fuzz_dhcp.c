#include <assert.h>

#include "spec/dhcp.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The transaction is the one that the packet names, so that more than its head is read; what is accepted can be kept
 * as a lease. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dhcp_message asked = { .type = DHCP_REQUEST,
                                  .xid = 0x12345678,
                                  .mac = { 2, 1, 2, 3, 4, 5 } };
    struct dhcp_reply r;
    struct dhcp_lease l = { 0 };
    struct in_addr ip;
    unsigned prefix;

    if (dhcp_parse(data, size, &asked, &r) < 0 || r.type == DHCP_NAK)
        return 0;
    AUTO_ARENA a = { 0 };
    assert(r.lease && r.t1 && r.t1 <= r.t2 && r.t2 <= r.lease);
    assert(r.prefix >= 1 && r.prefix <= 32 && strlen(r.domain) < sizeof(r.domain));
    dhcp_lease_set(&a, &l, &r, asked.mac, 0);
    assert(dhcp_net(l.address, &ip, &prefix) && ip.s_addr == r.address.s_addr);
    assert(dhcp_net(l.server, &ip, &prefix));
    return 0;
}
