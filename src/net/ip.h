/* net/ip.h: addresses and subnets as numbers.  Bytes are in network order; IPv4 uses the first four. */
#pragma once

#include "base/arena.h"

struct ip_addr {
    int family; /* AF_INET, AF_INET6; 0: none */
    uint8_t b[16];
};
struct ip_net {
    struct ip_addr addr; /* as given: host bits are kept */
    unsigned prefix;
};

enum { IP_TEXT_MAX = 64 };

/* Strict: 0 or -EINVAL, and nothing is written on failure. */
int ip_parse(const char *text, struct ip_addr *ret) MUST_CHECK;
int ip_net_parse(const char *text, struct ip_net *ret) MUST_CHECK; /* "10.88.0.0/16" */
/* aa:bb:cc:dd:ee:ff */
int mac_parse(const char *text, uint8_t ret[6]) MUST_CHECK;
const char *mac_text(const uint8_t mac[6], char out[18]);

size_t ip_len(const struct ip_addr *ip); /* 4 or 16 */
const char *ip_text(const struct ip_addr *ip, char out[IP_TEXT_MAX]);
const char *ip_net_text(const struct ip_net *net, char out[IP_TEXT_MAX]);
int ip_cmp(const struct ip_addr *x, const struct ip_addr *y); /* families first */
bool ip_unspecified(const struct ip_addr *ip);
bool ip_loopback(const struct ip_addr *ip);

/* @ip + 1, or - 1; wraps around. */
struct ip_addr ip_next(struct ip_addr ip);
struct ip_addr ip_prev(struct ip_addr ip);
struct ip_addr ip_net_first(const struct ip_net *net); /* host bits cleared */
struct ip_addr ip_net_last(const struct ip_net *net);  /* host bits set */
bool ip_net_has(const struct ip_net *net, const struct ip_addr *ip);
bool ip_net_overlaps(const struct ip_net *x, const struct ip_net *y);
