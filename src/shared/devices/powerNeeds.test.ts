import { describe, expect, test } from 'vitest'
import { fitPower, type OfferedPower, type PoweredWork, requirePower } from './powerNeeds.ts'
import { powerSpecSchema } from './powerSpec.schema.ts'

const routeros: OfferedPower = { ability: 'on-off', label: 'power of ether3 of RouterOS at 10.0.0.2:8728' }
const vectis: OfferedPower = { ability: 'cycle-only', label: 'power of the Vectis bridge at rfc2217://bridge:35240' }
const person: OfferedPower = { ability: 'manual', label: 'power of the camera, by hand' }

describe('what a workflow needs', () => {
  const outcome = (work: PoweredWork, power: OfferedPower, attended: boolean): string => {
    try { return requirePower(work, power, attended).byHand ? 'by hand' : 'yes' } catch { return 'no' }
  }
  test.each([
    // on-off, cycle-only, a person, none; then the same with nobody there
    ['burn', 'yes yes by hand by hand', 'yes yes no no'],
    ['install', 'yes yes by hand by hand', 'yes yes no no'],
    ['restore', 'yes no by hand by hand', 'yes no no no'],
    ['restore-by-pod', 'yes yes by hand by hand', 'yes yes no no'],
    ['agent', 'yes yes by hand by hand', 'no no no no'],
  ] as const)('%s', (work, attended, alone) => {
    expect([routeros, vectis, person, undefined].map((power) => outcome(work, power, true)).join(' ')).toBe(attended)
    expect([routeros, vectis, person, undefined].map((power) => outcome(work, power, false)).join(' ')).toBe(alone)
  })
  test('a restore by a bridge that can only pulse is refused with the reason and the ways out', () => {
    expect(() => requirePower('restore', vectis, true)).toThrow(expect.objectContaining({
      code: 'pod/no-power-control', message: expect.stringContaining('can only pulse') as string, hint: expect.stringMatching(/RouterOS.*rack pod.*by hand/) as string,
    }) as Error)
  })
  test('a reason is a sentence, whoever refuses', () => {
    for (const need of ['on-off', 'cycle', 'manual-ok'] as const) {
      for (const power of [vectis, person, undefined]) {
        const fit = fitPower(need, power, false)
        if (!fit.fits) expect(fit.reason.length * fit.hint.length).toBeGreaterThan(400)
      }
    }
  })
})

describe('a power spec', () => {
  test('defaults', () => {
    expect(powerSpecSchema.parse({ kind: 'tasmota', host: 'plug' })).toEqual({ kind: 'tasmota', host: 'plug', port: 80, relay: 1, user: 'admin' })
    expect(powerSpecSchema.parse({ kind: 'command', on: ['uhubctl', '-a', 'on'], off: ['uhubctl', '-a', 'off'] })).toMatchObject({ limitMs: 30_000 })
    expect(powerSpecSchema.parse({ kind: 'routeros', host: 'sw', comment: 'cam', tls: true, certificateSha256: 'AB:'.repeat(31) + 'CD' })).toMatchObject({ certificateSha256: 'ab'.repeat(31) + 'cd' })
  })
  test.each([
    { kind: 'routeros', host: 'sw' }, { kind: 'routeros', host: 'sw', ethernet: 'ether3', comment: 'cam' }, { kind: 'routeros', host: 'sw', ethernet: ' ' },
    { kind: 'routeros', host: 'sw', ethernet: 'e', certificateSha256: 'abc' }, { kind: 'tasmota', host: 'a/b' }, { kind: 'tasmota', host: 'user@plug' }, { kind: 'tasmota', host: 'plug', relay: 0 },
    { kind: 'command', on: [], off: ['x'] }, { kind: 'command', on: 'uhubctl -a on', off: ['x'] }, { kind: 'command', on: ['x', 'a\0b'], off: ['x'] }, { kind: 'snmp' }, {},
  ])('refused: %j', (spec) => { expect(powerSpecSchema.safeParse(spec).success).toBe(false) })
  test('a password in a spec does not survive', () => {
    expect(JSON.stringify(powerSpecSchema.parse({ kind: 'tasmota', host: 'plug', password: 'hunter2' }))).not.toContain('hunter2')
  })
})
