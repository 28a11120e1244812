#include "cli/commands.h"

#include "base/banned.h"

/* The scripts only carry words to `podman __complete` and its answer to the shell. */

static const char bash_script[] =
    "# bash completion for podman\n"
    "_podman()\n"
    "{\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words out directive cur\n"
    "    read -ra words <<< \"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=(\"\")\n"
    "    cur=${words[${#words[@]}-1]}\n"
    "    out=$(\"${words[0]}\" __completeNoDesc \"${words[@]:1}\" 2>/dev/null) || return\n"
    "    directive=${out##*:}\n"
    "    out=${out%:*}\n"
    "    [[ $cur == --*=* ]] && cur=${cur#*=}\n"
    "    case $directive in\n"
    "    0) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
    "    16) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
    "    *) mapfile -t COMPREPLY < <(compgen -W \"$out\" -- \"$cur\") ;;\n"
    "    esac\n"
    "    # readline replaces only what follows the last colon\n"
    "    if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then\n"
    "        COMPREPLY=(\"${COMPREPLY[@]#\"${cur%:*}:\"}\")\n"
    "    fi\n"
    "}\n"
    "complete -F _podman podman\n";

static const char zsh_script[] =
    "#compdef podman\n"
    "_podman()\n"
    "{\n"
    "    local -a lines entries\n"
    "    local directive line cur=${words[CURRENT]}\n"
    "    lines=(\"${(@f)$(${words[1]} __complete \"${(@Q)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "    directive=${lines[-1]#:}\n"
    "    for line in \"${(@)lines[1,-2]}\"; do\n"
    "        [[ -n $line ]] && entries+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
    "    done\n"
    "    [[ $cur == --*=* ]] && compset -P '*='\n"
    "    case $directive in\n"
    "    0) _files ;;\n"
    "    16) _files -/ ;;\n"
    "    *) _describe 'podman' entries ;;\n"
    "    esac\n"
    "}\n"
    "if [ \"$funcstack[1]\" = \"_podman\" ]; then\n"
    "    _podman\n"
    "else\n"
    "    compdef _podman podman\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion for podman\n"
    "function __podman_complete\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    set -l out ($words[1] __complete $words[2..-1] 2>/dev/null)\n"
    "    set -l cur (commandline -ct)\n"
    "    set -l prefix (string match -r -- '^--[^=]*=' $cur)\n"
    "    switch $out[-1]\n"
    "        case ':0'\n"
    "            __fish_complete_path (string replace -r -- '^--[^=]*=' '' $cur)\n"
    "        case ':16'\n"
    "            __fish_complete_directories (string replace -r -- '^--[^=]*=' '' $cur)\n"
    "        case '*'\n"
    "            for line in $out[1..-2]\n"
    "                echo $prefix$line\n"
    "            end\n"
    "    end\n"
    "end\n"
    "complete -c podman -e\n"
    "complete -c podman -f -a '(__podman_complete)'\n";

static const struct {
    const char *shell, *script;
} scripts[] = { { "bash", bash_script }, { "zsh", zsh_script }, { "fish", fish_script } };

struct completion_args {
    char *file;
    bool no_desc;
};

static int write_script(const struct completion_args *o, const char *script, struct err *err)
{
    AUTO_FCLOSE FILE *f = o->file ? fopen(o->file, "we") : NULL;
    FILE *out = o->file ? f : stdout;

    if (!out || fputs(script, out) == EOF || fflush(out) != 0)
        return err_sys(err, errno, "writing %s", o->file ? o->file : "stdout");
    return 0;
}

static int completion_run(struct cmd_ctx *x, void *args)
{
    const struct completion_args *o = args;
    const char *shell = x->args[0];

    for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
        if (STR_EQ(scripts[i].shell, shell))
            return write_script(o, scripts[i].script, x->err);
    if (STR_EQ(shell, "powershell"))
        return err_set(x->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "completion for powershell is not supported yet");
    return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid argument \"%s\" for \"%s\"", shell,
                   x->path);
}

static const struct opt completion_opts[] = {
    O_STR('f', "file", struct completion_args, file, "file",
          "Output the completion to file rather than stdout", .complete = COMPLETE_FILE),
    O_BOOL(0, "no-desc", struct completion_args, no_desc, "Do not show descriptions",
           .flags = OPTF_UNSUPPORTED),
    { 0 },
};
static const struct opt *const completion_tables[] = { completion_opts, NULL };
static const char *const completion_examples[] = { "podman completion bash",
                                                   "podman completion zsh -f _podman", NULL };
const struct cmd cmd_completion = {
    .name = "completion",
    .summary = "Generate shell completion scripts",
    .usage = "[options] {bash|zsh|fish|powershell}",
    .description = "Generate shell completion scripts.",
    .examples = completion_examples,
    .min_args = 1,
    .max_args = 1,
    .flags = CMD_HIDDEN | CMD_NO_ENGINE,
    .opts = completion_tables,
    .args_size = sizeof(struct completion_args),
    .run = completion_run,
};
