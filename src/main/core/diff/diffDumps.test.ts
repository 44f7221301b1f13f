import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32 } from '../../../shared/bytes/crc32.ts'
import { dumpDiffSchema } from '../../../shared/dump/diff.schema.ts'
import type { RestoreInput } from '../workflows/restore/rawInput.ts'
import { diffDumps } from './diffDumps.ts'
import { masked, shownValue } from './secrets.ts'

const block = 0x10000
const layout = 'x:64k(boot),64k(env),-(rest)'

function environmentOf(text: Record<string, string>): Uint8Array {
  const image = new Uint8Array(block)
  image.set(new TextEncoder().encode(Object.entries(text).map(([name, value]) => `${name}=${value}\0`).join('')), 4)
  new DataView(image.buffer).setUint32(0, crc32(image.subarray(4)), true)
  return image
}
const folder = (...images: readonly Uint8Array[]): RestoreInput => ({
  kind: 'folder', path: '/dump', warnings: [], mtdparts: layout, totalBytes: images.reduce((sum, { length }) => sum + length, 0),
  parts: images.map((bytes, index) => ({ name: `mtd${index}`, source: `mtd${index}`, index, bytes, partitionBytes: undefined })),
})
const image = (bytes: Uint8Array): RestoreInput => ({ kind: 'image', path: '/image', warnings: [], totalBytes: bytes.length, parts: [{ name: 'flash', source: 'f', index: 0, bytes, partitionBytes: undefined }] })
const noise = (length: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let at = 0, state = seed; at < length; at += 1) { state = (state * 1_103_515_245 + 12_345) >>> 0; bytes[at] = state >>> 16 }
  return bytes
}
const boot = noise(block, 1)
const env = environmentOf({ bootcmd: 'run x', wifi_psk: 'geheim', extra: '1' })
const rest = Uint8Array.from([...noise(block, 2), ...new Uint8Array(block).fill(0xff)])

test('a folder and an image of the same flash are the same', () => {
  const diff = diffDumps(folder(boot, env, rest), image(Uint8Array.from([...boot, ...env, ...rest])), undefined)
  expect(dumpDiffSchema.parse(diff)).toEqual(diff)
  expect(diff).toMatchObject({ same: true, differingBytes: 0, comparedBytes: 4 * block, sectors: '===-' })
  expect(diff.partitions.map(({ name, state }) => `${name} ${state}`)).toEqual(['boot same', 'env same', 'rest same'])
  expect(diff.environment).toMatchObject({ offsetInA: block, offsetInB: block, variables: 3, changes: [] })
})

test('dumps of a NAND are larger than any NOR', () => {
  const nand = (...images: readonly Uint8Array[]): RestoreInput => ({ ...folder(...images), mtdparts: 'hinand:1m(boot),63m(kernel),-(data)', flash: { kind: 'nand', why: 'test' } })
  const diff = diffDumps(nand(boot, env, rest), nand(boot, env, noise(2 * block, 3)), undefined)
  expect(diff.partitions.map(({ name, state, offsetBytes }) => [name, state, offsetBytes / 1048576])).toEqual([['boot', 'same', 0], ['kernel', 'same', 1], ['data', 'different', 64]])
})

test('what differs is told by partition, sector, byte and variable', () => {
  const changed = rest.slice()
  changed[block + 5] = 0
  changed[block + 9] = 1
  const other = environmentOf({ bootcmd: 'run y', wifi_psk: 'anderes', more: '2' })
  const diff = diffDumps(folder(boot, env, rest), folder(boot, other, changed), undefined)
  expect(diff).toMatchObject({ same: false, sectors: '=x=x' })
  expect(diff.partitions[2]).toMatchObject({ name: 'rest', state: 'different', differingBytes: 2, differingSectors: 1, firstDifference: 3 * block + 5 })
  expect(diff.environment.changes).toEqual([
    { name: 'bootcmd', kind: 'changed', a: 'run x', b: 'run y', isSecret: false },
    { name: 'extra', kind: 'removed', a: '1', isSecret: false },
    { name: 'more', kind: 'added', b: '2', isSecret: false },
    { name: 'wifi_psk', kind: 'changed', a: masked, b: masked, isSecret: true },
  ])
  expect(JSON.stringify(diff)).not.toMatch(/geheim|anderes/)
})

test('bytes that only one of them has are no agreement', () => {
  const trimmed = diffDumps(folder(boot, env, rest), folder(boot, env, rest.subarray(0, block + 100)), undefined)
  expect(trimmed).toMatchObject({ same: false, differingBytes: 0, sectors: '===a' })
  expect(trimmed.partitions[2]).toMatchObject({ state: 'different', onlyInABytes: block - 100 })
  const missing = diffDumps(folder(boot), folder(boot, env, rest), undefined)
  expect(missing).toMatchObject({ same: false, sectors: '=bbb' })
  expect(missing.partitions.map(({ state }) => state)).toEqual(['same', 'only-in-b', 'only-in-b'])
})

test('a byte anywhere is found, and counted once', () => {
  const whole = Uint8Array.from([...boot, ...env, ...rest])
  fc.assert(fc.property(fc.uniqueArray(fc.nat(whole.length - 1), { minLength: 1, maxLength: 5 }), (places) => {
    const other = whole.slice()
    for (const at of places) other[at] = (other[at] ?? 0) ^ 0x55
    const diff = diffDumps(folder(boot, env, rest), image(other), undefined)
    expect(diff.differingBytes).toBe(places.length)
    expect([...diff.sectors].map((sign, index) => (sign === 'x' ? index : -1)).filter((index) => index >= 0)).toEqual([...new Set(places.map((at) => Math.floor(at / block)))].sort((a, b) => a - b))
    expect(diff.partitions.reduce((sum, { differingBytes }) => sum + differingBytes, 0)).toBe(places.length)
    expect(Math.min(...diff.partitions.flatMap(({ firstDifference }) => firstDifference ?? []))).toBe(Math.min(...places))
  }), { numRuns: 15 })
})

test.each([
  ['wlanpass', 'abc', masked], ['ROOT_PASSWORD', 'abc', masked], ['wpa_psk', 'abc', masked], ['api_key', 'abc', masked], ['mqtt_token', 'abc', masked], ['password', '', ''],
  ['snmp_community', 'abc', masked], ['sim_puk', 'abc', masked], ['creds', 'abc', masked], ['licence', 'abc', masked], ['pwm_gpio', '12', '12'], ['pwrkeep', '1', '1'], ['opinion', 'x', 'x'],
  ['extras', 'rootpw=abc pwm=3 x', `rootpw=${masked} pwm=3 x`],
  ['bootargs', 'console=ttyAMA0 wifi_password=abc root=/dev/x', `console=ttyAMA0 wifi_password=${masked} root=/dev/x`],
  ['extras', 'psk="a b" x=1', `psk=${masked} x=1`], ['url', 'rtsp://admin:abc@10.0.0.1/live', `rtsp://${masked}@10.0.0.1/live`],
  ['bootcmd', 'run\u001b[2Jme', 'run [2Jme'], ['bootdelay', '1', '1'],
])('%s=%s is shown as %s', (name, value, text) => { expect(shownValue(name, value).text).toBe(text) })

test.each(['rootpw', 'wifipw', 'PW', 'pw_admin', 'wlanPw2', 'pswd', 'wpa'])('%s is the name of a password', (name) => { expect(shownValue(name, 'abc').text).toBe(masked) })

test('no value of any length gets out longer than its bound, and no secret word\'s value gets out at all', () => {
  fc.assert(fc.property(fc.constantFrom('psk', 'pass', 'my_secret', 'apiToken', 'rootpw', 'cam_pw'), fc.stringMatching(/^[a-z0-9]{12,40}$/), (word, value) => {
    expect(shownValue(word, value).text).not.toContain(value)
    expect(shownValue('x', `a=1 ${word}=${value} b=2`).text).not.toContain(value)
  }))
  expect(shownValue('x', 'y'.repeat(9_999)).text.length).toBeLessThan(600)
})
