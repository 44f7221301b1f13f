import { expect, test } from 'vitest'
import { versionsFolder } from '../../../src/main/core/ota/updater/appliance.ts'
import { deploy } from '../../../src/main/core/ota/updater/deploy.ts'
import { recoverDeployment } from '../../../src/main/core/ota/updater/recoverDeployment.ts'
import { createMemoryFs, type MemoryFs } from '../../../src/main/sim/disk/memoryFs.ts'
import { createMemoryAppliance, linkIn, type MemoryAppliance, memoryPackage } from '../../support/memoryAppliance.ts'
import { createSeededRandom } from '../../support/seededRandom.ts'

const { signal } = new AbortController()
const at = (name: string): string => `${versionsFolder}/${name}`
const whole = memoryPackage({ version: '1.1.0', files: {
  'bin/app': { content: 'app of old', unit: 'app.service' }, 'lib/kept': { content: 'kept', mode: 0o640 }, 'lib/gone': { content: 'gone' }, 'share/doc/a': { content: 'a' }, 'share/doc/b': { content: 'b' },
} })
const changes = memoryPackage({
  version: '1.2.0', incremental: { type: 'incremental', base_ref: 'v1.1.0', head_ref: 'v1.2.0', deleted: ['/opt/tope/lib/gone', '/opt/tope/share/doc'] },
  files: { 'bin/app': { content: 'app of new', unit: 'app.service' }, 'bin/more': { content: 'more', unit: 'more.service' } },
})
const textOf = (fs: MemoryFs, path: string): string | undefined => { const found = fs.content().get(at(path)); return found instanceof Uint8Array ? new TextDecoder().decode(found) : undefined }
/** Of the version that is current: every file with its content. */
const filesOn = (fs: MemoryFs): readonly string[] => {
  const top = at(`${linkIn(fs, 'current') ?? 'none'}/`)
  return [...fs.content().keys()].filter((path) => path.startsWith(top) && !path.endsWith('/.complete')).map((path) => path.slice(top.length)).filter((path) => textOf(fs, `${linkIn(fs, 'current') ?? ''}/${path}`) !== undefined)
    .map((path) => `${path}=${textOf(fs, `${linkIn(fs, 'current') ?? ''}/${path}`) ?? ''}`).sort()
}
const oldFiles = ['bin/app=app of old', 'lib/gone=gone', 'lib/kept=kept', 'share/doc/a=a', 'share/doc/b=b']
const newFiles = ['bin/app=app of new', 'bin/more=more', 'lib/kept=kept']

async function rig(fs = createMemoryFs()): Promise<MemoryAppliance> {
  const appliance = createMemoryAppliance({ fs })
  expect(await appliance.clock.run(deploy(whole, '1.1.0', appliance.deps, signal))).toMatchObject({ kind: 'installed' })
  return appliance
}

test('only what changed is brought: the rest is that of the version which runs, what is named goes, and all services start anew', async () => {
  const appliance = await rig()
  const before = appliance.units.calls.length
  expect(await appliance.clock.run(deploy(changes, '1.2.0', appliance.deps, signal))).toEqual({ kind: 'installed', version: '1.2.0', pruned: [] })
  expect(filesOn(appliance.fs)).toEqual(newFiles)
  expect((await appliance.fs.stat(at('v1.2.0/lib/kept'), signal))?.mode).toBe(0o640)
  expect(appliance.units.calls.slice(before)).toEqual(['stop app.service', 'start app.service v1.2.0', 'start more.service v1.2.0'])
  // The old one is as it was, and a way back to it.
  expect([textOf(appliance.fs, 'v1.1.0/lib/gone'), appliance.link('previous')]).toEqual(['gone', 'v1.1.0'])
  const marker = JSON.parse(textOf(appliance.fs, 'v1.2.0/.complete') ?? '') as { units: string[]; files: { path: string }[] }
  expect([marker.units, marker.files.map(({ path }) => path).sort()]).toEqual([['app.service', 'more.service'], ['bin/app', 'bin/more', 'lib/kept']])
})

test('another version than the one that it builds on, or none at all: refused by name, and nothing is touched', async () => {
  const other = await rig()
  const onto = (base: string) => memoryPackage({ version: '1.2.0', incremental: { type: 'incremental', base_ref: base }, files: { 'bin/app': { content: 'x' } } })
  const calls = other.units.calls.length
  expect(await other.clock.run(deploy(onto('1.0.0'), '1.2.0', other.deps, signal))).toMatchObject({ kind: 'failed', level: 0, running: 'v1.1.0', error: 'DEPLOYMENT_FAILED: INCREMENTAL_BASE_MISMATCH: the package builds on 1.0.0, and 1.1.0 runs here' })
  expect([other.units.calls.length, await other.fs.stat(at('v1.2.0'), signal)]).toEqual([calls, undefined])
  const none = createMemoryAppliance()
  expect(await none.clock.run(deploy(onto('1.0.0'), '1.2.0', none.deps, signal))).toMatchObject({ kind: 'failed', error: expect.stringContaining('INCREMENTAL_BASE_MISSING') as string })
})

test('a base that is not what was installed, or of which nobody knows that, is built on by nothing', async () => {
  const changed = await rig()
  changed.fs.put(at('v1.1.0/lib/kept'), 'kepT')
  expect(await changed.clock.run(deploy(changes, '1.2.0', changed.deps, signal))).toMatchObject({ kind: 'failed', level: 0, running: 'v1.1.0', error: expect.stringMatching(/INCREMENTAL_BASE_INVALID: 1\.1\.0 is not what was installed: lib\/kept/) as string })
  const unknown = await rig()
  unknown.fs.put(at('v1.1.0/.complete'), '')
  expect(await unknown.clock.run(deploy(changes, '1.2.0', unknown.deps, signal))).toMatchObject({ kind: 'failed', error: expect.stringMatching(/INCREMENTAL_BASE_INVALID: nobody knows/) as string })
  expect(filesOn(unknown.fs)).toEqual(oldFiles)
})

test('a power cut after every call: exactly the old or exactly the new files', { timeout: 120_000 }, async () => {
  const seen = new Set<string>()
  let points = 0
  for (const fault of ['cut', 'cut-after'] as const) {
    for (let number = 1; number < 1_000; number += 1) {
      const fs = createMemoryFs()
      const appliance = await rig(fs)
      const first = fs.calls.length
      fs.fault = (call) => (call.number - first === number ? fault : undefined)
      const isOver = await appliance.clock.run(deploy(changes, '1.2.0', appliance.deps, signal)).then(() => true, () => false)
      if (isOver) break
      points += 1
      fs.fault = undefined
      fs.restart(createSeededRandom(number))
      const again = createMemoryAppliance({ fs, clock: appliance.clock })
      await again.clock.run(recoverDeployment(again.deps, signal))
      expect([oldFiles, newFiles]).toContainEqual(filesOn(fs))
      seen.add(linkIn(fs, 'current') ?? 'none')
      expect([number, linkIn(fs, 'current')]).toEqual([number, filesOn(fs).length === newFiles.length ? 'v1.2.0' : 'v1.1.0'])
    }
  }
  expect(points).toBeGreaterThan(100)
  expect([...seen].sort()).toEqual(['v1.1.0', 'v1.2.0'])
})
