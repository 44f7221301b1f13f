import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { deployOverSsh } from '../../src/main/composition/deployOverSsh.ts'
import { createSimAppliance } from '../../src/main/sim/appliance/applianceTree.ts'
import { Cancelled } from '../../src/shared/errors/workbenchError.ts'
import { type ApplianceSshd, startApplianceSshd } from '../../src/main/sim/appliance/applianceSshd.ts'
import { sshdProgram } from '../support/sshdPeer.ts'
import { appliancePackage } from '../support/updaterBench.ts'
import { describeWithPeer } from './peerGate.ts'

const program = sshdProgram()

describeWithPeer("a package onto an appliance over Debian's OpenSSH, with a stand-in for systemd", program === undefined ? ['sshd (package openssh-server)'] : [], () => {
  let sshd: ApplianceSshd | undefined
  beforeAll(async () => { sshd = await startApplianceSshd(program!) })
  afterAll(async () => { await sshd?.stop() })

  async function rig(conduct = 'works'): Promise<{ readonly root: string; readonly run: (signal?: AbortSignal, tell?: (percent: number) => void, change?: object) => Promise<unknown> }> {
    // A quote and a blank in its path: every word of a command is a literal.
    const root = await mkdtemp(join(tmpdir(), "rackbench it's ssh-"))
    onTestFinished(async () => rm(root, { recursive: true, force: true }))
    const { systemctl } = await createSimAppliance({ root, versions: ['1.0.0', '1.1.0'] })
    const path = join(root, 'package.zip')
    await writeFile(path, appliancePackage('1.2.0', conduct))
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
  test('another host key is refused before the login', async () => {
    const { root, run } = await rig()
    await expect(run(undefined, undefined, { hostKeySha256: undefined })).rejects.toMatchObject({ code: 'device/wrong-identity', context: { hostKeySha256: sshd!.hostKeySha256 } })
    expect(await current(root)).toBe('v1.1.0')
  })
})
