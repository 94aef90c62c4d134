/*
** crc32c.c - CRC-32C, four bits at a time
**
** A table of 16 words is exact to read and quick enough: a row of metrics is a few hundred bytes.
*/
#include "io/crc32c.h"

uint32_t nn_crc32c(const void *data, size_t size)
{
    /* table[i]: i, as the lowest bits of the register, after four steps of the reflected
    ** polynomial 0x82F63B78 */
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    const unsigned char *bytes = data;
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = table[crc & 15] ^ crc >> 4;
        crc = table[crc & 15] ^ crc >> 4;
    }
    return ~crc;
}
