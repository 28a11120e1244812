/* quadlet/quadlet.h: quadlets, the unit files that describe containers, pods, volumes, networks, images, artifacts,
 * builds and Kubernetes YAML to systemd, and the services that are made of them.
 *
 * Follows podman-systemd.unit(5).  The generator of systemd (main.c) and `podman quadlet` stand on
 * this; nothing here talks to systemd or runs anything. */
#pragma once

#include "quadlet/unit.h"

enum quadlet_kind {
    QUADLET_CONTAINER,
    QUADLET_VOLUME,
    QUADLET_NETWORK,
    QUADLET_KUBE,
    QUADLET_IMAGE,
    QUADLET_BUILD,
    QUADLET_ARTIFACT,
    QUADLET_POD,
    QUADLET_KIND_COUNT
};

struct quadlet {
    enum quadlet_kind kind;
    const char *file; /* "web.container": what other quadlets name it by */
    const char *path; /* of the file itself, links resolved */
    const char *name; /* "web"; "web@a" for an instance of "web@.container" */
    struct unit unit; /* with its drop-ins */
    /* What others refer to it by; filled by quadlets_load(). */
    const char *service;  /* "web" (".service" is added where it is written) */
    const char *resource; /* name of the container, volume, network or pod, or the image */
    char **members;       /* of a pod: services of containers that start with it */
};

struct quadlets {
    struct quadlet **all; /* sorted by file name */
    size_t count;
    bool user;     /* of a user's service manager, not the system's */
    char **errors; /* one line for each file that cannot be used */
    char **warnings;
};

/* Where quadlets are looked for, the first wins: $QUADLET_UNIT_DIRS if set (separated by colons);
 * else for the system /run, /etc and /usr/share/containers/systemd, for a user the run directory,
 * ~/.config/containers/systemd and /etc/containers/systemd/users/.  Directories below are searched
 * as well.  The ones that do not exist are left out. */
char **quadlet_dirs(struct arena *a, bool user);
/* Where `podman quadlet install` puts them. */
const char *quadlet_install_dir(struct arena *a, bool user);

/* The kind that a file name's extension stands for. */
bool quadlet_kind_of(const char *file, enum quadlet_kind *ret);

/* Finds, reads and names all of them.  A file that cannot be read or parsed becomes an error in
 * the set; the others stay usable. */
void quadlets_load(struct arena *a, char *const *dirs, bool user, struct quadlets *ret);

struct quadlet *quadlets_find(const struct quadlets *set, const char *file);

/* The service that a quadlet becomes.  -EINVAL: a key or value that cannot be used. */
int quadlet_convert(struct arena *a, struct quadlets *set, const struct quadlet *q,
                    struct unit *ret, struct err *err) MUST_CHECK;

/* podman-systemd.unit(5) as roff. */
void quadlet_man(struct buf *b);

/* Writes the service and the links that its [Install] section asks for into @dir. */
int quadlet_install(int dir, const struct quadlet *q, const struct unit *service,
                    struct err *err) MUST_CHECK;
