import type { DumpDiff } from '../../src/shared/dump/diff.schema.ts'

/** Two dumps that differ in the kernel, in a corner of rootfs and in three variables. */
export function fixtureDiff(pathA: string, pathB: string): DumpDiff {
  const part = (name: string, offsetBytes: number, lengthBytes: number, differingBytes: number, differingSectors: number, firstDifference?: number): DumpDiff['partitions'][number] => ({
    name, offsetBytes, lengthBytes, state: differingBytes === 0 ? 'same' : 'different', differingBytes, onlyInABytes: 0, onlyInBBytes: 0, differingSectors,
    ...(firstDifference === undefined ? {} : { firstDifference }),
  })
  const sectors = [...'='.repeat(4), 'x', ...'x'.repeat(31), ...'='.repeat(17), ...'='.repeat(60), ...'x'.repeat(9), ...'='.repeat(91), ...'-'.repeat(43)].join('')
  const side = (path: string): DumpDiff['a'] => ({ path, kind: 'folder', totalBytes: 16_777_216, warnings: [] })
  return {
    a: side(pathA), b: side(pathB), same: false, comparedBytes: 16_777_216, differingBytes: 2_413_212,
    partitions: [part('boot', 0, 0x40000, 0, 0), part('env', 0x40000, 0x10000, 212, 1, 0x40004), part('kernel', 0x50000, 0x300000, 1_980_000, 31, 0x50004), part('rootfs', 0x350000, 0xa00000, 433_000, 9, 0x710000), part('rootfs_data', 0xd50000, 0x2b0000, 0, 0)],
    sectorBytes: 65_536, sectors: sectors.slice(0, 256).padEnd(256, '.'),
    environment: { offsetInA: 0x40000, offsetInB: 0x40000, variables: 31, changes: [
      { name: 'bootargs', kind: 'changed', a: 'mem=32M console=ttyAMA0,115200', b: 'mem=64M console=ttyAMA0,115200', isSecret: false },
      { name: 'wlanpass', kind: 'changed', a: '', b: '', isSecret: true }, { name: 'osmem', kind: 'added', b: '64M', isSecret: false },
    ] },
  }
}
