#include <linux/rtnetlink.h>

#include "net/netlink.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks at every attribute, nested ones as well: each has to lie inside. */
static int look(void *arg, uint16_t type, const void *payload, size_t len)
{
    const struct nlattr *tb[32], *in[32];
    unsigned *sum = arg;
    char text[16];

    if (len < sizeof(struct ifinfomsg))
        return 0;
    nl_attrs((const char *)payload + sizeof(struct ifinfomsg), len - sizeof(struct ifinfomsg), tb,
             31);
    for (size_t i = 0; i < 32; i++) {
        *sum += nl_get_u32(tb[i]) + strlen(nl_get_str(tb[i], text, sizeof(text)));
        if (!tb[i])
            continue;
        nl_attrs(nl_data(tb[i]), nl_len(tb[i]), in, 31);
        for (size_t k = 0; k < 32; k++)
            *sum += nl_get_be32(in[k]);
    }
    return type == 99 ? -EINVAL : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned sum = 0;
    char why[128] = "";
    struct nl_reader r = { .sink = look, .arg = &sum, .why = why };
    AUTO_FREE void *copy = xmalloc(size + 1); /* aligned as a receive buffer is */

    if (size)
        memcpy(copy, data, size);
    nl_read_datagram(&r, copy, size);
    return 0;
}
