/* quadlet/quadlet_priv.h: the tables and the conversion that the files of this folder share. */
#pragma once

#include "quadlet/quadlet.h"
#include "quadlet/words.h"

/* One quadlet on its way to a service. */
struct conversion {
    struct arena *a;
    struct quadlets *set;
    const struct quadlet *q;
    const char *section;   /* "Container" */
    const char *x_section; /* "X-Container" */
    struct unit *out;      /* the service so far */
    char **args;           /* the words of podman's command line so far */
    struct err *err;
};

struct quadlet_key;

/* How a key's values become words of podman's command line.  KEY_OTHER stands for keys that the
 * kind's own code reads: the table then only says that they exist. */
enum key_use {
    KEY_OTHER,
    KEY_LAST,  /* the last value: --option value */
    KEY_EACH,  /* each value */
    KEY_WORDS, /* each blank separated word, backslashes left alone */
    KEY_ARGS,  /* each word, escapes read */
    KEY_PAIRS, /* KEY=VALUE words, sorted, the last of one key wins */
    KEY_BOOL,  /* --option or --option=false */
    KEY_FLAG,  /* --option FORMAT when true */
    KEY_RAW,   /* words without an option */
    KEY_CALL,  /* add() */
};

struct quadlet_key {
    const char *name;
    enum key_use use;
    const char *option; /* "--cap-add" */
    const char *format; /* of the option's value, one %s; NULL: the value itself */
    int (*add)(struct conversion *c, const struct quadlet_key *key);
};

struct quadlet_kind_info {
    const char *extension;          /* ".container" */
    const char *section;            /* "Container" */
    const char *suffix;             /* of the service's name: "-volume" */
    const char *name_key;           /* that names what is made: "ContainerName" */
    const struct quadlet_key *keys; /* in the order of the command line, ended by no name */
    int (*convert)(struct conversion *c);
};
extern const struct quadlet_kind_info quadlet_kinds[QUADLET_KIND_COUNT];

extern const struct quadlet_key container_keys[], volume_keys[], network_keys[], kube_keys[],
    image_keys[], build_keys[], artifact_keys[], pod_keys[];
int convert_container(struct conversion *c);
int convert_volume(struct conversion *c);
int convert_network(struct conversion *c);
int convert_kube(struct conversion *c);
int convert_image(struct conversion *c);
int convert_build(struct conversion *c);
int convert_artifact(struct conversion *c);
int convert_pod(struct conversion *c);

/* podman [--module=...] [GlobalArgs] @words..., into c->args. */
int start_command(struct conversion *c, const char *const *words);
/* The words that the kind's table makes of the quadlet's keys. */
int add_keys(struct conversion *c);
void add_arg(struct conversion *c, const char *arg);
void add_option(struct conversion *c, const char *option, const char *value);
/* c->args as a line of the service. */
void put_command(struct conversion *c, const char *key);
/* `podman [globals] @words...` as a line of the service; @prefix is systemd's, e.g. "-". */
int put_simple_command(struct conversion *c, const char *key, const char *prefix,
                       const char *const *words);

const char *last(const struct conversion *c, const char *key);
bool is_set(const struct conversion *c, const char *key);
/* The words of all values of a key.  A value with an unknown escape is left out with a warning, as
 * systemd ignores such an assignment. */
char **key_words(struct conversion *c, const char *key, enum words_mode mode);
/* Those of a command line, of which only the last counts. */
char **last_words(struct conversion *c, const char *key);

/* Start after another quadlet's service, and with it. */
void require_service(struct conversion *c, const struct quadlet *other);
/* Start when that path is mounted. */
void require_mount(struct conversion *c, const char *path);
/* The quadlet of that file name; an error in Podman's words when there is none. */
int find_quadlet(struct conversion *c, const char *file, const struct quadlet **ret);
/* The image that a value names: X.image and X.build stand for what those quadlets make. */
int image_of(struct conversion *c, const char *value, const char **ret);
/* A path as it is, or from the unit's directory on when it begins with a dot. */
const char *unit_path(struct conversion *c, const char *path);
/* The same for every relative path. */
const char *absolute_path(struct conversion *c, const char *path);

/* What a key means that is no option by itself; NULL: nothing was written down. */
const char *quadlet_key_text(const char *key);

/* Type=oneshot with a name for the journal. */
void oneshot(struct conversion *c, bool remain);
int add_networks(struct conversion *c, const struct quadlet_key *key);
int add_ports(struct conversion *c, const struct quadlet_key *key);
int add_volumes(struct conversion *c, const struct quadlet_key *key);
int add_user_mapping(struct conversion *c, const struct quadlet_key *key);
/* One value of Mount=. */
int add_mount(struct conversion *c, const char *value);
