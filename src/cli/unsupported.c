#include "cli/cli_priv.h"

#include "base/banned.h"

/* Every command of Podman, so that one which is not built yet says so.  The tree in commands.c is
 * looked at first: a name may stay here when its command arrives.  One string instead of an array:
 * nothing to relocate when the program starts. */
/* clang-format off */
static const char names[] =
    "artifact\0" "artifact add\0" "artifact extract\0" "artifact inspect\0" "artifact ls|list\0"
    "artifact pull\0" "artifact push\0" "artifact rm|remove\0" "attach\0" "auto-update\0" "build\0"
    "buildx|builder\0" "buildx|builder build\0" "buildx|builder inspect\0" "buildx|builder prune\0"
    "buildx|builder version\0" "commit\0" "completion\0" "compose\0" "container\0"
    "container attach\0" "container checkpoint\0" "container cleanup\0" "container clone\0"
    "container commit\0" "container cp\0" "container create\0" "container diff\0"
    "container exec\0" "container exists\0" "container export\0" "container init\0"
    "container inspect\0" "container kill\0" "container list|ls\0" "container logs\0"
    "container mount\0" "container pause\0" "container port\0" "container prune\0" "container ps\0"
    "container rename\0" "container restart\0" "container restore\0" "container rm\0"
    "container run\0" "container runlabel\0" "container start\0" "container stats\0"
    "container stop\0" "container top\0" "container unmount|umount\0" "container unpause\0"
    "container update\0" "container wait\0" "context\0" "context create\0" "context inspect\0"
    "context list|ls\0" "context remove|rm\0" "context use\0" "cp\0" "create\0" "diff\0" "events\0"
    "exec\0" "export\0" "farm\0" "farm build\0" "farm create\0" "farm list|ls\0" "farm remove|rm\0"
    "farm update\0" "generate\0" "generate kube\0" "generate spec\0" "generate systemd\0"
    "healthcheck\0" "healthcheck run\0" "history\0" "image\0" "image build\0" "image diff\0"
    "image exists\0" "image history\0" "image import\0" "image inspect\0" "image list|ls\0"
    "image load\0" "image mount\0" "image prune\0" "image pull\0" "image push\0" "image rm\0"
    "image save\0" "image scp\0" "image search\0" "image sign\0" "image tag\0" "image tree\0"
    "image trust\0" "image trust set\0" "image trust show\0" "image unmount|umount\0"
    "image untag\0" "images\0" "import\0" "info\0" "init\0" "inspect\0" "kill\0" "kube\0"
    "kube apply\0" "kube down\0" "kube generate\0" "kube play\0" "load\0" "login\0" "logout\0"
    "logs\0" "machine\0" "machine client9p\0" "machine cp\0" "machine info\0" "machine init\0"
    "machine inspect\0" "machine list|ls\0" "machine os\0" "machine os apply\0"
    "machine os upgrade\0" "machine reset\0" "machine rm\0" "machine set\0" "machine ssh\0"
    "machine start\0" "machine stop\0" "manifest\0" "manifest add\0" "manifest annotate\0"
    "manifest create\0" "manifest exists\0" "manifest inspect\0" "manifest push\0"
    "manifest remove\0" "manifest rm\0" "mount\0" "network\0" "network connect\0"
    "network create\0" "network disconnect\0" "network exists\0" "network inspect\0"
    "network ls|list\0" "network prune\0" "network reload\0" "network rm|remove\0"
    "network update\0" "pause\0" "play\0" "play kube\0" "pod\0" "pod clone\0" "pod create\0"
    "pod exists\0" "pod inspect\0" "pod kill\0" "pod logs\0" "pod pause\0" "pod prune\0"
    "pod ps|ls|list\0" "pod restart\0" "pod rm\0" "pod start\0" "pod stats\0" "pod stop\0"
    "pod top\0" "pod unpause\0" "port\0" "ps\0" "pull\0" "push\0" "quadlet\0" "quadlet install\0"
    "quadlet list|ls\0" "quadlet print|cat\0" "quadlet rm\0" "rename\0" "restart\0" "rm\0" "rmi\0"
    "run\0" "save\0" "search\0" "secret\0" "secret create\0" "secret exists\0" "secret inspect\0"
    "secret ls|list\0" "secret rm\0" "start\0" "stats\0" "stop\0" "system\0" "system check\0"
    "system connection\0" "system connection add\0" "system connection default\0"
    "system connection list|ls\0" "system connection remove|rm\0" "system connection rename|mv\0"
    "system df\0" "system dial-stdio\0" "system events\0" "system info\0" "system locks\0"
    "system migrate\0" "system prune\0" "system renumber\0" "system reset\0" "system service\0"
    "tag\0" "top\0" "unmount|umount\0" "unpause\0" "unshare\0" "untag\0" "update\0" "version\0"
    "volume\0" "volume create\0" "volume exists\0" "volume export\0" "volume import\0"
    "volume inspect\0" "volume ls|list\0" "volume mount\0" "volume prune\0" "volume reload\0"
    "volume rm|remove\0" "volume unmount\0" "wait\0";
/* clang-format on */

/* Does @word equal one of the alternatives "a|b|c" of @n bytes? */
static bool one_of(const char *alternatives, size_t n, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && alternatives[end] != '|')
            end++;
        if (end - i == len && memcmp(alternatives + i, word, len) == 0)
            return true;
        i = end + 1;
    }
    return false;
}

/* How many words of @words the row takes; 0 when it does not match. */
static int match(const char *row, char *const *words)
{
    int n = 0;

    for (const char *p = row;; p++, n++) {
        size_t len = strcspn(p, " ");
        if (!words[n] || !one_of(p, len, words[n]))
            return 0;
        p += len;
        if (!*p)
            return n + 1;
    }
}

int unsupported_words(char *const *words)
{
    int best = 0;

    for (const char *row = names; *row; row += strlen(row) + 1) {
        int n = match(row, words);
        best = MAX(best, n);
    }
    return best;
}
