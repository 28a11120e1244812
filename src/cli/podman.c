#include "cli/cmd.h"
#include "cli/commands.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv, &cmd_podman);
}
