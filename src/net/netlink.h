/* net/netlink.h: messages to and from the kernel.
 *
 * Requests are written into a struct buf, several in a row, and travel in one send(2); each that asks for it
 * (NLM_F_ACK) is answered.  Answers are walked with every length checked: the parser is fuzzed. */
#pragma once

#include <linux/netlink.h>

#include "base/buf.h"
#include "base/err.h"

struct nl {
    int fd;
    uint32_t seq;
};

/* @protocol NETLINK_ROUTE, NETLINK_NETFILTER.  The socket belongs to the network namespace in which it was
 * made.  0 or -errno. */
int nl_open(struct nl *nl, int protocol) MUST_CHECK;
/* The same in the namespace @netns; the caller's namespace is what it was afterwards. */
int nl_open_in(struct nl *nl, int protocol, int netns) MUST_CHECK;
void nl_close(struct nl *nl);
#define AUTO_NL CLEANUP(nl_close) struct nl

/* Closes in a process of its own: after something was taken out of nf_tables, closing any socket of that kind waits
 * until no packet can be looking at it any more, 5 to 10 ms. */
void nl_close_elsewhere(struct nl *nl);

/* Begins a message with the fixed header @hdr of its family; returns its place for nl_end(). */
size_t nl_begin(struct nl *nl, struct buf *b, uint16_t type, unsigned flags, const void *hdr,
                size_t len);
void nl_end(struct buf *b, size_t at);

void nl_put(struct buf *b, uint16_t type, const void *data, size_t len);
void nl_str(struct buf *b, uint16_t type, const char *s);
void nl_u8(struct buf *b, uint16_t type, uint8_t v);
void nl_u16(struct buf *b, uint16_t type, uint16_t v);
void nl_u32(struct buf *b, uint16_t type, uint32_t v);
void nl_be32(struct buf *b, uint16_t type, uint32_t v); /* network order, as nf_tables wants it */
size_t nl_nest(struct buf *b, uint16_t type);
void nl_nest_end(struct buf *b, size_t at);

/* One answer's payload: @hdr bytes of its family's header, then attributes. */
typedef int (*nl_sink)(void *arg, uint16_t type, const void *payload, size_t len);

/* Sends @b and reads until every request of it is answered.  @sink (may be NULL) gets what is not an
 * acknowledgement; its first negative value is returned.  The first refusal is returned as -errno, with the
 * kernel's own words in @why (may be NULL, 128 bytes); what follows it has been tried all the same. */
int nl_talk(struct nl *nl, struct buf *b, nl_sink sink, void *arg, char *why) MUST_CHECK;

/* What nl_talk() does with the bytes of one datagram.  Counts in *answered the requests that are through with. */
struct nl_reader {
    nl_sink sink;
    void *arg;
    char *why;
    unsigned answered;
    int first; /* 0 or the first refusal, -errno */
};
void nl_read_datagram(struct nl_reader *r, const void *data, size_t len);

/* Attributes by number into tb[0..max]; what is malformed ends the walk. */
void nl_attrs(const void *data, size_t len, const struct nlattr **tb, size_t max);
static inline const void *nl_data(const struct nlattr *a)
{
    return (const char *)a + NLA_HDRLEN;
}
static inline size_t nl_len(const struct nlattr *a)
{
    return (size_t)a->nla_len - NLA_HDRLEN;
}
uint32_t nl_get_u32(const struct nlattr *a); /* 0 when NULL or too short */
uint32_t nl_get_be32(const struct nlattr *a);
/* A text of at most size - 1 bytes; "" when NULL. */
const char *nl_get_str(const struct nlattr *a, char *out, size_t size);
