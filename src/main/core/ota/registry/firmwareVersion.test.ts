import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareAsNode, isUpdateAvailable, versionOfStem, versionOfUpload, whyNever } from './firmwareVersion.ts'

describe('the version in the name of a file', () => {
  test.each([
    ['esp32-csi-node-0.8.0', '0.8.0'], ['esp32-csi-node-0.8.0-watchdog', '0.8.0-watchdog'], ['current-0.8.0-rc1', '0.8.0-rc1'], ['0.8.0', '0.8.0'],
    ['esp32-csi-node-v0.8.0', '0.8.0'], ['esp32-csi-node-1.2.3-rc.1-hotfix', '1.2.3-rc.1-hotfix'], ['esp32-csi-node-1.0.0_build', '1.0.0'], ['fw-0.8.0-', '0.8.0'],
    ['2.4ghz-0.8.0', '2.4'], ['esp32-csi-node', undefined], ['fw-8', undefined], ['', undefined], ['...', undefined], [`x-1.2.3-${'a'.repeat(40)}`, undefined],
  ])('of %s it is %s', (stem, version) => { expect(versionOfStem(stem)).toBe(version) })
  test('whatever the name, it is a version that nodes can take, and is in the name', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (stem) => {
      const version = versionOfStem(stem)
      if (version !== undefined) { expect(version).toMatch(/^\d+(\.\d+)+(-[A-Za-z0-9.-]+)?$/); expect(version.length).toBeLessThanOrEqual(31) }
    }))
  })
})

describe('the version that somebody uploads', () => {
  test.each([['0.8.0', '0.8.0'], ['1.0.0+b', '1.0.0+b'], ['0.8.0-watchdog', '0.8.0-watchdog'], ['v0.8.0', '0.8.0'], ['esp32-csi-node-0.9.0', '0.9.0']])('%s is kept as %s', (given, kept) => { expect(versionOfUpload(given)).toBe(kept) })
  test.each(['nightly', '', '../../etc/0.8.0', '0.8.0/..', '0.8.0\0', '0.8.0"', '0.8.0\\', '0.8.0 ', `0.8.0-${'x'.repeat(31)}`, '0.8.0\n', '٠.٨.٠'])('%j is refused', (given) => {
    expect(() => versionOfUpload(given)).toThrow(expect.objectContaining({ code: 'input/malformed' }) as Error)
  })
})

describe('what a node does with it', () => {
  test.each([
    ['0.8.1', '0.8.0', 1], ['0.10.0', '0.9.9', 1], ['0.8.0-watchdog', '0.8.0', 0], ['0.8.0', '0.8.0-watchdog', 0], ['0.7.9', '0.8.0', -1],
    ['1.2', '1.10', 1], ['v1.0.0', '0.9.0', 1], ['1.0.0.1', '1.0.0', 0],
  ])('%s against %s', (offered, running, sign) => { expect(Math.sign(compareAsNode(offered, running))).toBe(sign) })
  test('3.10 an update is available whenever the versions differ', () => {
    expect([isUpdateAvailable(undefined, '1.0.0'), isUpdateAvailable('1.0.0', '1.0.0'), isUpdateAvailable('1.0.0', '0.9.0'), isUpdateAvailable('1.0.0', undefined)]).toEqual([false, false, true, true])
  })
  test('a downgrade, a suffix and a size above its limit are never taken, and each is told apart', () => {
    const facts = { sizeBytes: 300_000, maxPullBytes: 1_536_000 }
    expect(whyNever({ ...facts, running: '0.8.0', offered: '0.7.0' })).toBe('older')
    expect(whyNever({ ...facts, running: '0.8.0', offered: '0.8.0-watchdog' })).toBe('suffix-only')
    expect(whyNever({ ...facts, running: '0.8.0', offered: '0.9.0', sizeBytes: 1_536_001 })).toBe('too-large')
    expect(whyNever({ ...facts, running: '0.8.0', offered: '0.9.0', sizeBytes: 1_536_000 })).toBeUndefined()
    expect(whyNever({ ...facts, running: undefined, offered: '0.9.0' })).toBeUndefined()
  })
})
