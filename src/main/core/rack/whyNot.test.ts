import { describe, expect, test } from 'vitest'
import { type AbilityFacts, whyNots } from './whyNot.ts'
import { type WhyNot, type WorkKind, workKinds } from '../../../shared/rack/whyNot.schema.ts'

const ev300 = { name: 'hi3516ev300', protocol: 'standard', loadAddress: 0x42000000 } as const
const open = { console: 'open', consoleNote: '' } as const
const facts = (more: Partial<AbilityFacts> = {}): AbilityFacts => ({ chip: 'hi3516ev300', soc: ev300, needs: [], hasPod: false, hasNetwork: true, power: routeros, console: open, ...more })
const routeros = { ability: 'on-off', label: 'RouterOS switch 10.0.0.2' } as const
const vectis = { ability: 'cycle-only', label: 'Vectis bridge 10.0.0.3' } as const
const person = { ability: 'manual', label: 'power of the camera, by hand' } as const
const pod = { hasPod: true, power: { ability: 'on-off', label: 'power of the pod' } } as const
const of = (work: WorkKind, given: AbilityFacts): WhyNot | undefined => whyNots(given).find((each) => each.work === work)
const word = (work: WorkKind, given: AbilityFacts): string => {
  const found = of(work, given)
  return found === undefined ? 'yes' : found.cannot ? 'no' : 'careful'
}

describe('workflow and controller', () => {
  // RouterOS, Vectis, rack pod, by hand
  test.each([
    ['burn', 'yes yes yes careful'], ['install', 'yes yes yes careful'], ['restore', 'yes no yes careful'], ['dump', 'yes no yes careful'], ['power', 'yes careful yes no'], ['console', 'yes yes yes yes'],
  ] as const)('%s: %s', (work, expected) => {
    expect([facts(), facts({ power: vectis }), facts(pod), facts({ power: person })].map((each) => word(work, each)).join(' ')).toBe(expected)
  })
  test('a restore by a bridge that only pulses says what would do', () => {
    expect(of('restore', facts({ power: vectis }))).toMatchObject({ cannot: true, fix: 'power', sentence: expect.stringContaining('Vectis bridge 10.0.0.3 can only pulse') as string, next: expect.stringMatching(/RouterOS.*rack pod.*by hand/) as string })
  })
})

describe('chip and boot files', () => {
  const both = { needs: ['profile', 'U-Boot image'] } as const
  test.each([
    // with a pod, without one
    ['restore', 'no careful'], ['dump', 'no careful'], ['burn', 'no no'], ['install', 'no no'], ['power', 'yes yes'],
  ] as const)('%s without its boot files: %s', (work, expected) => {
    expect([facts({ ...pod, ...both }), facts(both)].map((each) => word(work, each)).join(' ')).toBe(expected)
  })
  test('what is missing is named, and where to get it', () => {
    expect(of('burn', facts(both))).toEqual({ work: 'burn', cannot: true, fix: 'boot-files', sentence: 'The boot ROM of this chip needs a profile and a U-Boot image, which the data folder does not have.', next: 'Import the boot files of this chip under Settings.' })
    expect(of('burn', facts({ needs: ['U-Boot image'] }))?.next).toContain('Fetch the U-Boot')
  })
  test('without files the own U-Boot is stopped, and then a bridge that only pulses is no reason', () => {
    expect(of('restore', facts({ ...both, power: vectis }))).toMatchObject({ cannot: false, sentence: expect.stringContaining('own U-Boot is stopped') as string })
  })
  test('V500 cannot go through a pod, and can without one', () => {
    const v500 = { chip: 'gk7205v500', soc: { name: 'gk7205v500', protocol: 'v500', loadAddress: 0x42000000 } } as const
    for (const work of ['restore', 'dump', 'burn', 'install'] as const) {
      expect(of(work, facts({ ...pod, ...v500 }))).toMatchObject({ cannot: true, sentence: 'gk7205v500 speaks the V500 boot protocol, which a rack pod cannot.' })
      expect(of(work, facts(v500))).toBeUndefined()
    }
  })
  test('an unknown chip, and one whose RAM nobody knows', () => {
    expect(of('restore', facts({ soc: undefined, chip: 'nochip' }))?.sentence).toContain('"nochip"')
    const tv = { soc: { name: 'hi3751v500', protocol: 'standard', loadAddress: undefined } } as const
    expect([word('restore', facts(tv)), word('dump', facts(tv)), word('install', facts(tv)), word('burn', facts(tv))]).toEqual(['no', 'no', 'no', 'yes'])
  })
})

test('no Ethernet way: images cannot arrive, a dump is printed, a pod brings its own network', () => {
  const alone = { hasNetwork: false }
  expect(workKinds.map((work) => word(work, facts(alone)))).toEqual(['no', 'careful', 'yes', 'no', 'yes', 'yes'])
  expect(workKinds.map((work) => word(work, facts({ ...pod, ...alone })))).toEqual(['yes', 'careful', 'yes', 'yes', 'yes', 'yes'])
})

test('a console that is away or lent', () => {
  expect(of('console', facts({ console: { console: 'closed', consoleNote: 'port in use by minicom' } }))).toMatchObject({ cannot: true, sentence: 'The console is not connected: port in use by minicom.' })
  expect(of('console', facts({ console: { console: 'lent', consoleNote: '' } }))).toMatchObject({ cannot: false })
  expect(of('console', facts({ console: { console: 'connecting', consoleNote: '' } }))).toBeUndefined()
})

test('each is one sentence with a next step', () => {
  const all = [facts({ power: vectis }), facts({ power: person }), facts({ needs: ['profile'] }), facts({ hasNetwork: false }), facts({ soc: undefined }), facts({ ...pod, needs: ['profile'] })].flatMap(whyNots)
  expect(all.length).toBeGreaterThan(15)
  for (const { sentence, next } of all) {
    expect(sentence).toMatch(/^[A-Z].*[^.]\.$/)
    expect(next).toMatch(/^[A-Z].*[^.]\.$/)
  }
})
