#include <arpa/inet.h>

#include "base/parse.h"
#include "net/ip.h"

#include "base/banned.h"

int ip_parse(const char *text, struct ip_addr *ret)
{
    struct ip_addr ip = { 0 };

    if (!text)
        return -EINVAL;
    for (int i = 0; i < 2; i++) {
        ip.family = i ? AF_INET6 : AF_INET;
        if (inet_pton(ip.family, text, ip.b) == 1) {
            *ret = ip;
            return 0;
        }
    }
    return -EINVAL;
}

int ip_net_parse(const char *text, struct ip_net *ret)
{
    char addr[IP_TEXT_MAX];
    const char *slash = text ? strchr(text, '/') : NULL;
    struct ip_net n = { 0 };
    uint32_t prefix;

    if (!slash || slash == text || (size_t)(slash - text) >= sizeof(addr))
        return -EINVAL;
    memcpy(addr, text, (size_t)(slash - text));
    addr[slash - text] = '\0';
    if (ip_parse(addr, &n.addr) < 0 || parse_u32(slash + 1, &prefix) < 0 ||
        prefix > ip_len(&n.addr) * 8)
        return -EINVAL;
    n.prefix = prefix;
    *ret = n;
    return 0;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(const char *text, uint8_t ret[6])
{
    uint8_t mac[6];

    for (int i = 0; i < 6; i++, text += 3) {
        int hi = hex(text[0]), lo = hi < 0 ? -1 : hex(text[1]);
        if (lo < 0 || (i < 5 ? text[2] != ':' && text[2] != '-' : text[2] != '\0'))
            return -EINVAL;
        mac[i] = (uint8_t)(hi << 4 | lo);
    }
    memcpy(ret, mac, 6);
    return 0;
}

const char *mac_text(const uint8_t mac[6], char out[18])
{
    snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
             mac[5]);
    return out;
}

size_t ip_len(const struct ip_addr *ip)
{
    return ip->family == AF_INET6 ? 16 : 4;
}

const char *ip_text(const struct ip_addr *ip, char out[IP_TEXT_MAX])
{
    if (!ip->family || !inet_ntop(ip->family, ip->b, out, IP_TEXT_MAX))
        out[0] = '\0';
    return out;
}

const char *ip_net_text(const struct ip_net *net, char out[IP_TEXT_MAX])
{
    ip_text(&net->addr, out);
    size_t n = strlen(out);
    snprintf(out + n, IP_TEXT_MAX - n, "/%u", net->prefix);
    return out;
}

int ip_cmp(const struct ip_addr *x, const struct ip_addr *y)
{
    if (x->family != y->family)
        return x->family < y->family ? -1 : 1;
    return memcmp(x->b, y->b, ip_len(x));
}

bool ip_unspecified(const struct ip_addr *ip)
{
    static const uint8_t none[16];
    return memcmp(ip->b, none, ip_len(ip)) == 0;
}

bool ip_loopback(const struct ip_addr *ip)
{
    static const uint8_t one[16] = { [15] = 1 };
    return ip->family == AF_INET ? ip->b[0] == 127 : memcmp(ip->b, one, 16) == 0;
}

struct ip_addr ip_next(struct ip_addr ip)
{
    for (size_t i = ip_len(&ip); i-- > 0;)
        if (++ip.b[i])
            break;
    return ip;
}

struct ip_addr ip_prev(struct ip_addr ip)
{
    for (size_t i = ip_len(&ip); i-- > 0;)
        if (ip.b[i]--)
            break;
    return ip;
}

/* The bits of byte @i that belong to the network. */
static uint8_t mask(unsigned prefix, size_t i)
{
    if (prefix >= (i + 1) * 8)
        return 0xff;
    return prefix <= i * 8 ? 0 : (uint8_t)(0xff << (8 - (prefix - i * 8)));
}

struct ip_addr ip_net_first(const struct ip_net *net)
{
    struct ip_addr ip = net->addr;
    for (size_t i = 0; i < ip_len(&ip); i++)
        ip.b[i] &= mask(net->prefix, i);
    return ip;
}

struct ip_addr ip_net_last(const struct ip_net *net)
{
    struct ip_addr ip = net->addr;
    for (size_t i = 0; i < ip_len(&ip); i++)
        ip.b[i] |= (uint8_t)~mask(net->prefix, i);
    return ip;
}

bool ip_net_has(const struct ip_net *net, const struct ip_addr *ip)
{
    struct ip_net other = { *ip, net->prefix };

    if (net->addr.family != ip->family)
        return false;
    struct ip_addr x = ip_net_first(net), y = ip_net_first(&other);
    return ip_cmp(&x, &y) == 0;
}

bool ip_net_overlaps(const struct ip_net *x, const struct ip_net *y)
{
    return x->prefix <= y->prefix ? ip_net_has(x, &y->addr) : ip_net_has(y, &x->addr);
}
