/*
 * A fuzz target without libFuzzer: gives it every file of its corpus once, and
 * prints the count that tests/run reads.  A crash, or a sanitizer's report,
 * ends the program before it has printed one.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void fail(const char *what, const char *path)
{
	fprintf(stderr, "cannot %s %s\n", what, path);
	exit(EXIT_FAILURE);
}

static void replay(const char *directory, const char *name)
{
	char path[4096];
	long size;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "rb");

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
		fail("open", path);
	rewind(file);
	/* Exactly as large as the file, so that a read behind its end is seen. */
	uint8_t *data = malloc((size_t)size + (size == 0));

	if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size)
		fail("read", path);
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
}

int main(int count, char **arguments)
{
	const char *directory = count > 1 ? arguments[1] : LP_CORPUS;
	DIR *corpus = opendir(directory);
	const struct dirent *entry;
	unsigned int replayed = 0;

	if (corpus == NULL)
		fail("open the corpus", directory);
	while ((entry = readdir(corpus)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		replay(directory, entry->d_name);
		replayed++;
	}
	closedir(corpus);
	if (replayed == 0)
		fail("find a case in", directory);
	printf("%u passed, 0 failed\n", replayed);
	return EXIT_SUCCESS;
}
