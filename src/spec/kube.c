#include "spec/kube.h"

#include "base/banned.h"

/* Keys in the order of the alphabet, as everybody writes them. */

#define K struct kube_ref
static const struct json_field kube_ref_rows[] = {
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_BOOL(K, optional, "optional", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_ref_type = JSON_TYPE(K, kube_ref_rows);
#undef K

#define K struct kube_key_ref
static const struct json_field kube_key_ref_rows[] = {
    JF_STR(K, key, "key", JF_OMIT_EMPTY),
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_BOOL(K, optional, "optional", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_key_ref_type = JSON_TYPE(K, kube_key_ref_rows);
#undef K

#define K struct kube_field_ref
static const struct json_field kube_field_ref_rows[] = {
    JF_STR(K, field_path, "fieldPath", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_field_ref_type = JSON_TYPE(K, kube_field_ref_rows);
#undef K

#define K struct kube_resource_ref
static const struct json_field kube_resource_ref_rows[] = {
    JF_STR(K, container, "containerName", JF_OMIT_EMPTY),
    JF_STR(K, divisor, "divisor", JF_OMIT_EMPTY),
    JF_STR(K, resource, "resource", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_resource_ref_type = JSON_TYPE(K, kube_resource_ref_rows);
#undef K

#define K struct kube_env_source
static const struct json_field kube_env_source_rows[] = {
    JF_PTR(K, config_map, "configMapKeyRef", JF_OMIT_EMPTY, &kube_key_ref_type),
    JF_PTR(K, field, "fieldRef", JF_OMIT_EMPTY, &kube_field_ref_type),
    JF_PTR(K, resource, "resourceFieldRef", JF_OMIT_EMPTY, &kube_resource_ref_type),
    JF_PTR(K, secret, "secretKeyRef", JF_OMIT_EMPTY, &kube_key_ref_type),
    { 0 },
};
static const struct json_type kube_env_source_type = JSON_TYPE(K, kube_env_source_rows);
#undef K

#define K struct kube_env
static const struct json_field kube_env_rows[] = {
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_STR(K, value, "value", JF_OMIT_EMPTY),
    JF_PTR(K, from, "valueFrom", JF_OMIT_EMPTY, &kube_env_source_type),
    { 0 },
};
static const struct json_type kube_env_type = JSON_TYPE(K, kube_env_rows);
#undef K

#define K struct kube_env_from
static const struct json_field kube_env_from_rows[] = {
    JF_PTR(K, config_map, "configMapRef", JF_OMIT_EMPTY, &kube_ref_type),
    JF_STR(K, prefix, "prefix", JF_OMIT_EMPTY),
    JF_PTR(K, secret, "secretRef", JF_OMIT_EMPTY, &kube_ref_type),
    { 0 },
};
static const struct json_type kube_env_from_type = JSON_TYPE(K, kube_env_from_rows);
#undef K

#define K struct kube_port
static const struct json_field kube_port_rows[] = {
    JF_I64(K, container_port, "containerPort", JF_OMIT_EMPTY),
    JF_STR(K, host_ip, "hostIP", JF_OMIT_EMPTY),
    JF_I64(K, host_port, "hostPort", JF_OMIT_EMPTY),
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_STR(K, protocol, "protocol", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_port_type = JSON_TYPE(K, kube_port_rows);
#undef K

#define K struct kube_mount
static const struct json_field kube_mount_rows[] = {
    JF_STR(K, path, "mountPath", JF_OMIT_EMPTY),
    JF_STR(K, propagation, "mountPropagation", JF_OMIT_EMPTY),
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_BOOL(K, read_only, "readOnly", JF_OMIT_EMPTY),
    JF_STR(K, subpath, "subPath", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_mount_type = JSON_TYPE(K, kube_mount_rows);
#undef K

#define K struct kube_resources
static const struct json_field kube_resources_rows[] = {
    JF_MAP(K, limits, "limits", JF_OMIT_EMPTY),
    JF_MAP(K, requests, "requests", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_resources_type = JSON_TYPE(K, kube_resources_rows);
#undef K

#define K struct kube_exec
static const struct json_field kube_exec_rows[] = {
    JF_STRV(K, command, "command", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_exec_type = JSON_TYPE(K, kube_exec_rows);
#undef K

#define K struct kube_header
static const struct json_field kube_header_rows[] = {
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_STR(K, value, "value", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_header_type = JSON_TYPE(K, kube_header_rows);
#undef K

#define K struct kube_http_get
static const struct json_field kube_http_get_rows[] = {
    JF_STR(K, host, "host", JF_OMIT_EMPTY),
    JF_LIST(K, headers, "httpHeaders", JF_OMIT_EMPTY, &kube_header_type),
    JF_STR(K, path, "path", JF_OMIT_EMPTY),
    JF_STR(K, port, "port", JF_OMIT_EMPTY),
    JF_STR(K, scheme, "scheme", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_http_get_type = JSON_TYPE(K, kube_http_get_rows);
#undef K

#define K struct kube_tcp_socket
static const struct json_field kube_tcp_socket_rows[] = {
    JF_STR(K, host, "host", JF_OMIT_EMPTY),
    JF_STR(K, port, "port", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_tcp_socket_type = JSON_TYPE(K, kube_tcp_socket_rows);
#undef K

#define K struct kube_probe
static const struct json_field kube_probe_rows[] = {
    JF_PTR(K, exec, "exec", JF_OMIT_EMPTY, &kube_exec_type),
    JF_I64(K, failure_threshold, "failureThreshold", JF_OMIT_EMPTY),
    JF_PTR(K, http, "httpGet", JF_OMIT_EMPTY, &kube_http_get_type),
    JF_I64(K, initial_delay, "initialDelaySeconds", JF_OMIT_EMPTY),
    JF_I64(K, period, "periodSeconds", JF_OMIT_EMPTY),
    JF_I64(K, success_threshold, "successThreshold", JF_OMIT_EMPTY),
    JF_PTR(K, tcp, "tcpSocket", JF_OMIT_EMPTY, &kube_tcp_socket_type),
    JF_I64(K, timeout, "timeoutSeconds", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_probe_type = JSON_TYPE(K, kube_probe_rows);
#undef K

#define K struct kube_selinux
static const struct json_field kube_selinux_rows[] = {
    JF_STR(K, level, "level", JF_OMIT_EMPTY),
    JF_STR(K, role, "role", JF_OMIT_EMPTY),
    JF_STR(K, type, "type", JF_OMIT_EMPTY),
    JF_STR(K, user, "user", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_selinux_type = JSON_TYPE(K, kube_selinux_rows);
#undef K

#define K struct kube_seccomp
static const struct json_field kube_seccomp_rows[] = {
    JF_STR(K, profile, "localhostProfile", JF_OMIT_EMPTY),
    JF_STR(K, type, "type", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_seccomp_type = JSON_TYPE(K, kube_seccomp_rows);
#undef K

#define K struct kube_capabilities
static const struct json_field kube_capabilities_rows[] = {
    JF_STRV(K, add, "add", JF_OMIT_EMPTY),
    JF_STRV(K, drop, "drop", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_capabilities_type = JSON_TYPE(K, kube_capabilities_rows);
#undef K

#define K struct kube_security
static const struct json_field kube_security_rows[] = {
    JF_PBOOL(K, escalation, "allowPrivilegeEscalation", JF_OMIT_EMPTY),
    JF_PTR(K, capabilities, "capabilities", JF_OMIT_EMPTY, &kube_capabilities_type),
    JF_BOOL(K, privileged, "privileged", JF_OMIT_EMPTY),
    JF_STR(K, proc_mount, "procMount", JF_OMIT_EMPTY),
    JF_BOOL(K, read_only, "readOnlyRootFilesystem", JF_OMIT_EMPTY),
    JF_PI64(K, group, "runAsGroup", JF_OMIT_EMPTY),
    JF_PBOOL(K, non_root, "runAsNonRoot", JF_OMIT_EMPTY),
    JF_PI64(K, user, "runAsUser", JF_OMIT_EMPTY),
    JF_PTR(K, selinux, "seLinuxOptions", JF_OMIT_EMPTY, &kube_selinux_type),
    JF_PTR(K, seccomp, "seccompProfile", JF_OMIT_EMPTY, &kube_seccomp_type),
    { 0 },
};
static const struct json_type kube_security_type = JSON_TYPE(K, kube_security_rows);
#undef K

#define K struct kube_lifecycle
static const struct json_field kube_lifecycle_rows[] = {
    JF_STR(K, stop_signal, "stopSignal", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_lifecycle_type = JSON_TYPE(K, kube_lifecycle_rows);
#undef K

#define K struct kube_container
static const struct json_field kube_container_rows[] = {
    JF_STRV(K, args, "args", JF_OMIT_EMPTY),
    JF_STRV(K, command, "command", JF_OMIT_EMPTY),
    JF_LIST(K, env, "env", JF_OMIT_EMPTY, &kube_env_type),
    JF_LIST(K, env_from, "envFrom", JF_OMIT_EMPTY, &kube_env_from_type),
    JF_STR(K, image, "image", JF_OMIT_EMPTY),
    JF_STR(K, pull_policy, "imagePullPolicy", JF_OMIT_EMPTY),
    JF_PTR(K, lifecycle, "lifecycle", JF_OMIT_EMPTY, &kube_lifecycle_type),
    JF_PTR(K, liveness, "livenessProbe", JF_OMIT_EMPTY, &kube_probe_type),
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_LIST(K, ports, "ports", JF_OMIT_EMPTY, &kube_port_type),
    JF_PTR(K, readiness, "readinessProbe", JF_OMIT_EMPTY, &kube_probe_type),
    JF_PTR(K, resources, "resources", JF_OMIT_EMPTY, &kube_resources_type),
    JF_STR(K, restart_policy, "restartPolicy", JF_OMIT_EMPTY),
    JF_PTR(K, security, "securityContext", JF_OMIT_EMPTY, &kube_security_type),
    JF_PTR(K, startup, "startupProbe", JF_OMIT_EMPTY, &kube_probe_type),
    JF_BOOL(K, stdin_open, "stdin", JF_OMIT_EMPTY),
    JF_BOOL(K, tty, "tty", JF_OMIT_EMPTY),
    JF_LIST(K, mounts, "volumeMounts", JF_OMIT_EMPTY, &kube_mount_type),
    JF_STR(K, workdir, "workingDir", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_container_type = JSON_TYPE(K, kube_container_rows);
#undef K

#define K struct kube_host_path
static const struct json_field kube_host_path_rows[] = {
    JF_STR(K, path, "path", JF_OMIT_EMPTY),
    JF_STR(K, type, "type", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_host_path_type = JSON_TYPE(K, kube_host_path_rows);
#undef K

#define K struct kube_empty_dir
static const struct json_field kube_empty_dir_rows[] = {
    JF_STR(K, medium, "medium", JF_OMIT_EMPTY),
    JF_STR(K, size_limit, "sizeLimit", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_empty_dir_type = JSON_TYPE(K, kube_empty_dir_rows);
#undef K

#define K struct kube_item
static const struct json_field kube_item_rows[] = {
    JF_STR(K, key, "key", JF_OMIT_EMPTY),
    JF_STR(K, mode, "mode", JF_OMIT_EMPTY),
    JF_STR(K, path, "path", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_item_type = JSON_TYPE(K, kube_item_rows);
#undef K

#define K struct kube_config_map_volume
static const struct json_field kube_config_map_volume_rows[] = {
    JF_STR(K, default_mode, "defaultMode", JF_OMIT_EMPTY),
    JF_LIST(K, items, "items", JF_OMIT_EMPTY, &kube_item_type),
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_BOOL(K, optional, "optional", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_config_map_volume_type = JSON_TYPE(K,
                                                                      kube_config_map_volume_rows);
#undef K

#define K struct kube_secret_volume
static const struct json_field kube_secret_volume_rows[] = {
    JF_STR(K, default_mode, "defaultMode", JF_OMIT_EMPTY),
    JF_LIST(K, items, "items", JF_OMIT_EMPTY, &kube_item_type),
    JF_BOOL(K, optional, "optional", JF_OMIT_EMPTY),
    JF_STR(K, name, "secretName", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_secret_volume_type = JSON_TYPE(K, kube_secret_volume_rows);
#undef K

#define K struct kube_claim_volume
static const struct json_field kube_claim_volume_rows[] = {
    JF_STR(K, name, "claimName", JF_OMIT_EMPTY),
    JF_BOOL(K, read_only, "readOnly", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_claim_volume_type = JSON_TYPE(K, kube_claim_volume_rows);
#undef K

#define K struct kube_image_volume
static const struct json_field kube_image_volume_rows[] = {
    JF_STR(K, pull_policy, "pullPolicy", JF_OMIT_EMPTY),
    JF_STR(K, reference, "reference", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_image_volume_type = JSON_TYPE(K, kube_image_volume_rows);
#undef K

#define K struct kube_volume
static const struct json_field kube_volume_rows[] = {
    JF_PTR(K, config_map, "configMap", JF_OMIT_EMPTY, &kube_config_map_volume_type),
    JF_PTR(K, empty_dir, "emptyDir", JF_OMIT_EMPTY, &kube_empty_dir_type),
    JF_PTR(K, host_path, "hostPath", JF_OMIT_EMPTY, &kube_host_path_type),
    JF_PTR(K, image, "image", JF_OMIT_EMPTY, &kube_image_volume_type),
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_PTR(K, claim, "persistentVolumeClaim", JF_OMIT_EMPTY, &kube_claim_volume_type),
    JF_PTR(K, secret, "secret", JF_OMIT_EMPTY, &kube_secret_volume_type),
    { 0 },
};
static const struct json_type kube_volume_type = JSON_TYPE(K, kube_volume_rows);
#undef K

#define K struct kube_host_alias
static const struct json_field kube_host_alias_rows[] = {
    JF_STRV(K, names, "hostnames", JF_OMIT_EMPTY),
    JF_STR(K, ip, "ip", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_host_alias_type = JSON_TYPE(K, kube_host_alias_rows);
#undef K

#define K struct kube_dns_option
static const struct json_field kube_dns_option_rows[] = {
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_STR(K, value, "value", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_dns_option_type = JSON_TYPE(K, kube_dns_option_rows);
#undef K

#define K struct kube_dns
static const struct json_field kube_dns_rows[] = {
    JF_STRV(K, servers, "nameservers", JF_OMIT_EMPTY),
    JF_LIST(K, options, "options", JF_OMIT_EMPTY, &kube_dns_option_type),
    JF_STRV(K, searches, "searches", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_dns_type = JSON_TYPE(K, kube_dns_rows);
#undef K

#define K struct kube_sysctl
static const struct json_field kube_sysctl_rows[] = {
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_STR(K, value, "value", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_sysctl_type = JSON_TYPE(K, kube_sysctl_rows);
#undef K

#define K struct kube_pod_security
static const struct json_field kube_pod_security_rows[] = {
    JF_PI64(K, group, "runAsGroup", JF_OMIT_EMPTY),
    JF_PI64(K, user, "runAsUser", JF_OMIT_EMPTY),
    JF_PTR(K, selinux, "seLinuxOptions", JF_OMIT_EMPTY, &kube_selinux_type),
    JF_PTR(K, seccomp, "seccompProfile", JF_OMIT_EMPTY, &kube_seccomp_type),
    JF_STRV(K, supplemental_groups, "supplementalGroups", JF_OMIT_EMPTY),
    JF_LIST(K, sysctls, "sysctls", JF_OMIT_EMPTY, &kube_sysctl_type),
    { 0 },
};
static const struct json_type kube_pod_security_type = JSON_TYPE(K, kube_pod_security_rows);
#undef K

#define K struct kube_pod_spec
static const struct json_field kube_pod_spec_rows[] = {
    JF_LIST(K, containers, "containers", JF_OMIT_EMPTY, &kube_container_type),
    JF_PTR(K, dns, "dnsConfig", JF_OMIT_EMPTY, &kube_dns_type),
    JF_STR(K, dns_policy, "dnsPolicy", JF_OMIT_EMPTY),
    JF_LIST(K, host_aliases, "hostAliases", JF_OMIT_EMPTY, &kube_host_alias_type),
    JF_BOOL(K, host_ipc, "hostIPC", JF_OMIT_EMPTY),
    JF_BOOL(K, host_network, "hostNetwork", JF_OMIT_EMPTY),
    JF_BOOL(K, host_pid, "hostPID", JF_OMIT_EMPTY),
    JF_PBOOL(K, host_users, "hostUsers", JF_OMIT_EMPTY),
    JF_STR(K, hostname, "hostname", JF_OMIT_EMPTY),
    JF_LIST(K, init_containers, "initContainers", JF_OMIT_EMPTY, &kube_container_type),
    JF_STR(K, restart_policy, "restartPolicy", JF_OMIT_EMPTY),
    JF_PTR(K, security, "securityContext", JF_OMIT_EMPTY, &kube_pod_security_type),
    JF_BOOL(K, share_processes, "shareProcessNamespace", JF_OMIT_EMPTY),
    JF_PI64(K, grace, "terminationGracePeriodSeconds", JF_OMIT_EMPTY),
    JF_LIST(K, volumes, "volumes", JF_OMIT_EMPTY, &kube_volume_type),
    { 0 },
};
static const struct json_type kube_pod_spec_type = JSON_TYPE(K, kube_pod_spec_rows);
#undef K

#define K struct kube_meta
static const struct json_field kube_meta_rows[] = {
    JF_MAP(K, annotations, "annotations", JF_OMIT_EMPTY),
    JF_STR(K, created, "creationTimestamp", JF_OMIT_EMPTY),
    JF_MAP(K, labels, "labels", JF_OMIT_EMPTY),
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_STR(K, namespace, "namespace", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type kube_meta_type = JSON_TYPE(K, kube_meta_rows);
#undef K

#define K struct kube_pod
static const struct json_field kube_pod_rows[] = {
    JF_STR(K, api_version, "apiVersion", JF_OMIT_EMPTY),
    JF_STR(K, kind, "kind", JF_OMIT_EMPTY),
    JF_OBJ(K, metadata, "metadata", 0, &kube_meta_type),
    JF_OBJ(K, spec, "spec", 0, &kube_pod_spec_type),
    { 0 },
};
const struct json_type kube_pod_type = JSON_TYPE(K, kube_pod_rows);
#undef K

#define K struct kube_template
static const struct json_field kube_template_rows[] = {
    JF_OBJ(K, metadata, "metadata", 0, &kube_meta_type),
    JF_OBJ(K, spec, "spec", 0, &kube_pod_spec_type),
    { 0 },
};
static const struct json_type kube_template_type = JSON_TYPE(K, kube_template_rows);
#undef K

#define K struct kube_selector
static const struct json_field kube_selector_rows[] = {
    JF_MAP(K, match_labels, "matchLabels", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_selector_type = JSON_TYPE(K, kube_selector_rows);
#undef K

#define K struct kube_set_spec
static const struct json_field kube_set_spec_rows[] = {
    JF_PI64(K, replicas, "replicas", JF_OMIT_EMPTY),
    JF_PTR(K, selector, "selector", JF_OMIT_EMPTY, &kube_selector_type),
    JF_OBJ(K, template, "template", 0, &kube_template_type),
    { 0 },
};
static const struct json_type kube_set_spec_type = JSON_TYPE(K, kube_set_spec_rows);
#undef K

#define K struct kube_set
static const struct json_field kube_set_rows[] = {
    JF_STR(K, api_version, "apiVersion", JF_OMIT_EMPTY),
    JF_STR(K, kind, "kind", JF_OMIT_EMPTY),
    JF_OBJ(K, metadata, "metadata", 0, &kube_meta_type),
    JF_OBJ(K, spec, "spec", 0, &kube_set_spec_type),
    { 0 },
};
const struct json_type kube_set_type = JSON_TYPE(K, kube_set_rows);
#undef K

#define K struct kube_data
static const struct json_field kube_data_rows[] = {
    JF_STR(K, api_version, "apiVersion", JF_OMIT_EMPTY),
    JF_MAP(K, binary_data, "binaryData", JF_OMIT_EMPTY),
    JF_MAP(K, data, "data", JF_OMIT_EMPTY),
    JF_BOOL(K, immutable, "immutable", JF_OMIT_EMPTY),
    JF_STR(K, kind, "kind", JF_OMIT_EMPTY),
    JF_OBJ(K, metadata, "metadata", 0, &kube_meta_type),
    JF_MAP(K, string_data, "stringData", JF_OMIT_EMPTY),
    JF_STR(K, type, "type", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type kube_data_type = JSON_TYPE(K, kube_data_rows);
#undef K

#define K struct kube_claim_spec
static const struct json_field kube_claim_spec_rows[] = {
    JF_STRV(K, access_modes, "accessModes", JF_OMIT_EMPTY),
    JF_PTR(K, resources, "resources", JF_OMIT_EMPTY, &kube_resources_type),
    JF_STR(K, storage_class, "storageClassName", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_claim_spec_type = JSON_TYPE(K, kube_claim_spec_rows);
#undef K

#define K struct kube_claim
static const struct json_field kube_claim_rows[] = {
    JF_STR(K, api_version, "apiVersion", JF_OMIT_EMPTY),
    JF_STR(K, kind, "kind", JF_OMIT_EMPTY),
    JF_OBJ(K, metadata, "metadata", 0, &kube_meta_type),
    JF_OBJ(K, spec, "spec", 0, &kube_claim_spec_type),
    { 0 },
};
const struct json_type kube_claim_type = JSON_TYPE(K, kube_claim_rows);
#undef K

#define K struct kube_service_port
static const struct json_field kube_service_port_rows[] = {
    JF_STR(K, name, "name", JF_OMIT_EMPTY),
    JF_I64(K, node_port, "nodePort", JF_OMIT_EMPTY),
    JF_I64(K, port, "port", JF_OMIT_EMPTY),
    JF_STR(K, protocol, "protocol", JF_OMIT_EMPTY),
    JF_I64(K, target_port, "targetPort", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_service_port_type = JSON_TYPE(K, kube_service_port_rows);
#undef K

#define K struct kube_service_spec
static const struct json_field kube_service_spec_rows[] = {
    JF_LIST(K, ports, "ports", JF_OMIT_EMPTY, &kube_service_port_type),
    JF_MAP(K, selector, "selector", JF_OMIT_EMPTY),
    JF_STR(K, type, "type", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type kube_service_spec_type = JSON_TYPE(K, kube_service_spec_rows);
#undef K

#define K struct kube_service
static const struct json_field kube_service_rows[] = {
    JF_STR(K, api_version, "apiVersion", JF_OMIT_EMPTY),
    JF_STR(K, kind, "kind", JF_OMIT_EMPTY),
    JF_OBJ(K, metadata, "metadata", 0, &kube_meta_type),
    JF_OBJ(K, spec, "spec", 0, &kube_service_spec_type),
    { 0 },
};
const struct json_type kube_service_type = JSON_TYPE(K, kube_service_rows);
#undef K
