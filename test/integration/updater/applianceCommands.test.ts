import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { deployOverSsh } from '../../../src/main/composition/deployOverSsh.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { openPackageZip } from '../../../src/main/drivers/updater/packageZip.ts'
import { createSimAppliance } from '../../../src/main/sim/appliance/applianceTree.ts'
import { createFakeCli } from '../../support/fakeCli.ts'
import { never } from '../../support/otaRig.ts'
import { appliancePackage, openUpdaterBench } from '../../support/updaterBench.ts'

async function typed(...argv: readonly string[]): Promise<{ readonly code: number; readonly events: ReturnType<ReturnType<typeof createFakeCli>['events']>; readonly words: string }> {
  const [json, human] = [createFakeCli(), createFakeCli()]
  await runCli([...argv], human.deps)
  return { code: await runCli([...argv, '--output', 'json'], json.deps), events: json.events(), words: [...human.out.lines, ...human.err.lines].join('\n') }
}
/** An appliance whose packages were installed by an updater, so that every version has its mark. */
async function rig(): Promise<string> {
  const bench = await openUpdaterBench()
  const bytes = appliancePackage('1.2.0')
  bench.files.on('/p.zip', bytes)
  await bench.ask('/api/v1.0/download', bench.request(bytes))
  await bench.until('toInstall')
  await bench.ask('/api/v1.0/update', { version: '1.2.0' })
  await bench.until('success')
  await bench.stop()
  return bench.root
}
const at = (root: string, path: string): string => join(root, 'opt/tope/versions', path)

test('the version that runs becomes the factory\'s once, proved first; from then on it cannot be written', async () => {
  const root = await rig()
  await rm(at(root, 'factory'))
  const check = await typed('updater', 'check', '--root', root)
  expect([check.code, check.events.at(-1)]).toMatchObject([5, { success: false, versions: [{ version: '1.0.0', links: [] }, { version: '1.1.0', links: ['previous'] }, { version: '1.2.0', links: ['current'] }], problems: ['there is no factory link'] }])
  expect(check.words).toContain('Wrong: there is no factory link')
  const program = at(root, 'v1.2.0/services/device-api/device-api')
  const right = await readFile(program, 'utf8')
  await writeFile(program, `${right}#`)
  // Changed by hand: nobody wants to fall back to that.
  const changed = createFakeCli()
  expect(await runCli(['updater', 'factory', '--root', root, '--output', 'json'], changed.deps)).toBe(5)
  expect(changed.events()[0]).toMatchObject({ code: 'device/wrong-content', message: expect.stringContaining('services/device-api/device-api of 1.2.0 is not what was installed') as string })
  await expect(stat(at(root, 'factory'))).rejects.toMatchObject({ code: 'ENOENT' })
  await writeFile(program, right)
  const made = createFakeCli()
  expect(await runCli(['updater', 'factory', '--root', root, '--output', 'json'], made.deps)).toBe(0)
  expect([(await stat(program)).mode & 0o777, (await stat(at(root, 'v1.2.0'))).mode & 0o777]).toEqual([0o555, 0o555])
  expect(await typed('updater', 'check', '--root', root)).toMatchObject({ code: 0, events: [{ event: 'done', success: true, problems: [] }] })
  expect(await typed('updater', 'factory', '--root', root)).toMatchObject({ code: 2, words: expect.stringContaining('the factory version is already set') as string })
})

test('what would stand in the way of a fall back is told: a link that leads nowhere, an entry that is pinned, a factory that may be written', async () => {
  const root = await rig()
  await rm(at(root, 'previous'))
  await symlink('v7.0.0', at(root, 'previous'))
  await symlink('../../../opt/tope/versions/v1.1.0/services/device-api/device-api', join(root, 'usr/local/bin/pinned'))
  await chmod(at(root, 'v1.0.0'), 0o755)
  const { code, events } = await typed('updater', 'check', '--root', root)
  expect([code, events.at(-1)?.['problems']]).toEqual([5, expect.arrayContaining(['previous leads to no version', expect.stringContaining('/usr/local/bin/pinned is pinned to') as string, 'opt/tope/versions/v1.0.0 may be written'])])
})

test('an updater that starts says what is wrong with the way back, and takes no folder for an appliance that is not there', async () => {
  const bench = await openUpdaterBench({ before: async (root) => { await rm(at(root, 'factory')) } })
  await expect.poll(() => bench.log.join('\n')).toContain('warning: there is no factory link')
  await bench.stop()
  await expect(bench.start({ root: join(bench.root, 'nosuch') })).rejects.toMatchObject({ code: 'input/not-found' })
  await expect(stat(join(bench.root, 'nosuch'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a private key that is none is told as such, and not as an appliance that is off', async () => {
  const root = await mkdtemp(join(tmpdir(), 'rackbench-key-'))
  onTestFinished(async () => rm(root, { recursive: true, force: true }))
  const { systemctl } = await createSimAppliance({ root, versions: ['1.1.0'] })
  const [path, keyFile] = [join(root, 'p.zip'), join(root, 'key')]
  await writeFile(path, appliancePackage('1.2.0'))
  await writeFile(keyFile, 'no key at all\n')
  await expect(deployOverSsh({ path, host: '127.0.0.1', port: 1, user: 'x', keyFile, hostKeySha256: undefined, root, systemctl, allowsCommands: false, tell: () => undefined }, never))
    .rejects.toMatchObject({ code: 'input/malformed', message: expect.stringContaining('The private key cannot be used') as string, hint: expect.stringContaining('OpenSSH') as string })
})

test('a folder that cannot be made, and a package that the disk does not give, are told as such', async () => {
  const bench = await openUpdaterBench()
  await bench.stop()
  const work = await mkdtemp(join(tmpdir(), 'rackbench-work-'))
  onTestFinished(async () => rm(work, { recursive: true, force: true }))
  await writeFile(join(work, 'tmp'), 'a file')
  await expect(bench.start({ work })).rejects.toMatchObject({ code: 'host/io', message: expect.stringContaining(`The folder ${join(work, 'tmp')} cannot be made`) as string, hint: expect.stringContaining('--work') as string })
  await expect(openPackageZip(work, never)).rejects.toMatchObject({ code: 'input/malformed', message: `${work} is a folder and no package` })
  await expect(openPackageZip(join(work, 'tmp', 'p.zip'), never)).rejects.toMatchObject({ code: 'host/io', message: expect.stringContaining('cannot be read: a part of the path is not a folder') as string })
})
