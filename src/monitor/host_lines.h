/* monitor/host_lines.h: the host's own address in the container's /etc/hosts (host.containers.internal, host-gateway).
 *
 * Where a container knows its host by an address that the host has towards the outside, and not by a bridge's, the
 * engine leaves the lines that say so in <run dir>/host_lines.  When the host has another address, these lines change in
 * place, as far as they are still there; whatever else is in the file is the user's. */
#pragma once

#include "monitor/monitor.h"

/* Watches the host's addresses, if there are such lines. */
void host_lines_watch(struct monitor *m);

/* @hosts with each line of @lines that it has about @address; NULL: there is none.  The caller frees. */
char *host_lines_change(const char *hosts, const char *lines, const char *address);
