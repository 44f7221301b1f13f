import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { deployPackage } from '../../../src/main/composition/deployPackage.ts'
import { versionsFolder } from '../../../src/main/core/ota/updater/appliance.ts'
import { deploy, planDeployment } from '../../../src/main/core/ota/updater/deploy.ts'
import { recoverDeployment } from '../../../src/main/core/ota/updater/recoverDeployment.ts'
import { readAlsoAllowed } from '../../../src/main/protocols/updater/manifest.ts'
import { createMemoryFs, type MemoryFs } from '../../../src/main/sim/disk/memoryFs.ts'
import { createMemoryAppliance, linkIn, type MemoryAppliance, memoryPackage } from '../../support/memoryAppliance.ts'
import { createSeededRandom } from '../../support/seededRandom.ts'
import { openUpdaterBench } from '../../support/updaterBench.ts'
import { buildZip } from '../../support/zipBuilder.ts'

const { signal } = new AbortController()
const also = ['usr/local/bin', 'etc/tope']
const textOf = (fs: MemoryFs, path: string): string | undefined => { const found = fs.content().get(path); return found instanceof Uint8Array ? new TextDecoder().decode(found) : undefined }
/** Everything below the opened folders, and what is left over elsewhere. */
const outsideOn = (fs: MemoryFs): Readonly<Record<string, string>> => Object.fromEntries([...fs.content().keys()]
  .filter((path) => /^(usr|etc)\//.test(path) || path.startsWith(`${versionsFolder}/.`)).map((path) => [path, textOf(fs, path)] as const).filter((each): each is [string, string] => each[1] !== undefined).sort())

/** 1.1.0 takes the place of a tool of the system and brings a file of its own; 1.2.0 brings another tool, and another file instead. */
const first = memoryPackage({ version: '1.1.0', files: { 'bin/app': { content: 'app 1.1', unit: 'app.service' }, '/usr/local/bin/tool': { content: 'tool 1.1', mode: 0o755 }, '/etc/tope/old.conf': { content: 'old' } } })
const second = memoryPackage({ version: '1.2.0', files: { 'bin/app': { content: 'app 1.2', unit: 'app.service' }, '/usr/local/bin/tool': { content: 'tool 1.2', mode: 0o755 }, '/etc/tope/new/new.conf': { content: 'new' } } })
const plain = memoryPackage({ version: '1.3.0', files: { 'bin/app': { content: 'app 1.3', unit: 'app.service' } } })
const [system, ofFirst, ofSecond] = [{ 'usr/local/bin/tool': 'tool of the system' }, { 'etc/tope/old.conf': 'old', 'usr/local/bin/tool': 'tool 1.1' }, { 'etc/tope/new/new.conf': 'new', 'usr/local/bin/tool': 'tool 1.2' }]

async function rig(fs = createMemoryFs()): Promise<MemoryAppliance> {
  fs.put('usr/local/bin/tool', 'tool of the system')
  return createMemoryAppliance({ fs })
}
const install = async ({ deps, clock }: MemoryAppliance, contents: ReturnType<typeof memoryPackage>, change = {}): Promise<unknown> => clock.run(deploy(contents, undefined, { ...deps, also, ...change }, signal))

describe('files of a package outside of the versions', () => {
  test('they come and go with the version; what stood there before any of them is given back', async () => {
    const appliance = await rig()
    const { fs } = appliance
    expect(await install(appliance, first)).toMatchObject({ kind: 'installed' })
    expect(outsideOn(fs)).toEqual(ofFirst)
    expect((await fs.stat('usr/local/bin/tool', signal))?.mode).toBe(0o755)
    await install(appliance, second)
    expect(outsideOn(fs)).toEqual(ofSecond)
    await install(appliance, plain)
    expect([outsideOn(fs), linkIn(fs, 'current')]).toEqual([system, 'v1.3.0'])
  })

  test('a version whose service dies is taken back with all that it brought', async () => {
    const appliance = await rig()
    await install(appliance, first)
    appliance.units.conduct = (_unit, version) => (version === 'v1.2.0' ? { diesAfterMs: 1_000 } : 'works')
    expect(await install(appliance, second)).toMatchObject({ kind: 'failed', level: 1, running: 'v1.1.0' })
    expect(outsideOn(appliance.fs)).toEqual(ofFirst)
  })

  test('a package of changes keeps what it does not bring, there too', async () => {
    const appliance = await rig()
    await install(appliance, first)
    const changes = memoryPackage({ version: '1.2.0', incremental: { type: 'incremental', base_ref: '1.1.0', deleted: ['/etc/tope/old.conf'] }, files: { 'bin/app': { content: 'app 1.2' } } })
    expect(await install(appliance, changes)).toMatchObject({ kind: 'installed' })
    expect(outsideOn(appliance.fs)).toEqual({ 'usr/local/bin/tool': 'tool 1.1' })
    await install(appliance, plain)
    expect(outsideOn(appliance.fs)).toEqual(system)
  })

  test('only what the owner of the appliance opened; nothing is touched otherwise', async () => {
    const appliance = await rig()
    const calls = appliance.units.calls.length
    for (const given of [[], ['usr/local'], ['usr/local/bi', 'etc/tope']]) expect([given, await install(appliance, first, { also: given })]).toEqual([given, expect.objectContaining({ kind: 'failed', level: 0, error: expect.stringMatching(/INVALID_MANIFEST: .* does not lie in \/opt\/tope\//) as string })])
    expect([outsideOn(appliance.fs), appliance.units.calls.length]).toEqual([system, calls])
    expect(() => planDeployment(memoryPackage({ version: '1.1.0', files: { '/usr/local/bin/../sbin/x': { content: '' } } }), undefined, 'any')).toThrow('without "." or ".."')
    expect(() => planDeployment(memoryPackage({ version: '1.1.0', files: { 'usr/x': { content: '' }, '/usr/x': { content: '' } } }), undefined, 'any')).toThrow('the same "dst"')
  })

  test('a link, a folder, and a way that leads through a link are nobody\'s to replace; no service is stopped for that', async () => {
    const appliance = await rig()
    await appliance.fs.mkdir('etc', signal).catch(() => undefined)
    await appliance.fs.symlink('/somewhere', 'etc/tope', signal)
    const calls = appliance.units.calls.length
    expect(await install(appliance, first)).toMatchObject({ kind: 'failed', level: 0, error: expect.stringContaining('/etc/tope is a link on the device') as string })
    expect([outsideOn(appliance.fs), appliance.units.calls.length]).toEqual([system, calls])
  })

  test('over HTTP and on a real disk: what --also opens is put there, goes with a rollback, and what else a package wants is refused', async () => {
    const bench = await openUpdaterBench({ also: ['/usr/local/bin'] })
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-outside-'))
    onTestFinished(async () => rm(folder, { recursive: true, force: true }))
    const deployed = async (dst: string): Promise<unknown> => {
      const path = join(folder, 'p.zip')
      await writeFile(path, buildZip([{ name: 'manifest.json', bytes: Buffer.from(JSON.stringify({ version: '1.2.0', modules: [{ name: 'tool', src: 'tool', dst }] })) }, { name: 'tool', bytes: Buffer.from('#!/bin/sh\n'), mode: 0o100755 }]))
      return deployPackage({ path, updater: bench.url(), address: '127.0.0.1', clock: bench.clock, tell: () => undefined }, fetch, signal)
    }
    await expect(deployed('/etc/tool')).rejects.toThrow('/etc/tool does not lie in /opt/tope/ or /usr/local/bin/')
    await deployed('/usr/local/bin/tool')
    const tool = join(bench.root, 'usr/local/bin/tool')
    expect([await bench.link('current'), await readFile(tool, 'utf8'), (await stat(tool)).mode & 0o777]).toEqual(['v1.2.0', '#!/bin/sh\n', 0o755])
    expect(await bench.ask('/api/v1.0/rollback', { version: '1.1.0' })).toMatchObject({ code: 200 })
    await bench.until('success')
    expect([await bench.link('current'), await bench.names('usr/local/bin')]).toEqual(['v1.1.0', ['device-api', 'motion-control']])
  })

  test.each([['/usr/local/bin', 'usr/local/bin'], ['/etc/tope/', 'etc/tope']])('%s may be opened', (given, path) => { expect(readAlsoAllowed([given])).toEqual([path]) })
  test.each(['/', '', 'usr/bin', '/opt', '/opt/tope', '/opt/tope/versions', '/usr/../etc', '//', '/.x', '/a\0b'])('%j may not', (given) => { expect(() => readAlsoAllowed([given])).toThrow('cannot be opened to packages') })

  test('a power cut after every call: what stands outside is of the version that is current, and nothing is left over', { timeout: 120_000 }, async () => {
    const seen = new Set<string>()
    let points = 0
    const start = await rig()
    await install(start, first)
    const disk = [...start.fs.content()]
    for (const fault of ['cut', 'cut-after'] as const) {
      for (let number = 1; number < 2_000; number += 1) {
        const fs = createMemoryFs()
        for (const [path, content] of disk) if (content !== '/') fs.put(path, content)
        const appliance = createMemoryAppliance({ fs })
        const before = fs.calls.length
        fs.fault = (call) => (call.number - before === number ? fault : undefined)
        const isOver = await install(appliance, second).then(() => true, () => false)
        if (isOver) break
        points += 1
        fs.fault = undefined
        fs.restart(createSeededRandom(number))
        const again = createMemoryAppliance({ fs, clock: appliance.clock })
        await again.clock.run(recoverDeployment({ ...again.deps, also }, signal))
        const current = linkIn(fs, 'current') ?? 'none'
        expect([number, current, outsideOn(fs)]).toEqual([number, current, current === 'v1.2.0' ? ofSecond : ofFirst])
        seen.add(current)
      }
    }
    expect(points).toBeGreaterThan(100)
    expect([...seen].sort()).toEqual(['v1.1.0', 'v1.2.0'])
  })
})
