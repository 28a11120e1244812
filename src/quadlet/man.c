/* podman-systemd.unit(5), written from the tables of keys, so that it says what the generator does. */
#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

/* Keys that are no option of podman's, or more than one. */
static const struct {
    const char *name, *text;
} texts[] = {
    { "Artifact", "The artifact to pull." },
    { "CgroupsMode",
      "The value of --cgroups; split, so that the container is in the service's cgroup." },
    { "ConfigMap", "A file for --configmap; a relative path is seen from the unit." },
    { "ContainerName", "The container's name; systemd-%N." },
    { "ContainersConfModule", "A module of containers.conf(5), as podman --module." },
    { "Copy", "Whether the volume takes what the image has at its place: --opt copy or nocopy." },
    { "Device", "What is mounted as the volume: --opt device=." },
    { "Driver", "The driver; image needs Image=." },
    { "Entrypoint", "Instead of the image's; empty takes that away." },
    { "EnvironmentFile", "Files of variables; a relative path is seen from the unit, - before it: "
                         "it may be missing." },
    { "Exec", "What the container runs: a command line as of systemd.service(5)." },
    { "ExitPolicy", "What the pod does when its last container has ended; stop." },
    { "Gateway", "The gateway of the subnet at the same place." },
    { "GID", "The same as Group=, by number." },
    { "GlobalArgs", "Options that stand before the command." },
    { "Group", "The group beside User=." },
    { "IPRange", "The range of the subnet at the same place." },
    { "Image", "The image. X.image and X.build stand for what those quadlets make." },
    { "ImageTag", "The name by which others refer to the image, where it is pulled by another." },
    { "KubeDownForce", "Remove volumes too when the service stops." },
    { "Mount", "As podman run --mount; a source may be X.volume, X.image, X.build or X.artifact." },
    { "Network", "As --network; X.network and X.container stand for what those quadlets make." },
    { "NetworkDeleteOnStop", "Remove the network when the service stops." },
    { "NetworkName", "The network's name; systemd- and the unit's." },
    { "Notify",
      "yes: the container itself says when it is ready; healthy: when its health check passes." },
    { "Options", "Mount options of Device=: --opt o=." },
    { "Pod", "X.pod: the container belongs to it." },
    { "PodName", "The pod's name; systemd- and the unit's." },
    { "PodmanArgs", "Further options, as they are." },
    { "ReadOnlyTmpfs", "--read-only-tmpfs" },
    { "ReloadCmd", "Run in the container when the service is reloaded." },
    { "ReloadSignal", "Sent to the container when the service is reloaded." },
    { "RemapGid", "Deprecated: GIDMap=." },
    { "RemapUid", "Deprecated: UIDMap=." },
    { "RemapUidSize", "Deprecated: UserNS=auto:size=." },
    { "RemapUsers", "Deprecated: UserNS=, UIDMap=, GIDMap=." },
    { "Rootfs", "A directory instead of an image." },
    { "ServiceName", "The service's name, without .service." },
    { "SetWorkingDirectory", "Where relative paths are seen from: unit, file or yaml, or a path; "
                             "of a build also the context." },
    { "StartWithPod", "Whether the pod starts the container; yes." },
    { "StopTimeout", "Seconds that the pod has to stop; 10." },
    { "Subnet", "A subnet; several times for several." },
    { "Type", "The file system of Device=: --opt type=." },
    { "UID", "The same as User=, by number." },
    { "User", "Of the container's first process, or the volume's owner." },
    { "VolatileTmp", "Deprecated: Tmpfs=." },
    { "VolumeName", "The volume's name; systemd- and the unit's." },
    { "Yaml", "The file; a relative path is seen from the unit." },
};

const char *quadlet_key_text(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (STR_EQ(texts[i].name, key))
            return texts[i].text;
    return NULL;
}

/* As roff wants it: a dash is a hyphen unless it is escaped, a dot begins no line. */
static void put(struct buf *b, const char *text)
{
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            buf_putc(b, '\\');
        buf_putc(b, *text);
    }
}

static void put_key(struct buf *b, const struct quadlet_key *key)
{
    static const char *const how[] = {
        [KEY_EACH] = " for each value",
        [KEY_WORDS] = " for each word",
        [KEY_ARGS] = " for each word",
        [KEY_PAIRS] = " for each KEY=VALUE",
    };
    const char *text = key->use == KEY_OTHER || key->use == KEY_CALL || key->use == KEY_RAW
                           ? quadlet_key_text(key->name)
                           : NULL;

    buf_printf(b, ".TP\n.B %s=\n", key->name);
    if (text) {
        put(b, text);
    } else {
        put(b, key->option);
        if (key->format) {
            buf_puts(b, " ");
            const char *hole = strstr(key->format, "%s");
            AUTO_ARENA a = { 0 };
            put(b, hole ? arena_printf(&a, "%.*sVALUE", (int)(hole - key->format), key->format)
                        : key->format);
        }
        if ((size_t)key->use < ARRAY_SIZE(how) && how[key->use])
            buf_puts(b, how[key->use]);
    }
    buf_putc(b, '\n');
}

static const char head[] =
    ".TH PODMAN-SYSTEMD.UNIT 5\n"
    ".SH NAME\n"
    "podman\\-systemd.unit \\- systemd units for containers: quadlets\n"
    ".SH SYNOPSIS\n"
    "name.container, name.pod, name.volume, name.network, name.image, name.artifact, name.build, "
    "name.kube\n"
    ".SH DESCRIPTION\n"
    "A quadlet is a unit file as systemd's own, with one more section. At boot and at each\n"
    ".B systemctl daemon\\-reload\n"
    "a generator makes a service of it: name.container becomes name.service, the others\n"
    "name\\-pod.service, name\\-volume.service and so on, name.kube name.service.\n"
    "What the other sections say stays, and drop\\-ins (name.container.d/*.conf, "
    "container.d/*.conf), templates\n"
    "(name@.container) and specifiers (%i) work as in systemd.unit(5). A name of another quadlet "
    "in After=, Requires= and\n"
    "their like means its service.\n"
    ".PP\n"
    "Quadlets of the system are looked for in /run/containers/systemd, /etc/containers/systemd "
    "and\n"
    "/usr/share/containers/systemd; a user's in $XDG_RUNTIME_DIR/containers/systemd, "
    "~/.config/containers/systemd,\n"
    "/etc/containers/systemd/users/UID and /etc/containers/systemd/users; directories below too. "
    "$QUADLET_UNIT_DIRS\n"
    "takes the place of all. The first file of a name wins.\n"
    ".PP\n"
    ".B quadlet \\-dryrun\n"
    "(in podman's libexec directory) prints the services; with\n"
    ".B \\-user\n"
    "those of a user.\n"
    ".SH EXAMPLE\n"
    ".nf\n"
    "[Container]\n"
    "Image=docker.io/library/busybox\n"
    "Exec=httpd \\-f \\-h /data\n"
    "Volume=site.volume:/data\n"
    "PublishPort=8080:80\n"
    "\n"
    "[Install]\n"
    "WantedBy=default.target\n"
    ".fi\n";
static const char tail[] = ".SH [Quadlet]\n"
                           ".TP\n.B DefaultDependencies=\n"
                           "no: the service does not wait for the network.\n"
                           ".SH [Install]\n"
                           "Alias=, WantedBy=, RequiredBy=, UpheldBy= and, of templates, "
                           "DefaultInstance= are obeyed by the generator: a\n"
                           "generated service cannot be enabled.\n"
                           ".SH SEE ALSO\n"
                           "podman\\-quadlet(1), podman\\-run(1), podman\\-auto\\-update(1), "
                           "systemd.unit(5), systemd.service(5)\n";

void quadlet_man(struct buf *b)
{
    buf_puts(b, head);
    for (size_t i = 0; i < QUADLET_KIND_COUNT; i++) {
        buf_printf(b, ".SH [%s]\n", quadlet_kinds[i].section);
        for (const struct quadlet_key *key = quadlet_kinds[i].keys; key->name; key++)
            put_key(b, key);
    }
    buf_puts(b, tail);
}
