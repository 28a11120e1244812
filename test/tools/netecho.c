/* netecho: the other end of a network test, for containers and namespaces that hold nothing else.
 *
 *   netecho serve tcp|udp PORT [ADDRESS]   tells everyone who asks "from ADDRESS:PORT"
 *   netecho ask tcp|udp ADDRESS PORT       prints the answer; exit code 1 when none comes in three seconds
 *
 * Static, since the test image has no libc. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

union address {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static socklen_t fill(union address *a, const char *text, const char *port)
{
    memset(a, 0, sizeof(*a));
    in_port_t p = htons((in_port_t)strtoul(port, NULL, 10));
    if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1) {
        a->in.sin_family = AF_INET;
        a->in.sin_port = p;
        return sizeof(a->in);
    }
    if (inet_pton(AF_INET6, text, &a->in6.sin6_addr) != 1)
        exit(2);
    a->in6.sin6_family = AF_INET6;
    a->in6.sin6_port = p;
    return sizeof(a->in6);
}

static int who(const union address *a, char *out, size_t size)
{
    char ip[INET6_ADDRSTRLEN];
    const unsigned char *b = (const unsigned char *)&a->in6.sin6_addr;

    if (a->sa.sa_family == AF_INET)
        inet_ntop(AF_INET, &a->in.sin_addr, ip, sizeof(ip));
    else if (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
        inet_ntop(AF_INET, b + 12, ip, sizeof(ip));
    else
        inet_ntop(AF_INET6, b, ip, sizeof(ip));
    return snprintf(out, size, "from %s:%u\n", ip, ntohs(a->in.sin_port));
}

static int serve(int type, const char *port, const char *text)
{
    union address at, peer;
    char answer[128];
    int on = 1;
    socklen_t len = fill(&at, text, port);
    int s = socket(at.sa.sa_family, type, 0);

    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (s < 0 || bind(s, &at.sa, len) < 0 || (type == SOCK_STREAM && listen(s, 64) < 0)) {
        perror("netecho");
        return 1;
    }
    for (;;) {
        char in[512];
        len = sizeof(peer);
        int c = type == SOCK_STREAM ? accept(s, &peer.sa, &len) : s;
        if (type == SOCK_DGRAM && recvfrom(s, in, sizeof(in), 0, &peer.sa, &len) < 0)
            continue;
        size_t n = (size_t)who(&peer, answer, sizeof(answer));
        if (c >= 0 && sendto(c, answer, n, MSG_NOSIGNAL, type == SOCK_DGRAM ? &peer.sa : NULL,
                             type == SOCK_DGRAM ? len : 0) < 0)
            perror("netecho");
        if (type == SOCK_STREAM)
            close(c);
    }
}

static int ask(int type, const char *text, const char *port)
{
    union address at;
    char answer[512];
    struct timeval tv = { .tv_sec = 3 };
    socklen_t len = fill(&at, text, port);
    int s = socket(at.sa.sa_family, type, 0);

    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
    if (s < 0 || connect(s, &at.sa, len) < 0 || (type == SOCK_DGRAM && send(s, "?", 1, 0) < 0)) {
        perror("netecho");
        return 1;
    }
    ssize_t n = recv(s, answer, sizeof(answer), 0);
    if (n <= 0) {
        fputs("netecho: no answer\n", stderr);
        return 1;
    }
    fwrite(answer, 1, (size_t)n, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    int type = strcmp(argv[2], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM;
    if (strcmp(argv[1], "serve") == 0)
        return serve(type, argv[3], argc > 4 ? argv[4] : "::");
    return argc > 4 ? ask(type, argv[3], argv[4]) : 2;
}
