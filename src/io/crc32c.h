/*
** crc32c.h - the checksum of TFRecord files: CRC-32C (Castagnoli; RFC 3720, appendix B.4)
*/
#ifndef NN_IO_CRC32C_H
#define NN_IO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t nn_crc32c(const void *data, size_t size);

#endif
