#include <assert.h>

#include "monitor/dns_message.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A query that is accepted can be answered, and the answer is one to that query; any bytes can be looked at as an
 * answer to it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_question q;
    char text[INET6_ADDRSTRLEN];

    if (dns_parse_query(data, size, &q) < 0)
        return 0;
    AUTO_BUF out = { 0 };
    dns_begin(&out, data, &q, DNS_OK);
    dns_add_address(&out, &(struct in6_addr) { 0 }, true);
    dns_add_name(&out, q.name);
    assert(dns_answers((const uint8_t *)out.data, out.len, data, &q));
    dns_age((uint8_t *)out.data, out.len, &q, 1);
    dns_fit(&out, &q);
    assert(out.len <= MAX(q.payload, q.end));
    (void)dns_reverse_name(q.name, text);
    (void)dns_answers(data, size, data, &q);
    AUTO_BUF copy = { 0 };
    buf_put(&copy, data, size);
    copy.data[2] = (char)(copy.data[2] | 0x80);
    (void)dns_lifetime((const uint8_t *)copy.data, size, &q);
    dns_age((uint8_t *)copy.data, size, &q, 10);
    return 0;
}
