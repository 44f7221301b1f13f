import { expect, test } from 'vitest'
import { deploy, type DeployEnd } from '../../../src/main/core/ota/updater/deploy.ts'
import { createMemoryFs } from '../../../src/main/sim/disk/memoryFs.ts'
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
