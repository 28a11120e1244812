#include "oci/oci.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include "oci/sys.h"

#include "base/banned.h"

void oci_protect_self(char *const *argv)
{
    struct statvfs vfs;

    /* Not writable for us, so neither for a container's root who is us or less. */
    if (faccessat(AT_FDCWD, "/proc/self/exe", W_OK, AT_EACCESS) < 0 && errno != ETXTBSY)
        return;
    AUTO_CLOSE int exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    if (exe < 0 || fstatvfs(exe, &vfs) < 0 || (vfs.f_flag & ST_RDONLY))
        return;
    AUTO_CLOSE int tree = open_tree(exe, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
    if (tree < 0 || sys_mount_setattr(tree, 0, &ro) < 0)
        return;
    fexecve(tree, argv, environ);
}
