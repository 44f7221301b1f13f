import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  complaintIn, isMmcSelected, parseBadBlocks, parseMmcInfo, parseMmcMoved, parseMtdTable, parseNandErased, parseNandInfo, parseNandMoved, parseUbiRead, parseUbiVolumes, parseUbiWritten, ubiIsHopeless,
} from './nandAnswers.ts'

const info = 'Device 0: nand0, sector size 128 KiB\n  Page size         2048 b\n  OOB size            64 b\n  Erase size      131072 b\n  subpagesize       2048 b\n  options     0x       0'

test('nand info: block and page, and the size where it is told', () => {
  expect(parseNandInfo(info)).toEqual({ blockBytes: 131072, pageBytes: 2048, flashBytes: 0, subPageBytes: 2048 })
  expect(parseNandInfo(info.replace('  subpagesize       2048 b', '  subpagesize        512 b'))?.subPageBytes).toBe(512)
  expect(parseNandInfo(info.replace('  subpagesize       2048 b\n', ''))).toEqual({ blockBytes: 131072, pageBytes: 2048, flashBytes: 0 })
  expect(parseNandInfo(`Block:128KB Page:2KB Chip:128MB*1 OOB:64B ECC:4bit/512\n${info}`)?.flashBytes).toBe(134217728)
  expect(parseNandInfo(info.replace('131072', '13107'))).toBeUndefined()
  expect(parseNandInfo('')).toBeUndefined()
  expect(parseNandInfo('no devices available')).toBeUndefined()
})

test('nand bad: both ways to print an offset; a line that is none makes it no list', () => {
  expect(parseBadBlocks('Device 0 bad blocks:\n  00a20000\n  00b00000')).toEqual([0xa20000, 0xb00000])
  expect(parseBadBlocks('Device 0 bad blocks:\n  0x00a20000\n  0x07f80000\t(bbt reserved)')).toEqual([0xa20000, 0x7f80000])
  expect(parseBadBlocks('Device 0 bad blocks:')).toEqual([])
  expect(parseBadBlocks('Device 0 bad blocks:\n  00a2')).toBeUndefined()
  expect(parseBadBlocks('')).toBeUndefined()
})

const erased = 'NAND erase: device 0 offset 0xa00000, size 0x200000\nErasing at 0xa00000 --   6% complete.\nSkipping bad block at  0x00a20000\nErasing at 0xbe0000 -- 100% complete.\nOK'

test('nand erase: OK counts with its numbers, and not beside a block that was not erased', () => {
  expect(parseNandErased(erased)).toEqual({ offsetBytes: 0xa00000, lengthBytes: 0x200000, skipped: 1 })
  expect(parseNandErased(erased.replace('\nOK', '\nnand0: MTD Erase failure: -5\nOK'))).toBeUndefined()
  expect(parseNandErased(erased.replace('\nOK', '\nERROR'))).toBeUndefined()
  expect(parseNandErased(erased.replace('\nOK', ''))).toBeUndefined()
  expect(parseNandErased('OK')).toBeUndefined()
})

const written = 'NAND write: device 0 offset 0xa00000, size 0x60000\nSkip bad block 0x00a20000\n 393216 bytes written: OK'

test('nand read and write: told before and after, and both alike', () => {
  expect(parseNandMoved(written, 'write')).toEqual({ offsetBytes: 0xa00000, lengthBytes: 0x60000, skipped: 1 })
  expect(parseNandMoved('NAND read: device 0 offset 0xa00000, size 0x5f123\nSkipping bad block 0x00a20000\nSkipping bad block 0x00a40000\n 389411 bytes read: OK', 'read')).toEqual({ offsetBytes: 0xa00000, lengthBytes: 0x5f123, skipped: 2 })
  expect(parseNandMoved(written, 'read')).toBeUndefined()
  expect(parseNandMoved(written.replace('393216', '393215'), 'write')).toBeUndefined()
  expect(parseNandMoved(written.replace('OK', 'ERROR'), 'write')).toBeUndefined()
  expect(parseNandMoved('NAND write: Size exceeds partition or device limit', 'write')).toBeUndefined()
  expect(parseNandMoved('NAND write: device 0 offset 0xa00000, size 0x60000\nNAND write to offset a20000 failed -5\n 0 bytes written: ERROR', 'write')).toBeUndefined()
})

test('mtdparts: as many rows as promised', () => {
  const table = 'device nand0 <hinand>, # parts = 2\n #: name\t\tsize\t\toffset\t\tmask_flags\n 0: boot                0x00100000\t0x00000000\t0\n 1: ubi                 0x07f00000\t0x00100000\t0\n\nactive partition: nand0,0 - (boot) 0x00100000 @ 0x00000000\n\ndefaults:\nmtdids  : \nmtdparts: '
  expect(parseMtdTable(table)).toEqual([{ name: 'boot', offsetBytes: 0, lengthBytes: 0x100000 }, { name: 'ubi', offsetBytes: 0x100000, lengthBytes: 0x7f00000 }])
  expect(parseMtdTable(table.replace('# parts = 2', '# parts = 3'))).toBeUndefined()
  expect(parseMtdTable(table.replace('nand0 <', 'nor0 <'))).toBeUndefined()
})

const volume = (id: number, name: string): string => `Volume information dump:\n\tvol_id          ${id}\n\treserved_pebs   34\n\talignment       1\n\tusable_leb_size 126976\n\tused_bytes      4317184\n\tname            ${name}\n`

test('ubi info l: every volume whole, or no list', () => {
  expect(parseUbiVolumes(volume(0, 'rest') + volume(2147479551, 'layout volume'))).toEqual([
    { id: 0, name: 'rest', lebBytes: 126976, reservedBlocks: 34 }, { id: 2147479551, name: 'layout volume', lebBytes: 126976, reservedBlocks: 34 },
  ])
  expect(parseUbiVolumes(volume(0, 'rest') + volume(1, 'x').replace('usable_leb_size', 'usab#e_leb_size'))).toBeUndefined()
  expect(parseUbiVolumes('Error, no UBI device selected!')).toBeUndefined()
})

test('ubi write and read', () => {
  expect(parseUbiWritten('1048577 bytes written to volume rootfs')).toEqual({ lengthBytes: 1048577, volume: 'rootfs' })
  expect(parseUbiWritten('size > volume size! Aborting!')).toBeUndefined()
  expect(parseUbiWritten('Cannot start volume update\n1 bytes written to volume x')).toBeUndefined()
  expect(parseUbiRead('Read 1048577 bytes from volume rootfs to 82000000')).toEqual({ lengthBytes: 1048577, volume: 'rootfs' })
  expect(parseUbiRead('No size specified -> Using max size (4317184)\nRead 4317184 bytes from volume rootfs to 82000000')).toBeUndefined()
  expect(ubiIsHopeless.test('error -28\nexit not allowed from main input shell.')).toBe(true)
})

test('mmc: device, capacity in both dialects, and blocks', () => {
  expect(isMmcSelected('switch to partitions #0, OK\nmmc0(part 0) is current device')).toBe(true)
  expect(isMmcSelected('mmc0(part 1) is current device')).toBe(false)
  expect(isMmcSelected('no mmc device at slot 0')).toBe(false)
  expect(parseMmcInfo('Name: 8GND3 \nRd Block Len: 512\nCapacity: 7.3 GiB\nUser Capacity: 7.3 GiB')).toEqual({ flashBytes: Math.floor(7.35 * 1073741824), name: '8GND3' })
  expect(parseMmcInfo('Rd Block Len: 512\nCapacity: 7818182656')?.flashBytes).toBe(7818182656)
  expect(parseMmcInfo('Rd Block Len: 512')?.flashBytes).toBe(0)
  expect(parseMmcInfo('Capacity: 7.3 GiB')).toBeUndefined()
  expect(parseMmcMoved('MMC write: dev # 0, block # 16, count 8 ... 8 blocks written: OK', 'write')).toEqual({ block: 16, count: 8 })
  expect(parseMmcMoved('MMC write: dev # 0, block # 16, count 8 ... 7 blocks written: OK', 'write')).toBeUndefined()
  expect(parseMmcMoved('MMC write: dev # 0, block # 16, count 8 ... 0 blocks written: ERROR', 'write')).toBeUndefined()
  expect(parseMmcMoved('MMC read: dev # 0, block # 16, count 8 ... 8 blocks read: OK', 'write')).toBeUndefined()
})

test('ECC messages on the way are no complaints; what ended without doing is one', () => {
  expect(complaintIn('ubi0: fixable bit-flip detected at PEB 3\nubi_io_read() ubi0 error: ubi_io_read: error -74 (ECC error) while reading 64 bytes')).toBeUndefined()
  expect(complaintIn('x\nError, no UBI device selected!')).toBe('Error, no UBI device selected!')
  expect(complaintIn('No space left in UBI device!')).toBeDefined()
  expect(complaintIn('Volume nope not found!')).toBeDefined()
})

test('noise never throws and never confirms', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (noise) => {
    complaintIn(noise)
    expect([
      parseNandInfo(noise), parseBadBlocks(noise), parseNandErased(noise), parseNandMoved(noise, 'read'), parseMtdTable(noise), parseUbiVolumes(noise), parseUbiWritten(noise), parseUbiRead(noise), parseMmcInfo(noise), parseMmcMoved(noise, 'write'),
    ].every((each) => each === undefined)).toBe(true)
  }))
})

test('a true answer with one byte changed says the same, or something else that does not fit what was asked, or nothing', () => {
  const asked = { offsetBytes: 0xa00000, lengthBytes: 0x60000 }
  fc.assert(fc.property(fc.nat(written.length - 1), fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
    const answer = parseNandMoved(written.slice(0, at) + String.fromCharCode(code) + written.slice(at + 1), 'write')
    // Length is told twice, in two notations; the offset once, and is compared with what was asked.
    if (answer) expect(answer.lengthBytes).toBe(asked.lengthBytes)
  }))
})

test('an answer that is cut off anywhere is not confirmed', () => {
  fc.assert(fc.property(fc.constantFrom(erased, written), fc.nat(), (text, cut) => {
    const short = text.slice(0, cut % text.length)
    expect(parseNandErased(short)).toBeUndefined()
    expect(parseNandMoved(short, 'write')).toBeUndefined()
  }))
})
