/* Sets of images: what a file is, labels, marks of lossy records, folders of either kind. */
#define _POSIX_C_SOURCE 200809L

#include "tests/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/dataset.h"
#include "tools/result.h"

enum { RECORD = 3073, AREA = 3072 };

/* Two images of 2x3, and their labels. */
static const uint8_t images[28] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                                   0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255};
static const uint8_t labels[10] = {0, 0, 8, 1, 0, 0, 0, 2, 9, 4};
static uint8_t batch[3 * RECORD];
static char why[512];

static int make(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof batch; i++)
        batch[i] = (uint8_t)(i * 7 % 253);
    batch[0] = 3;
    batch[RECORD] = 0;
    batch[2 * RECORD] = 9;
    return 0;
}

static void refuse(const uint8_t *bytes, size_t size)
{
    dataset d;
    why[0] = '\0';
    assert_int_equal(dataset_parse(&d, bytes, size, why, sizeof why), TOOL_ERR_FORMAT);
    assert_null(d.pixels);
    assert_null(d.labels);
    assert_true(why[0] != '\0');
}

static void idx_files(void **state)
{
    (void)state;
    dataset d;
    uint8_t wrong[10];
    assert_int_equal(dataset_parse(&d, images, sizeof images, why, sizeof why), TOOL_OK);
    assert_int_equal(d.count, 2);
    assert_int_equal(d.c, 1);
    assert_int_equal(d.h, 2);
    assert_int_equal(d.w, 3);
    assert_memory_equal(d.pixels, images + 16, 12);
    assert_null(d.labels);
    memcpy(wrong, labels, sizeof wrong);
    wrong[7] = 1;
    assert_int_equal(dataset_parse_labels(&d, wrong, 9, why, sizeof why), TOOL_ERR_FORMAT);
    assert_int_equal(dataset_parse_labels(&d, images, 28, why, sizeof why), TOOL_ERR_FORMAT);
    assert_null(d.labels);
    assert_int_equal(dataset_parse_labels(&d, labels, 10, why, sizeof why), TOOL_OK);
    assert_int_equal(d.labels[0], 9);
    assert_int_equal(dataset_parse_labels(&d, labels, 10, why, sizeof why), TOOL_ERR_FORMAT);
    dataset_free(&d);
    assert_null(d.pixels);
    for (size_t cut = 0; cut < sizeof images; cut++)
        refuse(images, cut);
    refuse(labels, sizeof labels);
}

static void batches(void **state)
{
    (void)state;
    dataset d;
    assert_int_equal(dataset_parse(&d, batch, sizeof batch, why, sizeof why), TOOL_OK);
    assert_int_equal(d.count, 3);
    assert_int_equal(d.c, 3);
    assert_int_equal(d.h, 32);
    assert_int_equal(d.w, 32);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(d.labels[i], batch[i * RECORD]);
        assert_memory_equal(d.pixels + i * AREA, batch + i * RECORD + 1, AREA);
    }
    assert_int_equal(dataset_parse_labels(&d, labels, 10, why, sizeof why), TOOL_ERR_FORMAT);
    dataset_free(&d);
    refuse(batch, sizeof batch - 1);
    batch[RECORD] = 10;
    refuse(batch, sizeof batch);
    assert_non_null(strstr(why, "record 1"));
    batch[RECORD] = 0;
    /* a batch that begins like an IDX file of images is one all the same */
    uint8_t kept[4];
    static const uint8_t head[4] = {0, 0, 8, 3};
    memcpy(kept, batch, 4);
    memcpy(batch, head, 4);
    assert_int_equal(dataset_parse(&d, batch, sizeof batch, why, sizeof why), TOOL_OK);
    assert_int_equal(d.c, 3);
    dataset_free(&d);
    memcpy(batch, kept, 4);
}

static void marks(void **state)
{
    (void)state;
    static const char list[] = "# file record label\nb.bin 0 3\n\nb.bin 2 9 \nother.bin 7 1\n";
    static const char *const bad[] = {"b.bin 3 1\n", "b.bin 1 5\n", "b.bin 1\n", "b.bin x 1\n",
                                      "b.bin 1 0 5\n"};
    dataset d;
    assert_int_equal(dataset_parse(&d, batch, sizeof batch, why, sizeof why), TOOL_OK);
    assert_int_equal(dataset_lossy(&d, 0, 3), 0);
    assert_int_equal(
        dataset_mark(&d, (const uint8_t *)list, sizeof list - 1, "b.bin", 0, 3, why, sizeof why),
        TOOL_OK);
    assert_int_equal(dataset_lossy(&d, 0, 3), 2);
    assert_int_equal(dataset_lossy(&d, 1, 1), 0);
    assert_int_equal(d.lossy[2], 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(dataset_mark(&d, (const uint8_t *)bad[i], strlen(bad[i]), "b.bin", 0, 3,
                                      why, sizeof why),
                         TOOL_ERR_FORMAT);
    dataset_free(&d);
}

/* ---- files
 */

static char folder[] = "test_dataset_XXXXXX";

static void put(const char *name, const void *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void drop(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static int read_both(dataset *train, dataset *test)
{
    int code = dataset_read_folder(train, test, folder);
    if (code != CLI_OK) {
        assert_null(train->pixels);
        assert_null(test->pixels);
    }
    return code;
}

static void folders(void **state)
{
    (void)state;
    static const char *const idx[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                      "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    dataset train, test;
    char path[128], name[32];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(read_both(&train, &test), CLI_NO_FILE);
    for (int i = 0; i < 4; i++) {
        put(idx[i], i % 2 ? labels : images, i % 2 ? sizeof labels : sizeof images);
        if (i < 3)
            assert_int_equal(read_both(&train, &test), CLI_NO_FILE);
    }
    assert_int_equal(read_both(&train, &test), CLI_OK);
    assert_int_equal(train.count, 2);
    assert_int_equal(test.labels[1], 4);
    dataset_free(&train);
    dataset_free(&test);
    snprintf(path, sizeof path, "%s/%s", folder, idx[0]);
    assert_int_equal(dataset_read(&train, path, NULL), CLI_OK);
    assert_null(train.labels);
    assert_null(train.lossy);
    dataset_free(&train);
    for (int i = 0; i < 4; i++)
        drop(idx[i]);

    put("test_batch.bin", batch, sizeof batch);
    for (int b = 1; b <= 5; b++) {
        assert_int_equal(read_both(&train, &test), CLI_NO_FILE);
        snprintf(name, sizeof name, "data_batch_%d.bin", b);
        put(name, batch + (b % 2 ? 0 : RECORD), (size_t)(b % 2 ? 3 : 2) * RECORD);
    }
    assert_int_equal(read_both(&train, &test), CLI_OK);
    assert_int_equal(train.count, 13);
    assert_int_equal(test.count, 3);
    assert_null(test.lossy);
    assert_int_equal(train.labels[3], 0);
    assert_memory_equal(train.pixels + 4 * AREA, batch + 2 * RECORD + 1, AREA);
    dataset_free(&train);
    dataset_free(&test);
    put("lossy-records.txt", "test_batch.bin 1 0\ndata_batch_2.bin 1 9\n", 40);
    assert_int_equal(read_both(&train, &test), CLI_OK);
    assert_int_equal(dataset_lossy(&test, 0, 3), 1);
    assert_int_equal(test.lossy[1], 1);
    assert_int_equal(dataset_lossy(&train, 0, 13), 1);
    assert_int_equal(train.lossy[4], 1);
    dataset_free(&train);
    dataset_free(&test);
    snprintf(path, sizeof path, "%s/test_batch.bin", folder);
    assert_int_equal(dataset_read(&test, path, NULL), CLI_OK);
    assert_int_equal(test.lossy[1], 1);
    dataset_free(&test);
    put("lossy-records.txt", "test_batch.bin 1 1\n", 19);
    assert_int_equal(read_both(&train, &test), CLI_DAMAGED);
    put("lossy-records.txt", "", 0);
    put("data_batch_3.bin", images, sizeof images);
    assert_int_equal(read_both(&train, &test), CLI_DAMAGED);
    for (int b = 1; b <= 5; b++) {
        snprintf(name, sizeof name, "data_batch_%d.bin", b);
        drop(name);
    }
    drop("test_batch.bin");
    drop("lossy-records.txt");
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_files),
        cmocka_unit_test(batches),
        cmocka_unit_test(marks),
        cmocka_unit_test(folders),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
