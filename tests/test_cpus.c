/* Quotas of control groups, in files of this test's own. */
#include "tests/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tools/cpus.h"

static char folder[] = "test_cpus_XXXXXX";

static void put(const char *path, const char *text)
{
    char line[4096];

    snprintf(line, sizeof line, "mkdir -p \"$(dirname '%s/%s')\"", folder, path);
    assert_int_equal(system(line), 0);
    snprintf(line, sizeof line, "%s/%s", folder, path);
    FILE *f = fopen(line, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void erase(void)
{
    char line[256];

    snprintf(line, sizeof line, "rm -rf '%s/proc' '%s/sys'", folder, folder);
    assert_int_equal(system(line), 0);
}

static void without_a_group_there_are_all(void **state)
{
    (void)state;
    erase();
    assert_int_equal(cpus_allowed(folder, 8), 8);
    assert_int_equal(cpus_allowed(folder, 0), 1);
    put("proc/self/cgroup", "nonsense\n\n0::/\n");
    assert_int_equal(cpus_allowed(folder, 8), 8);
    assert_true(cpus_allowed("", 1) == 1);
}

static void version_2(void **state)
{
    (void)state;
    erase();
    put("proc/self/cgroup", "0::/outer/inner\n");
    put("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
    assert_int_equal(cpus_allowed(folder, 8), 8);
    put("sys/fs/cgroup/outer/inner/cpu.max", "350000 100000\n");
    assert_int_equal(cpus_allowed(folder, 8), 3);
    assert_int_equal(cpus_allowed(folder, 2), 2);
    /* A group above grants less. */
    put("sys/fs/cgroup/outer/cpu.max", "50000 100000\n");
    assert_int_equal(cpus_allowed(folder, 8), 1);
    /* In a container the path may be the host's, and only the root is there. */
    erase();
    put("proc/self/cgroup", "0::/host/path\n");
    put("sys/fs/cgroup/cpu.max", "200000 100000\n");
    assert_int_equal(cpus_allowed(folder, 8), 2);
    put("proc/self/cgroup", "0::/\n");
    assert_int_equal(cpus_allowed(folder, 8), 2);
    put("sys/fs/cgroup/cpu.max", "rubbish\n");
    assert_int_equal(cpus_allowed(folder, 8), 8);
    put("sys/fs/cgroup/cpu.max", "100000 0\n");
    assert_int_equal(cpus_allowed(folder, 8), 8);
}

static void version_1(void **state)
{
    (void)state;
    erase();
    put("proc/self/cgroup", "5:cpuset:/a\n4:cpu,cpuacct:/a/b\n1:name=systemd:/\n");
    put("sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "100000\n"); /* another controller */
    put("sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cpus_allowed(folder, 8), 8);
    put("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "400000\n");
    assert_int_equal(cpus_allowed(folder, 8), 8); /* no period beside it */
    put("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cpus_allowed(folder, 8), 4);
    put("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "250000\n");
    assert_int_equal(cpus_allowed(folder, 8), 2);
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int end(void **state)
{
    (void)state;
    erase();
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_group_there_are_all),
        cmocka_unit_test(version_2),
        cmocka_unit_test(version_1),
    };
    return cmocka_run_group_tests_name("cpus", tests, begin, end);
}
