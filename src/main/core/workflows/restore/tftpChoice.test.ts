import { expect, test } from 'vitest'
import type { PodStore } from '../../../../shared/devices/rackPod.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { chooseTftp, type TftpFacts } from './tftpChoice.ts'

const mib = 1024 * 1024
const store = (largestFreeBytes: number, files: PodStore['files'] = []): PodStore =>
  ({ files, maxFileBytes: 8 * mib, maxFiles: 4, freeBytes: largestFreeBytes, largestFreeBytes })
const facts = (more: Partial<TftpFacts>): TftpFacts => ({
  wanted: 'auto', hasPod: true, store: store(8 * mib), totalBytes: 6 * mib, hostIp: undefined, deviceIp: undefined,
  hostAddress: { address: '192.168.1.10', reason: 'test' }, hostPort: 69, ...more,
})

test.each([
  [7_000_000, 6 * mib, 'pod'], [1_700_000, 10 * mib, 'host'], [mib, mib, 'host'], [mib + 262_144, mib, 'pod'], [mib + 262_143, mib, 'host'],
] as const)('auto with %d free for %d: %s', (free, total, via) => {
  expect(chooseTftp(facts({ store: store(free), totalBytes: total })).via).toBe(via)
})

test('leftovers count as free, because they are dropped first', () => {
  expect(chooseTftp(facts({ store: store(256 * 1024, [{ name: 'old', lengthBytes: 7 * mib, reads: 0 }]) })).via).toBe('pod')
})

test('a pod that does not say what room it has: auto goes on without it, pod does not', () => {
  const silent = new WorkbenchError('link/unreachable', 'nobody there')
  expect(chooseTftp(facts({ store: silent })).via).toBe('host')
  expect(() => chooseTftp(facts({ store: silent, wanted: 'pod' }))).toThrow(silent)
})

test('pod without a pod is refused', () => {
  expect(() => chooseTftp(facts({ hasPod: false, wanted: 'pod' }))).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  expect(chooseTftp(facts({ hasPod: false })).via).toBe('host')
})

test('pod is strict: no silent way round', () => {
  expect(() => chooseTftp(facts({ wanted: 'pod', store: store(200 * 1024) }))).toThrow(expect.objectContaining({ code: 'pod/no-room' }))
})

test('a small pod sets the size of the pieces', () => {
  expect(chooseTftp(facts({ wanted: 'pod', store: { ...store(1_572_864), maxFileBytes: 1_572_864 } })).maxLoadBytes).toBe(1_572_864 - 262_144)
})

test('addresses that cannot be on the pod\'s wire are refused, not replaced', () => {
  expect(() => chooseTftp(facts({ hostIp: '10.0.0.1' }))).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  expect(() => chooseTftp(facts({ deviceIp: '10.0.0.2' }))).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  expect(() => chooseTftp(facts({ deviceIp: '192.168.1.1' }))).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  expect(() => chooseTftp(facts({ deviceIp: '192.168.1.999' }))).toThrow(expect.objectContaining({ code: 'input/malformed' }))
  expect(chooseTftp(facts({ deviceIp: '192.168.1.77' })).cameraAddress).toBe('192.168.1.77')
})

test('the camera gets a neighbour\'s address, never the server\'s own', () => {
  expect(chooseTftp(facts({ wanted: 'host' })).cameraAddress).toBe('192.168.1.55')
  expect(chooseTftp(facts({ wanted: 'host', hostAddress: { address: '10.1.2.55', reason: '' } })).cameraAddress).toBe('10.1.2.56')
  expect(() => chooseTftp(facts({ wanted: 'host', hostAddress: new WorkbenchError('input/not-found', 'no cable') }))).toThrow('no cable')
})
