import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createRouterClient } from '@orpc/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { deployPackage } from '../../../src/main/composition/deployPackage.ts'
import type { DeviceUpdateDesk } from '../../../src/main/composition/deviceUpdateDesk.ts'
import { deviceUpdateRoutes } from '../../../src/main/composition/deviceUpdateRoutes.ts'
import { writeZip } from '../../../src/main/drivers/files/zipFile.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { serviceProgram } from '../../../src/main/sim/appliance/applianceTree.ts'
import { createFakeCli } from '../../support/fakeCli.ts'
import { never } from '../../support/otaRig.ts'
import { appliancePackage, openUpdaterBench, type UpdaterBench } from '../../support/updaterBench.ts'
import { buildZip } from '../../support/zipBuilder.ts'

type Tree = Readonly<Record<string, string>>
const services = ['device-api', 'motion-control'] as const
const serviceFlags = services.flatMap((name) => ['--service', `${name}.service=services/${name}/${name}`])

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-packages-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}
async function writeTree(folder: string, tree: Tree): Promise<string> {
  for (const [path, text] of Object.entries(tree)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
    await chmod(join(folder, path), path.startsWith('services/') ? 0o755 : 0o640)
  }
  return folder
}
const version = (name: string, more: Tree): Tree => ({ ...Object.fromEntries(services.map((each) => [`services/${each}/${each}`, serviceProgram(each, each === 'device-api' ? name : '1.2.0')])), ...more })
const trees = { '1.2.0': version('1.2.0', { 'lib/table': 'a table', 'lib/old': 'of old', 'share/empty': '' }), '1.3.0': version('1.3.0', { 'lib/table': 'a table', 'lib/new': 'of new', 'share/empty': '' }) } as const

/** As typed; the last event of it, and every word. */
async function typed(...argv: readonly string[]): Promise<{ readonly code: number; readonly events: readonly Record<string, unknown>[]; readonly words: string }> {
  const [json, human] = [createFakeCli(), createFakeCli()]
  const code = await runCli([...argv, '--output', 'json'], json.deps)
  if (code !== 0) await runCli([...argv], human.deps)
  return { code, events: json.events(), words: [...human.out.lines, ...human.err.lines].join('\n') }
}

/** Of the version that runs: every file with its rights and content. */
async function running({ root }: UpdaterBench): Promise<Tree> {
  const top = join(root, 'opt/tope/versions/current')
  const found: Record<string, string> = {}
  for (const entry of await readdir(top, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === '.complete') continue
    const path = join(entry.parentPath, entry.name)
    found[path.slice(top.length + 1)] = `${((await stat(path)).mode & 0o777).toString(8)} ${await readFile(path, 'utf8')}`
  }
  return found
}
const withModes = (tree: Tree): Tree => Object.fromEntries(Object.entries(tree).map(([path, text]) => [path, `${path.startsWith('services/') ? '755' : '640'} ${text}`]))

describe('packages that are built here', () => {
  test('a folder whole, then only what changed: an updater takes both, and what runs is each time exactly the folder', async () => {
    const [folder, bench] = [await scratch(), await openUpdaterBench()]
    const [older, newer, changes] = ['older.zip', 'newer.zip', 'changes.zip'].map((name) => join(folder, name)) as [string, string, string]
    for (const [name, path] of [['1.2.0', older], ['1.3.0', newer]] as const) {
      const { code, events } = await typed('release', 'package', await writeTree(join(folder, name), trees[name]), '--version', name, ...serviceFlags, '-o', path)
      expect([code, events.at(-1)]).toEqual([0, expect.objectContaining({ event: 'done', path, version: name, files: 5, units: services.map((each) => `${each}.service`), sizeBytes: (await stat(path)).size })])
    }
    const built = await typed('release', 'package', older, newer, '-o', changes)
    expect(built.events.at(-1)).toMatchObject({ base: '1.2.0', version: '1.3.0', files: 2, keptFiles: 3, deleted: ['/opt/tope/lib/old'] })
    expect((await stat(changes)).size).toBeLessThan((await stat(newer)).size)

    const deploy = async (path: string): Promise<unknown> => deployPackage({ path, updater: bench.url(), address: '127.0.0.1', clock: bench.clock, tell: () => undefined }, fetch, never)
    // On 1.1.0 the changes alone are nothing.
    await expect(deploy(changes)).rejects.toThrow('INCREMENTAL_BASE_MISMATCH: the package builds on 1.2.0, and 1.1.0 runs here')
    await deploy(older)
    expect([await bench.link('current'), await running(bench)]).toEqual(['v1.2.0', withModes(trees['1.2.0'])])
    await deploy(changes)
    expect([await bench.link('current'), await bench.link('previous'), await running(bench)]).toEqual(['v1.3.0', 'v1.2.0', withModes(trees['1.3.0'])])
    for (const name of services) expect(await readFile(join(bench.root, 'run/units', `${name}.service`), 'utf8')).toMatch(/^active/)
  })

  test('what cannot become a package is refused in words, and nothing has its name then', async () => {
    const folder = await scratch()
    const tree = await writeTree(join(folder, 'tree'), trees['1.2.0'])
    const [out, older] = [join(folder, 'out.zip'), join(folder, 'older.zip')]
    await writeFile(older, appliancePackage('1.2.0'))
    await writeFile(join(folder, 'sum.zip'), buildZip([{ name: 'manifest.json', bytes: Buffer.from(JSON.stringify({ version: '1.3.0', modules: [{ name: 'a', src: 'a', dst: '/opt/tope/a', sha256: 'a'.repeat(64) }] })) }, { name: 'a', bytes: Buffer.from('x') }]))
    await writeFile(join(folder, 'part.zip'), appliancePackage('1.3.0', 'works', [{ name: 'incremental.json', bytes: Buffer.from('{"type":"incremental","base_ref":"1.2.0"}') }]))
    await writeFile(join(folder, 'no.zip'), 'nothing that a zip begins with')
    await mkdir(join(folder, 'linked'))
    await symlink('/etc/passwd', join(folder, 'linked/passwd'))
    for (const [argv, said] of [
      [['release', 'package', tree, '--version', '1.2', '-o', out], '"version" is no version such as 1.2.3'],
      [['release', 'package', tree, '--version', '1.2.0', '--service', 'x.service=nosuch', '-o', out], 'there is no such file in the package'],
      [['release', 'package', tree, '--version', '1.2.0', '--exclude', '**', '-o', out], 'No file is left'],
      [['release', 'package', join(folder, 'linked'), '--version', '1.2.0', '-o', out], '"passwd" is no plain file'],
      [['release', 'package', tree, '--version', '1.2.0', '-o', older], 'is there already'],
      [['release', 'package', older, '--version', '1.2.0', '-o', out], 'One package alone has no changes'],
      [['release', 'package', older, older, '-o', out], 'Both packages are version 1.2.0'],
      [['release', 'package', older, join(folder, 'part.zip'), '-o', out], 'brings only changes itself'],
      [['release', 'package', older, join(folder, 'sum.zip'), '-o', out], 'is not what its manifest says'],
      [['release', 'package', older, tree, '-o', out], 'is a folder and no package'],
      [['release', 'package', older, join(folder, 'no.zip'), '-o', out], 'damaged or no zip'],
    ] as const) {
      const { code, events, words } = await typed(...argv)
      expect([argv.slice(2), code, events.map(({ event }) => event), words]).toEqual([argv.slice(2), 2, ['error', 'done'], expect.stringContaining(said)])
    }
    expect((await readdir(folder)).sort()).toEqual(['linked', 'no.zip', 'older.zip', 'part.zip', 'sum.zip', 'tree'])
    // A link that is left out is no reason to refuse.
    await writeFile(join(folder, 'linked/real'), 'real')
    expect((await typed('release', 'package', join(folder, 'linked'), '--version', '1.2.0', '--exclude', 'passwd', '-o', out)).events.at(-1)).toMatchObject({ success: true, files: 1, units: [] })
  })

  test('the window builds what the command builds, and takes no path that is relative to nobody knows what', async () => {
    const folder = await scratch()
    const tree = async (name: keyof typeof trees): Promise<string> => writeTree(join(folder, name), trees[name])
    const client = createRouterClient(deviceUpdateRoutes(undefined as unknown as DeviceUpdateDesk))
    const wish = { of: 'folder' as const, services: services.map((name) => ({ unit: `${name}.service`, path: `services/${name}/${name}` })), exclude: [] as string[] }
    for (const name of ['1.2.0', '1.3.0'] as const) {
      const outPath = join(folder, `${name}.zip`)
      expect(await client.buildPackage({ ...wish, folder: await tree(name), version: name, outPath })).toMatchObject({ path: outPath, version: name, files: 5, sizeBytes: (await stat(outPath)).size })
      const other = await typed('release', 'package', join(folder, name), '--version', name, ...serviceFlags, '-o', join(folder, `${name}-cli.zip`))
      expect(other.events.at(-1)).toMatchObject({ files: 5, wholeBytes: expect.any(Number) as number })
    }
    const [oldPath, newPath, outPath] = [join(folder, '1.2.0.zip'), join(folder, '1.3.0-cli.zip'), join(folder, 'changes.zip')]
    expect(await client.buildPackage({ of: 'packages', oldPath, newPath, outPath })).toMatchObject({ base: '1.2.0', version: '1.3.0', files: 2, keptFiles: 3, wholePackageBytes: (await stat(newPath)).size })
    await expect(client.buildPackage({ of: 'packages', oldPath, newPath, outPath })).rejects.toThrow('is there already')
    for (const change of [{ outPath: 'here.zip' }, { folder: '../x' }, { version: '1.2' }, { version: '../x' }]) await expect(client.buildPackage({ ...wish, folder: join(folder, '1.2.0'), version: '1.2.0', outPath: join(folder, 'no.zip'), ...change })).rejects.toThrow(/validation/i)
    expect((await readdir(folder)).sort()).toEqual(['1.2.0', '1.2.0-cli.zip', '1.2.0.zip', '1.3.0', '1.3.0-cli.zip', '1.3.0.zip', 'changes.zip'])
  })

  test('proved before it has its name: what does not prove leaves nothing', async () => {
    const folder = await scratch()
    async function* parts(): AsyncGenerator<{ name: string; pieces: readonly Uint8Array[] }, void, void> { yield await Promise.resolve({ name: 'a', pieces: [Buffer.from('a')] }) }
    await expect(writeZip(join(folder, 'a.zip'), parts(), 1e6, never, async (beside) => { await stat(beside); throw new Error('not this one') })).rejects.toThrow('not this one')
    expect(await readdir(folder)).toEqual([])
  })
})
