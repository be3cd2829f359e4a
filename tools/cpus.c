/* Quotas of control groups: a group and every group above it may grant less time than there is.
 *
 * /proc/self/cgroup says where the process stands: "0::/a/b" in version 2, where a/b/cpu.max holds
 * "max 100000" or "150000 100000" (microseconds of each period), and "4:cpu,cpuacct:/a/b" in
 * version 1, where cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us hold the two. Inside a
 * container the path may be that of the host; the walk upwards then ends at the container's own
 * root.
 */
#include "tools/cpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* The first line of a file without its end; 0 when there is none. */
static int read_line(char *line, size_t size, const char *path)
{
    FILE *f = fopen(path, "r");
    int found = f != NULL && fgets(line, (int)size, f) != NULL;

    if (f != NULL)
        fclose(f);
    if (found)
        line[strcspn(line, "\n")] = '\0';
    return found;
}

/* Processors by quota and period, rounded down to at least 1; `known` when there is no quota. */
static int share(double quota, double period, int known)
{
    double whole = quota / period;

    if (!(quota > 0.0 && period > 0.0) || whole >= (double)known)
        return known;
    return whole < 1.0 ? 1 : (int)whole;
}

static int of_version_2(const char *folder, int known)
{
    char path[PATH_BYTES + 32], line[128], *end;

    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!read_line(line, sizeof line, path) || strncmp(line, "max", 3) == 0)
        return known;
    double quota = strtod(line, &end);
    return share(quota, strtod(end, NULL), known);
}

static int of_version_1(const char *folder, int known)
{
    char path[PATH_BYTES + 32], quota[128], period[128];

    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!read_line(quota, sizeof quota, path))
        return known;
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!read_line(period, sizeof period, path))
        return known;
    return share(strtod(quota, NULL), strtod(period, NULL), known);
}

/* The group's folder and all above it, down from the least. */
static int walk(const char *mount, const char *group, int known,
                int (*quota)(const char *folder, int known))
{
    char folder[PATH_BYTES];
    size_t least = strlen(mount);
    int n = snprintf(folder, sizeof folder, "%s%s", mount, group);

    if (n < 0 || (size_t)n >= sizeof folder)
        return known;
    for (;;) {
        known = quota(folder, known);
        char *slash = strrchr(folder, '/');
        if (strlen(folder) <= least || slash == NULL)
            return known;
        *slash = '\0';
    }
}

/* Whether a list "a,b,c" has a name. */
static int listed(const char *list, size_t length, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i + n <= length; i++)
        if (strncmp(list + i, name, n) == 0 && (i == 0 || list[i - 1] == ',') &&
            (i + n == length || list[i + n] == ','))
            return 1;
    return 0;
}

/* One line of /proc/self/cgroup: NUMBER:CONTROLLERS:PATH. */
static int of_line(const char *root, char *line, int known)
{
    char mount[PATH_BYTES];
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

    if (group == NULL)
        return known;
    controllers++;
    size_t length = (size_t)(group - controllers);
    group[strcspn(group, "\n")] = '\0';
    if (length == 0) {
        snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root);
        return walk(mount, group + 1, known, of_version_2);
    }
    if (!listed(controllers, length, "cpu"))
        return known;
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/%.*s", root, (int)length, controllers);
    return walk(mount, group + 1, known, of_version_1);
}

int cpus_allowed(const char *root, int processors)
{
    char path[PATH_BYTES], line[PATH_BYTES];
    int known = processors > 1 ? processors : 1;

    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        known = of_line(root, line, known);
    if (f != NULL)
        fclose(f);
    return known;
}
