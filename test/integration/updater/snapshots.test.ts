import { describe, expect, test } from 'vitest'
import { versionsFolder } from '../../../src/main/core/ota/updater/appliance.ts'
import { checkFactory, differencesOf, entryFolders, pinnedEntryLinks } from '../../../src/main/core/ota/updater/checkVersions.ts'
import { updaterCodeOf } from '../../../src/shared/ota/updaterFault.ts'
import { newDigest } from '../../../src/main/drivers/host/digest.ts'
import { createMemoryAppliance } from '../../support/memoryAppliance.ts'

const { signal } = new AbortController()
const at = (name: string): string => `${versionsFolder}/${name}`
const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => work.then(() => 'taken', (error: unknown) => updaterCodeOf(error) ?? (error as { code?: string }).code)

describe('versions in folders and the links that choose one', () => {
  test('2.20 promote 1.0.0 and then 1.1.0: current 1.1.0, previous 1.0.0; the first leaves previous unset', async () => {
    const { device: { snapshots }, link } = createMemoryAppliance({ versions: ['1.0.0', '1.1.0'] })
    await snapshots.promote('1.0.0', signal)
    expect([link('current'), link('previous')]).toEqual(['v1.0.0', undefined])
    await snapshots.promote('1.1.0', signal)
    expect([link('current'), link('previous')]).toEqual(['v1.1.0', 'v1.0.0'])
  })
  test('2.22 a rename that fails in the switch: an error, nothing left beside, the links as before', async () => {
    const { device: { snapshots }, fs, link } = createMemoryAppliance({ versions: ['1.0.0', '1.1.0', '1.2.0'], links: { current: 'v1.1.0', previous: 'v1.0.0' } })
    const before = [...fs.content().keys()]
    let isBroken = true
    fs.fault = ({ name, to }) => (isBroken && name === 'rename' && to === at('current') ? 'refused' : undefined)
    await expect(snapshots.promote('1.2.0', signal)).rejects.toMatchObject({ code: 'device/refused' })
    isBroken = false
    expect([link('current'), link('previous')]).toEqual(['v1.1.0', 'v1.0.0'])
    expect([...fs.content().keys()]).toEqual(before)
  })
  test('2.23 promoting the current version changes nothing', async () => {
    const { device: { snapshots }, fs, link } = createMemoryAppliance({ versions: ['1.0.0', '1.1.0'], links: { current: 'v1.1.0', previous: 'v1.0.0' } })
    await snapshots.promote('1.1.0', signal)
    expect([link('current'), link('previous')]).toEqual(['v1.1.0', 'v1.0.0'])
    expect(fs.calls.filter(({ name }) => ['write', 'rename', 'symlink', 'remove'].includes(name))).toEqual([])
  })
  test('a version that is not there is not promoted', async () => {
    const { device: { snapshots }, link } = createMemoryAppliance({ versions: ['1.0.0'], links: { current: 'v1.0.0' } })
    expect(await codeOf(snapshots.promote('9.9.9', signal))).toBe('VERSION_NOT_FOUND')
    expect(link('current')).toBe('v1.0.0')
  })
  test('2.25 delete: current, previous and factory are refused, an unused one goes, a missing one is not found', async () => {
    const { device: { snapshots }, fs } = createMemoryAppliance({ versions: ['1.0.0', '1.1.0', '1.2.0', '1.3.0'], links: { factory: 'v1.0.0', previous: 'v1.1.0', current: 'v1.2.0' } })
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) expect(await codeOf(snapshots.remove(version, signal))).toBe('VERSION_IN_USE')
    await snapshots.remove('1.3.0', signal)
    expect([...fs.content().keys()].some((path) => path.startsWith(at('v1.3.0')))).toBe(false)
    expect(await codeOf(snapshots.remove('1.3.0', signal))).toBe('VERSION_NOT_FOUND')
  })
  test('2.26 listed by number: 1.0.0, 1.2.0, 1.10.0; links are no versions', async () => {
    const { device: { snapshots }, fs } = createMemoryAppliance({ versions: ['1.10.0', '1.0.0', '1.2.0'], links: { current: 'v1.2.0/', factory: '/opt/tope/versions/v1.0.0' } })
    fs.put(at('2.0.0/bin/app'), 'by hand')
    expect((await snapshots.list(signal)).map(({ folder, links }) => [folder, ...links])).toEqual([['v1.0.0', 'factory'], ['v1.2.0', 'current'], ['v1.10.0'], ['2.0.0']])
  })
  test('create: an existing one is refused, a half one that nobody uses is made anew', async () => {
    const { device: { snapshots }, fs } = createMemoryAppliance({ versions: ['1.0.0', '1.1.0'], links: { current: 'v1.0.0' } })
    expect(await codeOf(snapshots.create('1.1.0', signal))).toBe('VERSION_EXISTS')
    expect(await codeOf(snapshots.create('1.0.0', signal))).toBe('VERSION_EXISTS')
    fs.put(at('v1.2.0/bin/half'), 'half')
    await snapshots.create('1.2.0', signal)
    expect([...fs.content().keys()].filter((path) => path.startsWith(at('v1.2.0')))).toEqual([at('v1.2.0')])
    fs.put(at('v1.3.0/bin/half'), 'half')
    fs.put(at('previous'), '-> v1.3.0')
    expect(await codeOf(snapshots.create('1.3.0', signal))).toBe('VERSION_EXISTS')
  })
  test('sweep: half snapshots and links that were not put in place go, everything else stays', async () => {
    const { device: { snapshots }, fs } = createMemoryAppliance({ versions: ['1.0.0', '1.1.0'], links: { current: 'v1.0.0' } })
    fs.put(at('v1.2.0/bin/half'), 'half')
    fs.put(at('by-hand/x'), 'x')
    fs.put(at('.current.tmp.1234'), '-> v9')
    expect(await snapshots.sweep(signal)).toEqual(['v1.2.0', '.current.tmp.1234'])
    expect((await snapshots.list(signal)).map(({ folder }) => folder)).toEqual(['v1.0.0', 'v1.1.0', 'by-hand'])
  })
  test('a current that is no link counts as not set, with a warning', async () => {
    const { device: { snapshots }, fs } = createMemoryAppliance({ versions: ['1.0.0'] })
    fs.put(at('current/x'), 'x')
    expect(await snapshots.links(signal)).toMatchObject({ current: undefined, warnings: [expect.stringContaining('is no link')] })
  })
  test('a link that leads out of the versions is none', async () => {
    const { device: { snapshots } } = createMemoryAppliance({ versions: ['1.0.0'], links: { current: '../../../etc', previous: 'v1.0.0/../v1.0.0' } })
    expect(await snapshots.links(signal)).toMatchObject({ current: undefined, previous: undefined, dangling: ['current', 'previous'] })
  })
  test('what a version consists of is checked by hash', async () => {
    const { device: { snapshots }, fs } = createMemoryAppliance({ versions: ['1.0.0'] })
    expect(await differencesOf(fs, snapshots, '1.0.0', newDigest, signal)).toEqual([])
    fs.put(at('v1.0.0/bin/app'), 'app 1.0.1')
    expect(await differencesOf(fs, snapshots, '1.0.0', newDigest, signal)).toEqual(['bin/app'])
    fs.put(at('v1.0.0/.complete'), '')
    expect(await differencesOf(fs, snapshots, '1.0.0', newDigest, signal)).toBeUndefined()
  })
})

describe('the factory version', () => {
  test('2.28 no write bit anywhere, the top included; what could be executed still can', async () => {
    const { device: { snapshots }, fs } = createMemoryAppliance({ versions: ['1.0.0'], links: { current: 'v1.0.0' } })
    await fs.chmod(at('v1.0.0/bin/app'), 0o755, signal)
    fs.put(at('v1.0.0/etc/data'), 'data')
    await fs.chmod(at('v1.0.0/etc/data'), 0o644, signal)
    await snapshots.setFactory('1.0.0', signal)
    const modes = await Promise.all(['v1.0.0', 'v1.0.0/bin', 'v1.0.0/bin/app', 'v1.0.0/etc/data'].map(async (name) => ((await fs.stat(at(name), signal))?.mode ?? 0).toString(8)))
    expect(modes).toEqual(['555', '555', '555', '444'])
    expect(await checkFactory(fs, snapshots, signal)).toEqual({ isValid: true, isReadOnly: true, problems: [] })
    expect(await codeOf(snapshots.setFactory('1.0.0', signal))).toBe('VERSION_EXISTS')
  })
  test('2.29 no link, a dangling one, an empty folder, only dangling links: not valid; one writable file: not read-only', async () => {
    const { device: { snapshots }, fs } = createMemoryAppliance({ versions: ['1.0.0'] })
    expect(await checkFactory(fs, snapshots, signal)).toMatchObject({ isValid: false, problems: ['there is no factory link'] })
    fs.put(at('factory'), '-> v0.9.0')
    expect(await checkFactory(fs, snapshots, signal)).toMatchObject({ isValid: false, problems: ['the factory link leads nowhere'] })
    await fs.mkdir(at('v0.9.0'), signal)
    expect(await checkFactory(fs, snapshots, signal)).toMatchObject({ isValid: false, problems: ['the factory version is empty'] })
    fs.put(at('v0.9.0/app'), '-> nowhere')
    expect(await checkFactory(fs, snapshots, signal)).toMatchObject({ isValid: false, problems: ['the factory version holds no real file'] })
    await fs.remove(at('v0.9.0/app'), signal)
    fs.put(at('v0.9.0/app'), 'app')
    await fs.chmod(at('v0.9.0'), 0o555, signal)
    await fs.chmod(at('v0.9.0/app'), 0o644, signal)
    expect(await checkFactory(fs, snapshots, signal)).toMatchObject({ isValid: true, isReadOnly: false, problems: [`${at('v0.9.0/app')} may be written`] })
  })
})

test('2.41 an entry link that is pinned to a version is told', async () => {
  const { fs } = createMemoryAppliance({ versions: ['1.1.0'] })
  fs.put('usr/local/bin/good', '-> /opt/tope/versions/current/bin/app')
  fs.put('usr/local/bin/foreign', '-> /usr/bin/python3')
  fs.put('usr/local/bin/pinned', '-> /opt/tope/versions/v1.1.0/bin/app')
  fs.put('opt/tope/services/app', '-> ../versions/v1.1.0/services/app')
  fs.put('opt/tope/services/right', '-> ../versions/current/services/app')
  expect(await pinnedEntryLinks(fs, versionsFolder, entryFolders, signal)).toEqual([
    { path: 'usr/local/bin/pinned', to: '/opt/tope/versions/v1.1.0/bin/app' }, { path: 'opt/tope/services/app', to: '../versions/v1.1.0/services/app' },
  ])
})
