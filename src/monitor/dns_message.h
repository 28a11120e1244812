/* monitor/dns_message.h: DNS messages (RFC 1035, RFC 3596), as much of them as a forwarder with a few names of
 * its own needs.  Everything read is hostile; nothing here does I/O. */
#pragma once

#include <netinet/in.h>

#include "base/buf.h"

enum { DNS_HEADER = 12, DNS_NAME_MAX = 255, DNS_MESSAGE_MAX = 65535 };
enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_ANY = 255 };
enum dns_rcode { DNS_OK = 0, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_NOTIMP = 4 };

struct dns_question {
    char name[DNS_NAME_MAX +
              1]; /* lower case, without the last dot; "" = the root, or not printable */
    uint16_t type, class;
    size_t end;     /* offset behind the question */
    size_t payload; /* bytes that the asker takes over UDP (RFC 6891), at least 512 */
};

/* A query with exactly one question.  -EINVAL: nothing that deserves an answer. */
int dns_parse_query(const uint8_t *msg, size_t len, struct dns_question *ret) MUST_CHECK;

/* Begins the answer to @query in @out. */
void dns_begin(struct buf *out, const uint8_t *query, const struct dns_question *q,
               enum dns_rcode rcode);
/* Adds a record to the question's name. */
void dns_add_address(struct buf *out, const struct in6_addr *a, bool v6);
void dns_add_name(struct buf *out, const char *name);
/* An answer too long for UDP is cut and says so. */
void dns_fit(struct buf *out, const struct dns_question *q);

/* Is @msg an answer to @query, by ID and question? */
bool dns_answers(const uint8_t *msg, size_t len, const uint8_t *query,
                 const struct dns_question *q);

/* The shortest time to live in @msg, in seconds; 0 when the answer may not be kept. */
uint32_t dns_lifetime(const uint8_t *msg, size_t len, const struct dns_question *q);
/* Takes @seconds off every time to live. */
void dns_age(uint8_t *msg, size_t len, const struct dns_question *q, uint32_t seconds);

/* "4.3.2.1.in-addr.arpa" or the ip6.arpa form into text as inet_ntop writes it. */
bool dns_reverse_name(const char *name, char out[INET6_ADDRSTRLEN]);
