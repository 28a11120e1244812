/* base/limits.h: every ceiling on what an outsider can make us hold or do, in one place. */
#pragma once

#define LIMIT_JSON_FILE       (16u << 20) /* bytes of a JSON document that we read from disk */
#define LIMIT_JSON_DEPTH      128         /* nesting of a JSON document */
#define LIMIT_YAML_NODES      200000u     /* values of one YAML stream, aliases followed */
#define LIMIT_YAML_BYTES      (16u << 20) /* bytes of their text */
#define LIMIT_YAML_DOCUMENTS  1024        /* documents of one stream */
#define LIMIT_MANIFEST        (4u << 20)  /* bytes of a manifest or index from a registry/archive */
#define LIMIT_IMAGE_CONFIG    (8u << 20)  /* bytes of an image configuration */
#define LIMIT_LAYERS          500         /* layers of one image */
#define LIMIT_HISTORY         4096        /* history entries of one image */
#define LIMIT_ENV             65536       /* environment entries of a container */
#define LIMIT_CONFIG_FILE     (4u << 20)  /* bytes of a containers.conf, storage.conf, ... */
#define LIMIT_UNIT_FILE       (1u << 20)  /* bytes of one unit file of systemd or quadlet */
#define LIMIT_QUADLET_FILE    (16u << 20) /* bytes of a file that is installed beside a quadlet */
#define LIMIT_ENV_FILE        (4u << 20)  /* bytes of an --env-file or label file */
#define LIMIT_TEMPLATE        (64u << 10) /* bytes of a --format template */
#define LIMIT_TEMPLATE_OUTPUT (64u << 20) /* bytes that one template may print */
#define LIMIT_HTTP_HEADER     (64u << 10) /* bytes of one HTTP answer's headers */
#define LIMIT_CONTROL_MESSAGE (1u << 20)  /* bytes of one request on a monitor's socket */
#define LIMIT_API_BODY        (16u << 20) /* bytes of a JSON body that the API is sent */
#define LIMIT_LSM_FILE                                                                             \
    (4u << 20) /* the list of loaded AppArmor profiles, an SELinux policy's file */
#define LIMIT_PASSWD_FILE   (8u << 20)     /* bytes of a container's /etc/passwd or group */
#define LIMIT_SUBSCRIPTIONS (16u << 20)    /* bytes that mounts.conf has copied into a container */
#define LIMIT_LOG_LINE      (16u << 10)    /* bytes of one partial log line before it is split */
#define LIMIT_TAR_ENTRIES   2000000u       /* entries of one layer */
#define LIMIT_TAR_PATH      4096           /* bytes of one path in a layer */
#define LIMIT_LAYER_BYTES   (256ull << 30) /* unpacked bytes of one layer */
#define LIMIT_CONTEXT_BYTES (64ll << 30)   /* bytes of what a build fetches from one URL */
