/* spec/zone.h: who has which name and address on a network, for the monitors that answer names.
 *
 * Below the run directory of all containers,
 *
 *   dns/<network>/names/<name in lower case>/<container ID>   -> "10.89.0.2,fd00::2"
 *   dns/<network>/addresses/<address>                         -> "<container ID>,<name>"
 *
 * each a symbolic link, whose making is atomic and whose reading is one system call: an answer costs the
 * same on a network with one container and with a thousand, a change is seen at once, and nothing has
 * to be told to anybody.  An entry counts only while its container's `alive` is locked: what killed
 * processes left behind is never answered, and is overwritten by the next who wants the place. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* @run: the run directory of all containers (store->run_fd).  Names that no DNS label can be are left out. */
int zone_add(int run, const char *network, const char *id, char *const *names,
             char *const *addresses, struct err *err) MUST_CHECK;
/* Everything of container @id with these names and addresses; what is not there is no error. */
void zone_remove(int run, const char *network, const char *id, char *const *names,
                 char *const *addresses);
/* The whole network, when it is removed. */
int zone_drop(int run, const char *network) MUST_CHECK;

/* The addresses of all living containers with that name, v4 and v6 as text; NULL when nobody has it. */
char **zone_lookup(int run, struct arena *a, const char *network, const char *name);
/* The name of the living container at @address (text, as inet_ntop writes it), or NULL. */
char *zone_reverse(int run, struct arena *a, const char *network, const char *address);
