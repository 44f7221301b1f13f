import { describe, expect, test } from 'vitest'
import { deploy, type DeployEnd } from '../../../src/main/core/ota/updater/deploy.ts'
import { planGoBack, walkBack, type WentBack } from '../../../src/main/core/ota/updater/goBack.ts'
import { recoverDeployment } from '../../../src/main/core/ota/updater/recoverDeployment.ts'
import { createMemoryFs } from '../../../src/main/sim/disk/memoryFs.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { createMemoryAppliance, type MemoryAppliance, memoryPackage } from '../../support/memoryAppliance.ts'

const { signal } = new AbortController()
const files = { 'bin/app': { content: 'app of the new version', unit: 'app.service', order: 2 }, 'bin/base': { content: 'base', unit: 'base.service', order: 1 } } as const
const units = ['base.service', 'app.service']
const deployed = async (appliance: MemoryAppliance, version: string): Promise<DeployEnd> => appliance.clock.run(deploy(memoryPackage({ version, files }), version, appliance.deps, signal))

/** One call that fails, the device lives: each of them in its turn, until a deployment makes no more calls. */
async function eachFailingCall(fault: 'no-space' | 'refused', isSick: boolean, look: (end: DeployEnd, appliance: MemoryAppliance, call: string) => Promise<void>): Promise<number> {
  for (let number = 1; number < 1_000; number += 1) {
    const fs = createMemoryFs()
    const appliance = createMemoryAppliance({ fs, versions: ['1.0.0', '1.1.0'], links: { current: 'v1.1.0', previous: 'v1.0.0', factory: 'v1.0.0' }, units })
    for (const unit of units) await appliance.units.start(unit, signal)
    if (isSick) appliance.units.conduct = (unit, version) => (version === 'v1.2.0' && unit === 'app.service' ? 'refuses-start' : 'works')
    const first = fs.calls.length
    let hit = ''
    fs.fault = (call) => {
      if (call.number - first !== number) return undefined
      hit = `${String(number)}: ${call.name} ${call.path ?? ''}`
      return fault
    }
    const end = await deployed(appliance, '1.2.0')
    fs.fault = undefined
    if (hit === '') return number - 1
    await look(end, appliance, hit)
  }
  return 0
}
const runs = (appliance: MemoryAppliance): string[] => units.map((unit) => String(appliance.units.stateNow(unit)))

test.each(['no-space', 'refused'] as const)('a call that fails (%s), whichever it is, leaves a version whose services run, and the next update is taken', { timeout: 120_000 }, async (fault) => {
  const calls = await eachFailingCall(fault, false, async (end, appliance, call) => {
    expect([call, end.kind === 'installed' ? 'v1.2.0' : 'v1.1.0', ...runs(appliance)]).toEqual([call, appliance.link('current'), 'active', 'active'])
    expect([call, (await deployed(appliance, '1.3.0')).kind]).toEqual([call, 'installed'])
  })
  expect(calls).toBeGreaterThan(150)
})
test.each(['no-space', 'refused'] as const)('a call that fails (%s) on the way to or back from a version that is sick never leaves it in place', { timeout: 120_000 }, async (fault) => {
  const calls = await eachFailingCall(fault, true, async (end, appliance, call) => {
    expect([call, end.kind, appliance.link('current') === 'v1.2.0', ...runs(appliance)]).toEqual([call, 'failed', false, 'active', 'active'])
    expect([call, (await deployed(appliance, '1.3.0')).kind]).toEqual([call, 'installed'])
  })
  expect(calls).toBeGreaterThan(200)
})

test('a disk that somebody else fills up, whenever that is before the way back begins: a version that is sick gives way to the one before, whose services run', { timeout: 120_000 }, async () => {
  const capacityBytes = 2_000_000
  let number = 1
  const levels = new Set<unknown>()
  for (; number < 1_000; number += 1) {
    const fs = createMemoryFs({ capacityBytes })
    const appliance = createMemoryAppliance({ fs, versions: ['1.0.0', '1.1.0'], links: { current: 'v1.1.0', previous: 'v1.0.0', factory: 'v1.0.0' }, units })
    for (const unit of units) await appliance.units.start(unit, signal)
    appliance.units.conduct = (unit, version) => (version === 'v1.2.0' && unit === 'app.service' ? 'refuses-start' : 'works')
    const first = fs.calls.length
    let hit = ''
    fs.onDone = ({ number: now, name, path }) => {
      if (now - first !== number) return
      hit = `${String(number)}: ${name} ${path ?? ''}`
      const used = [...fs.content().values()].reduce((sum, each) => sum + (typeof each === 'string' ? 0 : each.length), 0)
      fs.put('var/log/flood', new Uint8Array(capacityBytes - used))
    }
    const end = await deployed(appliance, '1.2.0')
    // Whoever takes the room itself, once it is given to the way back, cannot be helped against.
    if (hit.endsWith('remove opt/tope/versions/.room')) break
    expect([hit, end.kind, appliance.link('current'), ...runs(appliance), fs.content().has('opt/tope/versions/.room')]).toEqual([hit, 'failed', 'v1.1.0', 'active', 'active', false])
    levels.add(end.kind === 'failed' ? end.level : '')
  }
  expect(number).toBeGreaterThan(150)
  expect([...levels].sort()).toEqual([0, 1])
})
test('a disk that is full beforehand: no service is stopped, and the room that was begun is given back', async () => {
  const fs = createMemoryFs({ capacityBytes: 60_000 })
  const appliance = createMemoryAppliance({ fs, versions: ['1.0.0', '1.1.0'], links: { current: 'v1.1.0', previous: 'v1.0.0', factory: 'v1.0.0' }, units })
  for (const unit of units) await appliance.units.start(unit, signal)
  expect(await deployed(appliance, '1.2.0')).toMatchObject({ kind: 'failed', level: 0, error: expect.stringContaining('DISK_FULL') as string })
  expect([appliance.units.calls.filter((call) => call.startsWith('stop')), fs.content().has('opt/tope/versions/.room')]).toEqual([[], false])
})

describe('a way back that somebody wanted', () => {
  /** It runs 1.1.0; 1.0.0 is the one before, 0.9.0 the factory's. */
  async function rig(): Promise<MemoryAppliance> {
    const appliance = createMemoryAppliance({ versions: ['0.9.0', '1.0.0', '1.1.0'], links: { current: 'v1.1.0', previous: 'v1.0.0', factory: 'v0.9.0' }, units })
    for (const unit of units) await appliance.units.start(unit, signal)
    return appliance
  }
  const goBack = async (appliance: MemoryAppliance): Promise<WentBack> => {
    const way = await planGoBack('1.0.0', appliance, signal)
    return appliance.clock.run(walkBack('1.0.0', way, appliance.deps, signal))
  }
  const versionsOn = ({ fs }: MemoryAppliance): string[] => [...fs.content().keys()].flatMap((path) => /versions\/(v[\d.]+)$/.exec(path)?.[1] ?? [])

  test.each(['one', 'all from there on'] as const)('calls that fail (%s): the wanted or the old version, with its services, and never the factory\'s', { timeout: 120_000 }, async (mode) => {
    const seen = new Set<string>()
    let number = 1
    for (; number < 1_000; number += 1) {
      const appliance = await rig()
      const way = await planGoBack('1.0.0', appliance, signal)
      const first = appliance.fs.calls.length
      let hit = ''
      appliance.fs.fault = (call) => {
        const isHit = mode === 'one' ? call.number - first === number : call.number - first >= number && ['write', 'mkdir'].includes(call.name)
        if (isHit && hit === '') hit = `${String(number)}: ${call.name} ${call.path ?? ''}`
        return isHit ? 'no-space' : undefined
      }
      const end = await appliance.clock.run(walkBack('1.0.0', way, appliance.deps, signal)).then(({ isThere, level, running }) => ({ isThere, level, running }), (error: unknown) => { expect(error).toBeInstanceOf(WorkbenchError); return { isThere: false, level: 0, running: '1.1.0' } })
      if (hit === '') break
      appliance.fs.fault = undefined
      const there = end.isThere ? ['v1.0.0', '1.0.0', 1] : ['v1.1.0', '1.1.0', 0]
      expect([hit, appliance.link('current'), end.running, end.level, ...runs(appliance)]).toEqual([hit, ...there, 'active', 'active'])
      if (!end.isThere) expect([hit, versionsOn(appliance), appliance.link('previous')]).toEqual([hit, ['v0.9.0', 'v1.0.0', 'v1.1.0'], 'v1.0.0'])
      seen.add(`${String(end.isThere)} ${String(end.level)}`)
      // It holds nobody up: the next one gets there.
      await appliance.clock.run(recoverDeployment(appliance.deps, signal))
      if (!end.isThere) expect([hit, await goBack(appliance)]).toMatchObject([hit, { isThere: true, running: '1.0.0' }])
    }
    expect(number).toBeGreaterThan(mode === 'one' ? 80 : 30)
    expect([...seen].sort()).toEqual(['false 0', 'true 1'])
  })
  test('onto a version that is sick: the one that ran runs again, with its links as they stood, and nothing is deleted', async () => {
    const appliance = await rig()
    appliance.units.conduct = (_unit, version) => (version === 'v1.0.0' ? 'refuses-start' : 'works')
    const end = await goBack(appliance)
    expect(end).toMatchObject({ isThere: false, level: 0, running: '1.1.0' })
    expect(end.said).toEqual([expect.stringMatching(/^ROLLBACK_LEVEL_1_FAILED: /), '1.1.0 runs again'])
    expect([appliance.link('current'), appliance.link('previous'), ...runs(appliance)]).toEqual(['v1.1.0', 'v1.0.0', 'active', 'active'])
    expect(versionsOn(appliance)).toEqual(['v0.9.0', 'v1.0.0', 'v1.1.0'])
  })
  test('when neither of the two comes up any more, the factory\'s; when that does not either, a person', async () => {
    const appliance = await rig()
    appliance.units.conduct = (_unit, version) => (version === 'v0.9.0' ? 'works' : 'refuses-start')
    expect(await goBack(appliance)).toMatchObject({ isThere: false, level: 2, running: '0.9.0' })
    expect([appliance.link('current'), ...runs(appliance)]).toEqual(['v0.9.0', 'active', 'active'])
    const other = await rig()
    other.units.conduct = () => 'refuses-start'
    expect(await goBack(other)).toMatchObject({ isThere: false, level: 'person' })
    expect(versionsOn(other)).toEqual(['v0.9.0', 'v1.0.0', 'v1.1.0'])
  })
  test('cut short after the switch, and the wanted version is sick: the start brings the one that ran', async () => {
    const appliance = await rig()
    const way = await planGoBack('1.0.0', appliance, signal)
    appliance.fs.onDone = ({ name, path }) => { if (name === 'remove' && path === 'opt/tope/versions/.links.json' && appliance.link('current') === 'v1.0.0') appliance.fs.fault = () => 'cut' }
    await appliance.clock.run(walkBack('1.0.0', way, appliance.deps, signal)).catch(() => undefined)
    appliance.fs.fault = undefined
    appliance.fs.onDone = undefined
    appliance.fs.restart(() => 0.3)
    expect(appliance.link('current')).toBe('v1.0.0')
    const again = createMemoryAppliance({ fs: appliance.fs, clock: appliance.clock })
    again.units.conduct = (_unit, version) => (version === 'v1.0.0' ? 'refuses-start' : 'works')
    await again.clock.run(recoverDeployment(again.deps, signal))
    expect([again.link('current'), ...runs(again), versionsOn(again).length]).toEqual(['v1.1.0', 'active', 'active', 3])
  })
})
