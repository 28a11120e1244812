/* spec/kube.h: Kubernetes' objects, as far as they mean something on one host.
 *
 * One table a type reads it (`kube play`) and writes it (`kube generate`).  YAML has no types but by the look of a
 * word: a document is read with every scalar as text, and json_coerce() makes of it what the table says.  What the
 * tables do not name (node selectors, tolerations, ...) has no meaning here and is passed over. */
#pragma once

#include "base/json.h"

/* A ConfigMap or Secret by name. */
struct kube_ref {
    char *name;
    bool optional;
};

/* One entry of it. */
struct kube_key_ref {
    char *name;
    char *key;
    bool optional;
};

struct kube_field_ref {
    char *field_path;
};

struct kube_resource_ref {
    char *container;
    char *resource;
    char *divisor;
};

struct kube_env_source {
    struct kube_key_ref *config_map;
    struct kube_key_ref *secret;
    struct kube_field_ref *field;
    struct kube_resource_ref *resource;
};

struct kube_env {
    char *name;
    char *value;
    struct kube_env_source *from;
};

struct kube_env_from {
    char *prefix;
    struct kube_ref *config_map;
    struct kube_ref *secret;
};

struct kube_port {
    int64_t container_port;
    int64_t host_port;
    char *host_ip;
    char *name;
    char *protocol;
};

struct kube_mount {
    char *path;
    char *name;
    char *subpath;
    bool read_only;
    char *propagation;
};

struct kube_resources {
    kv_list limits;
    kv_list requests;
};

struct kube_exec {
    char **command;
};

struct kube_header {
    char *name;
    char *value;
};

struct kube_http_get {
    char *path;
    char *port;
    char *host;
    char *scheme;
    JSON_LIST(struct kube_header) headers;
};

struct kube_tcp_socket {
    char *port;
    char *host;
};

struct kube_probe {
    struct kube_exec *exec;
    struct kube_http_get *http;
    struct kube_tcp_socket *tcp;
    int64_t initial_delay;
    int64_t period;
    int64_t timeout;
    int64_t success_threshold;
    int64_t failure_threshold;
};

struct kube_selinux {
    char *user;
    char *role;
    char *type;
    char *level;
};

struct kube_seccomp {
    char *type;
    char *profile;
};

struct kube_capabilities {
    char **add;
    char **drop;
};

/* Of a container. */
struct kube_security {
    int64_t *user;
    int64_t *group;
    bool *non_root;
    bool read_only;
    bool privileged;
    bool *escalation;
    char *proc_mount;
    struct kube_capabilities *capabilities;
    struct kube_selinux *selinux;
    struct kube_seccomp *seccomp;
};

struct kube_lifecycle {
    char *stop_signal;
};

struct kube_container {
    char **args;
    char **command;
    JSON_LIST(struct kube_env) env;
    JSON_LIST(struct kube_env_from) env_from;
    char *image;
    char *pull_policy;
    struct kube_lifecycle *lifecycle;
    struct kube_probe *liveness;
    char *name;
    JSON_LIST(struct kube_port) ports;
    struct kube_probe *readiness;
    struct kube_resources *resources;
    char *restart_policy;
    struct kube_security *security;
    struct kube_probe *startup;
    bool stdin_open;
    bool tty;
    JSON_LIST(struct kube_mount) mounts;
    char *workdir;
};

struct kube_host_path {
    char *path;
    char *type;
};

struct kube_empty_dir {
    char *medium;
    char *size_limit;
};

/* An entry of a ConfigMap or Secret as a file. */
struct kube_item {
    char *key;
    char *path;
    char *mode;
};

struct kube_config_map_volume {
    char *name;
    bool optional;
    char *default_mode;
    JSON_LIST(struct kube_item) items;
};

struct kube_secret_volume {
    char *name;
    bool optional;
    char *default_mode;
    JSON_LIST(struct kube_item) items;
};

struct kube_claim_volume {
    char *name;
    bool read_only;
};

struct kube_image_volume {
    char *reference;
    char *pull_policy;
};

struct kube_volume {
    char *name;
    struct kube_host_path *host_path;
    struct kube_empty_dir *empty_dir;
    struct kube_config_map_volume *config_map;
    struct kube_secret_volume *secret;
    struct kube_claim_volume *claim;
    struct kube_image_volume *image;
};

struct kube_host_alias {
    char *ip;
    char **names;
};

struct kube_dns_option {
    char *name;
    char *value;
};

struct kube_dns {
    char **servers;
    char **searches;
    JSON_LIST(struct kube_dns_option) options;
};

struct kube_sysctl {
    char *name;
    char *value;
};

struct kube_pod_security {
    int64_t *user;
    int64_t *group;
    char **supplemental_groups;
    JSON_LIST(struct kube_sysctl) sysctls;
    struct kube_selinux *selinux;
    struct kube_seccomp *seccomp;
};

struct kube_pod_spec {
    JSON_LIST(struct kube_container) containers;
    struct kube_dns *dns;
    char *dns_policy;
    JSON_LIST(struct kube_host_alias) host_aliases;
    bool host_ipc;
    bool host_network;
    bool host_pid;
    bool *host_users;
    char *hostname;
    JSON_LIST(struct kube_container) init_containers;
    char *restart_policy;
    struct kube_pod_security *security;
    bool share_processes;
    int64_t *grace;
    JSON_LIST(struct kube_volume) volumes;
};

struct kube_meta {
    kv_list annotations;
    char *created;
    kv_list labels;
    char *name;
    char *namespace;
};
extern const struct json_type kube_meta_type;

struct kube_pod {
    char *api_version;
    char *kind;
    struct kube_meta metadata;
    struct kube_pod_spec spec;
};
extern const struct json_type kube_pod_type;

struct kube_template {
    struct kube_meta metadata;
    struct kube_pod_spec spec;
};

struct kube_selector {
    kv_list match_labels;
};

/* Of a Deployment, DaemonSet or Job. */
struct kube_set_spec {
    int64_t *replicas;
    struct kube_selector *selector;
    struct kube_template template;
};

/* A Deployment, DaemonSet or Job. */
struct kube_set {
    char *api_version;
    char *kind;
    struct kube_meta metadata;
    struct kube_set_spec spec;
};
extern const struct json_type kube_set_type;

/* A ConfigMap or Secret: binary_data and data of a Secret are base64. */
struct kube_data {
    char *api_version;
    kv_list binary_data;
    kv_list data;
    bool immutable;
    char *kind;
    struct kube_meta metadata;
    kv_list string_data;
    char *type;
};
extern const struct json_type kube_data_type;

struct kube_claim_spec {
    char **access_modes;
    struct kube_resources *resources;
    char *storage_class;
};

/* A PersistentVolumeClaim: a volume here. */
struct kube_claim {
    char *api_version;
    char *kind;
    struct kube_meta metadata;
    struct kube_claim_spec spec;
};
extern const struct json_type kube_claim_type;

struct kube_service_port {
    char *name;
    int64_t node_port;
    int64_t port;
    char *protocol;
    int64_t target_port;
};

struct kube_service_spec {
    JSON_LIST(struct kube_service_port) ports;
    kv_list selector;
    char *type;
};

/* Written only. */
struct kube_service {
    char *api_version;
    char *kind;
    struct kube_meta metadata;
    struct kube_service_spec spec;
};
extern const struct json_type kube_service_type;
