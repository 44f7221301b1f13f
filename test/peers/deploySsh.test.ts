import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { deployOverSsh } from '../../src/main/composition/deployOverSsh.ts'
import { createSimAppliance, serviceProgram } from '../../src/main/sim/appliance/applianceTree.ts'
import { Cancelled } from '../../src/shared/errors/workbenchError.ts'
import { type ApplianceSshd, startApplianceSshd } from '../../src/main/sim/appliance/applianceSshd.ts'
import { createDeferred } from '../../src/shared/lifecycle/signals.ts'
import { startUpdater } from '../support/servedProcess.ts'
import { sshdProgram } from '../support/sshdPeer.ts'
import { appliancePackage } from '../support/updaterBench.ts'
import { buildZip } from '../support/zipBuilder.ts'
import { describeWithPeer } from './peerGate.ts'

const program = sshdProgram()

describeWithPeer("a package onto an appliance over Debian's OpenSSH, with a stand-in for systemd", program === undefined ? ['sshd (package openssh-server)'] : [], () => {
  let sshd: ApplianceSshd | undefined
  beforeAll(async () => { sshd = await startApplianceSshd(program!) })
  afterAll(async () => { await sshd?.stop() })

  async function rig(conduct = 'works', more: Uint8Array = appliancePackage('1.2.0', conduct)): Promise<{ readonly root: string; readonly run: (signal?: AbortSignal, tell?: (percent: number) => void, change?: object) => Promise<unknown> }> {
    // A quote and a blank in its path: every word of a command is a literal.
    const root = await mkdtemp(join(tmpdir(), "rackbench it's ssh-"))
    onTestFinished(async () => rm(root, { recursive: true, force: true }))
    const { systemctl } = await createSimAppliance({ root, versions: ['1.0.0', '1.1.0'] })
    const path = join(root, 'package.zip')
    await writeFile(path, more)
    const { port, user, keyFile, hostKeySha256 } = sshd!
    return { root, run: async (signal = new AbortController().signal, tell = () => undefined, change = {}) => deployOverSsh({ path, host: '127.0.0.1', port, user, keyFile, hostKeySha256, root, systemctl, allowsCommands: false, tell, ...change }, signal) }
  }
  const current = async (root: string): Promise<string> => readlink(join(root, 'opt/tope/versions/current'))
  const unit = async (root: string): Promise<string> => readFile(join(root, 'run/units/motion-control.service'), 'utf8')

  test('installed, with its modes, and watched', async () => {
    const { root, run } = await rig()
    expect(await run()).toMatchObject({ version: '1.2.0', modules: 2 })
    expect(await current(root)).toBe('v1.2.0')
    expect((await stat(join(root, 'opt/tope/versions/v1.2.0/services/device-api/device-api'))).mode & 0o7777).toBe(0o755)
    expect(await unit(root)).toMatch(/^active \d{10,}/)
    expect((await readdir(join(root, 'opt/tope/versions'))).sort()).toEqual(['current', 'factory', 'previous', 'v1.0.0', 'v1.1.0', 'v1.2.0'])
  })
  test('a service that does not start: back to the version before', async () => {
    const { root, run } = await rig('refuses')
    await expect(run()).rejects.toMatchObject({ code: 'device/refused', message: expect.stringContaining('ROLLBACK_LEVEL_1_SUCCESS: 1.1.0') as string })
    expect(await current(root)).toBe('v1.1.0')
    expect(await unit(root)).toMatch(/^active/)
  })
  test('cancelled in the middle: the old version, and its services run', async () => {
    const { root, run } = await rig()
    const cancel = new AbortController()
    await expect(run(cancel.signal, (percent) => { if (percent >= 40) cancel.abort(new Cancelled('by the user')) })).rejects.toBeInstanceOf(Cancelled)
    expect(await current(root)).toBe('v1.1.0')
    expect(await unit(root)).toMatch(/^active/)
    expect((await readdir(join(root, 'opt/tope/versions'))).sort()).toEqual(['current', 'factory', 'previous', 'v1.0.0', 'v1.1.0'])
  })
  test('cancelled after the switch: told as cancelled, and the version before runs', async () => {
    const { root, run } = await rig()
    const cancel = new AbortController()
    await expect(run(cancel.signal, (percent) => { if (percent >= 98) cancel.abort(new Cancelled('by the user')) })).rejects.toBeInstanceOf(Cancelled)
    expect([await current(root), await unit(root), (await readdir(join(root, 'opt/tope/versions'))).includes('v1.2.0')]).toEqual(['v1.1.0', expect.stringMatching(/^active/) as string, false])
  })
  test('an appliance without systemctl, or with one that finds no systemd, is left as it is', async () => {
    // What systemctl says where systemd is not process 1.
    const unbooted = join(await mkdtemp(join(tmpdir(), 'rackbench-systemctl-')), 'systemctl')
    onTestFinished(async () => rm(dirname(unbooted), { recursive: true, force: true }))
    await writeFile(unbooted, '#!/bin/sh\necho "System has not been booted with systemd as init system (PID 1). Can\'t operate." >&2\nexit 1\n', { mode: 0o755 })
    for (const systemctl of [unbooted, '/no/such/systemctl']) {
      const { root, run } = await rig()
      const before = await readdir(join(root, 'opt/tope/versions'))
      await expect(run(undefined, undefined, { systemctl })).rejects.toMatchObject({ code: 'device/refused', message: expect.stringContaining('does not know services') as string, context: { level: 0, running: 'v1.1.0' } })
      expect([await current(root), await readlink(join(root, 'opt/tope/versions/previous')), await readdir(join(root, 'opt/tope/versions'))]).toEqual(['v1.1.0', 'v1.0.0', before])
    }
  })
  /** A tool below one folder of the appliance, with a service that conducts itself so. */
  const withTool = (conduct: string): Uint8Array => {
    const [name, program] = ['motion-control', serviceProgram('motion-control', '1.2.0', conduct)]
    const modules = [{ name: 'tool', src: 'tool', dst: '/usr/local/lib/tope/tool' }, { name, src: name, dst: `/opt/tope/services/${name}/${name}`, process_name: `${name}.service` }]
    return buildZip([{ name: 'manifest.json', bytes: Buffer.from(JSON.stringify({ version: '1.2.0', modules })) }, { name: 'tool', bytes: Buffer.from('new tool'), mode: 0o100755 }, { name, bytes: Buffer.from(program), mode: 0o100755 }])
  }
  const also = ['/usr/local/lib/tope']
  test('a file outside of the versions only where --also opened it; refused before anything is touched', async () => {
    const { root, run } = await rig('works', withTool('works'))
    for (const given of [[], ['/usr/local/bin'], ['/usr/local/lib/top']]) await expect(run(undefined, undefined, { also: given })).rejects.toMatchObject({ code: 'input/malformed', message: expect.stringContaining('/usr/local/lib/tope/tool does not lie in /opt/tope/') as string })
    expect([await current(root), await readdir(join(root, 'usr/local'))]).toEqual(['v1.1.0', ['bin']])
    await run(undefined, undefined, { also })
    const tool = join(root, 'usr/local/lib/tope/tool')
    expect([await current(root), await readFile(tool, 'utf8'), (await stat(tool)).mode & 0o7777]).toEqual(['v1.2.0', 'new tool', 0o755])
  })
  test('what stood outside before comes back with the version before, with its rights', async () => {
    const { root, run } = await rig('works', withTool('refuses'))
    const tool = join(root, 'usr/local/lib/tope/tool')
    await mkdir(dirname(tool), { recursive: true })
    await writeFile(tool, 'tool of the system', { mode: 0o700 })
    await expect(run(undefined, undefined, { also })).rejects.toMatchObject({ code: 'device/refused', message: expect.stringContaining('ROLLBACK_LEVEL_1_SUCCESS: 1.1.0') as string })
    expect([await current(root), await readFile(tool, 'utf8'), (await stat(tool)).mode & 0o7777, await readdir(dirname(tool))]).toEqual(['v1.1.0', 'tool of the system', 0o700, ['tool']])
    expect((await readdir(join(root, 'opt/tope/versions'))).sort()).toEqual(['current', 'factory', 'previous', 'v1.0.0', 'v1.1.0'])
  })
  test('cancelled in the middle: nothing stands outside that was not there', async () => {
    const { root, run } = await rig('works', withTool('works'))
    const cancel = new AbortController()
    await expect(run(cancel.signal, (percent) => { if (percent >= 40) cancel.abort(new Cancelled('by the user')) }, { also })).rejects.toBeInstanceOf(Cancelled)
    expect([await current(root), await readdir(join(root, 'usr/local'), { recursive: true })]).toEqual(['v1.1.0', expect.not.arrayContaining(['lib/tope/tool']) as string[]])
  })
  test('a way that leads through a link of the appliance is refused', async () => {
    const { root, run } = await rig('works', withTool('works'))
    await symlink(tmpdir(), join(root, 'usr/local/lib'))
    await expect(run(undefined, undefined, { also })).rejects.toMatchObject({ code: 'device/refused', message: expect.stringContaining('/usr/local/lib is a link on the device') as string })
    expect(await current(root)).toBe('v1.1.0')
  })
  test('a second deployment at the same time is told who has the appliance and since when, and the first one is not disturbed', async () => {
    const { root, run } = await rig()
    const begun = createDeferred<void>()
    const first = run(undefined, (percent) => { if (percent >= 0) begun.resolve() })
    await begun.promise
    await expect(run()).rejects.toMatchObject({ code: 'pod/busy', message: expect.stringMatching(/is in use by .* \(process \d+\) since \d{4}-\d\d-\d\d /) as string })
    expect(await first).toMatchObject({ version: '1.2.0' })
    expect([await current(root), await unit(root), (await readdir(join(root, 'opt/tope/versions'))).sort()]).toEqual(['v1.2.0', expect.stringMatching(/^active/) as string, ['current', 'factory', 'previous', 'v1.0.0', 'v1.1.0', 'v1.2.0']])
  })
  test('two commands of one workbench: the second is refused by the lease, before it asks the appliance', async () => {
    const { root, run } = await rig()
    const dataFolder = join(root, 'data')
    const begun = createDeferred<void>()
    const first = run(undefined, () => { begun.resolve() }, { dataFolder })
    await begun.promise
    await expect(run(undefined, undefined, { dataFolder, keyFile: sshd!.keyFile })).rejects.toMatchObject({ code: 'pod/busy', message: expect.stringContaining(`update of ssh://127.0.0.1:${String(sshd!.port)} is in use by rackbench deploy 127.0.0.1 since`) as string })
    await first
  })
  test('an updater that runs on the appliance has it, and a deployment over SSH is told so', async () => {
    const { root, run } = await rig()
    const updater = await startUpdater(root)
    await expect(run()).rejects.toMatchObject({ code: 'pod/busy', message: expect.stringContaining('in use by the updater of') as string, hint: 'Wait for it to end, or end it' })
    expect(await updater.end('SIGTERM')).toBe(0)
    expect(await run()).toMatchObject({ version: '1.2.0' })
  })
  test('an updater that was killed is no hindrance, and its end is told; of one that worked before that computer started nobody can tell where the root is a folder', async () => {
    const { root, run } = await rig()
    const updater = await startUpdater(root)
    await updater.end('SIGKILL')
    const lock = join(root, 'opt/tope/versions/.lock')
    const text = await readlink(lock)
    await rm(lock)
    await symlink(text.replace(/"began":"[\da-f]{8}/, '"began":"00000000'), lock)
    await expect(run()).rejects.toMatchObject({ code: 'pod/busy', hint: expect.stringContaining(`If process ${String(updater.pid)} does not run there any more, start the updater once or take away /opt/tope/versions/.lock`) as string })
    await rm(lock)
    await symlink(text, lock)
    const told: string[] = []
    expect(await run(undefined, undefined, { tell: (_: number, words: string) => { told.push(words) } })).toMatchObject({ version: '1.2.0' })
    expect(told[0]).toMatch(/^the updater of .* had this appliance since .* and is gone; it is taken over$/)
  })
  test('a root that is not there is named, and nothing is made of it', async () => {
    const { root, run } = await rig()
    for (const path of ['nosuch', 'no/such']) await expect(run(undefined, undefined, { root: join(root, path) })).rejects.toMatchObject({ code: 'input/not-found', message: expect.stringContaining(`There is no folder ${join(root, path)} on`) as string })
    expect(await readdir(root)).not.toContain('nosuch')
  })
  test('another host key is refused before the login', async () => {
    const { root, run } = await rig()
    await expect(run(undefined, undefined, { hostKeySha256: undefined })).rejects.toMatchObject({ code: 'device/wrong-identity', context: { hostKeySha256: sshd!.hostKeySha256 } })
    expect(await current(root)).toBe('v1.1.0')
  })
})
