import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { auditSwitch, testSwitch } from '../../src/main/composition/switchTools.ts'
import { runCli } from '../../src/main/hosts/cli/main.ts'
import { type SwitchWish, switchWishSchema } from '../../src/shared/devices/switchReport.schema.ts'
import { createFakeCli } from '../support/fakeCli.ts'
import { createRealClock } from '../support/realClock.ts'
import { createRouterOsStandIn, type RouterOsStandIn } from '../support/routerOsStandIn.ts'
import { serveSsh, type SshStandIn } from '../support/sshStandIn.ts'

const never = new AbortController().signal
const clock = createRealClock()

describe('testing a switch', () => {
  let standIn: RouterOsStandIn
  let port: number
  beforeEach(async () => {
    standIn = createRouterOsStandIn(clock, [
      { name: 'ether1', comment: 'uplink' }, { name: 'ether2', comment: 'cam desk left', poe: 'auto-on', hasLoad: true }, { name: 'ether3', comment: 'cam desk right', poe: 'off', hasLoad: true }, { name: 'ether4' },
    ])
    port = await standIn.listen()
  })
  afterEach(async () => { await standIn.close() })
  const ask = async (more: Partial<SwitchWish> = {}) => testSwitch(switchWishSchema.parse({ host: '127.0.0.1', port, password: 'secret', ...more }), never)
  const askCli = async (argv: readonly string[], password = 'secret') => {
    const fake = createFakeCli({ environment: { DEFIB_POE_HOST: '127.0.0.1', DEFIB_POE_API_PORT: String(port), DEFIB_POE_PASS: password } })
    return { fake, code: await runCli(['power', 'test', ...argv], fake.deps) }
  }
  /** What a switch is asked when nothing may change on it. */
  const onlyRead = (): void => {
    expect(standIn.commands.map((command) => command.split(' ')[0]).filter((verb) => !['/login', '/system/identity/print', '/interface/ethernet/print', '/interface/ethernet/poe/print', '/interface/ethernet/poe/monitor'].includes(verb ?? ''))).toEqual([])
    expect(standIn.switchings).toEqual([])
  }

  test('says who it is, its ports, and how the port stands; changes nothing', async () => {
    expect(await ask({ ethernet: 'ether2' })).toMatchObject({ identity: 'lab', question: '', port: { name: 'ether2', foundBy: 'name', state: 'on', comment: 'cam desk left' } })
    expect(await ask({ comment: 'CAM DESK RIGHT' })).toMatchObject({ port: { name: 'ether3', foundBy: 'comment', state: 'off' } })
    expect(await ask({ comment: 'left' })).toMatchObject({ port: { name: 'ether2', foundBy: 'similar comment' } })
    expect(await ask({ ethernet: 'ether4' })).toMatchObject({ port: { name: 'ether4', state: 'none' } })
    expect((await ask()).ports).toEqual([{ name: 'ether1', comment: 'uplink' }, { name: 'ether2', comment: 'cam desk left' }, { name: 'ether3', comment: 'cam desk right' }, { name: 'ether4', comment: '' }])
    onlyRead()
  })
  test('a comment that fits two ports is asked about and never taken', async () => {
    const report = await ask({ comment: 'cam desk' })
    expect(report.port).toBeUndefined()
    expect(report.question).toBe('"cam desk" fits more than one port: ether2 (cam desk left), ether3 (cam desk right). Which one is it?')
    expect((await ask({ comment: 'attic' })).question).toContain('No port has a comment that fits "attic"')
    expect((await ask({ ethernet: 'ether9' })).question).toContain('There is no port "ether9"')
    onlyRead()
  })
  test('a wrong password and a switch that is away have their words', async () => {
    await expect(ask({ password: 'hunter2' })).rejects.toMatchObject({ code: 'pod/refused' })
    await standIn.close()
    await expect(ask()).rejects.toMatchObject({ code: 'link/unreachable' })
  })
  test('from the shell, with the password of the environment alone', async () => {
    const { fake, code } = await askCli(['--poe-port', 'ether2', '--output', 'json'])
    expect(code).toBe(0)
    expect(fake.events()).toEqual([expect.objectContaining({ event: 'done', success: true, identity: 'lab', port: { name: 'ether2', comment: 'cam desk left', foundBy: 'name', state: 'on' }, exitCode: 0 })])
    const plain = await askCli(['--comment', 'left'])
    expect(plain.fake.out.lines.join('\n')).toMatch(/"lab" answered[^]*ether3 {2}cam desk right[^]*ether2, found by its similar comment, gives power; nothing was switched/)
    const two = await askCli(['--comment', 'cam desk', '--output', 'json'])
    expect(two.code).toBe(2)
    expect(two.fake.events()[0]).toMatchObject({ event: 'error', code: 'input/conflict', message: expect.stringContaining('fits more than one port') as string, hint: 'Name it with --poe-port' })
    expect((await askCli(['--poe-port', 'ether4'])).code).toBe(5)
    expect((await askCli([], 'hunter2')).code).toBe(5)
    onlyRead()
  })
})

describe('keeping the configuration of a switch', () => {
  let standIn: SshStandIn
  let folder: string
  beforeEach(async () => {
    standIn = await serveSsh()
    standIn.answer = (_command, channel) => { channel.write('# 2024-05-12 10:00:00 by RouterOS 7.14\r\n/ppp secret add name=joe password=hunter2\r\n/interface ethernet set [ find default-name=ether3 ] comment=camera\r\n'); channel.exit(0); channel.end() }
    folder = await mkdtemp(join(tmpdir(), 'rackbench-audit-'))
    onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  })
  afterEach(async () => { await standIn.close() })
  const keep = async (acceptKey?: string) => auditSwitch({ host: '127.0.0.1', sshPort: standIn.port, user: 'admin', password: 'secret', ...(acceptKey === undefined ? {} : { acceptKey }) }, folder, never)

  test('the first use shows the key and sends no password; an accepted key is remembered', async () => {
    await expect(keep()).rejects.toMatchObject({ code: 'device/wrong-identity', context: { hostKeySha256: standIn.hostKeySha256 } })
    expect(standIn.logins).toEqual([])
    // The audit log is there, and nothing is in it: no key was kept.
    expect((await readdir(folder)).filter((name) => !name.startsWith('audit.sqlite'))).toEqual([])
    const first = await keep(standIn.hostKeySha256)
    const second = await keep()
    expect(second.path).not.toBe(first.path)
    for (const { path, lengthBytes, hostKeySha256 } of [first, second]) {
      const text = await readFile(path, 'utf8')
      expect(text).toContain('comment=camera')
      expect(text).not.toContain('hunter2')
      expect(lengthBytes).toBe(text.length)
      expect(hostKeySha256).toBe(standIn.hostKeySha256)
      expect((await stat(path)).mode & 0o777).toBe(0o600)
      expect(path.startsWith(join(folder, 'audit', '127.0.0.1-'))).toBe(true)
    }
  })
  test('what a port gives is told with the record; a port that tells none takes no record away', async () => {
    const plain = standIn.answer
    standIn.answer = (command, channel, connection) => {
      if (!command.includes('poe monitor')) { plain(command, channel, connection); return }
      channel.write(command.includes('ether3') ? 'name: ether3\r\npoe-out-status: powered-on\r\npoe-out-voltage: 52.8V\r\npoe-out-current: 123mA\r\npoe-out-power: 6.4W\r\n' : 'no such item\r\n')
      channel.exit(0)
      channel.end()
    }
    const argv = (ethernet: string) => ['power', 'audit', '--host', '127.0.0.1', '--ssh-port', String(standIn.port), '--data', folder, '--accept-key', standIn.hostKeySha256, '--poe-port', ethernet]
    const run = async (ethernet: string, ...more: string[]) => { const fake = createFakeCli({ environment: { DEFIB_POE_PASS: 'secret' } }); return { fake, code: await runCli([...argv(ethernet), ...more], fake.deps) } }
    const json = await run('ether3', '--output', 'json')
    expect(json.fake.events()).toEqual([expect.objectContaining({ event: 'done', poe: { status: 'powered-on', volts: 52.8, milliamperes: 123, watts: 6.4 } })])
    expect((await run('ether3')).fake.out.lines.join('\n')).toContain('ether3: powered-on, 6.4 W, 52.8 V, 123 mA')
    const without = await run('ether4', '--output', 'json')
    expect(without.code).toBe(5)
    expect(without.fake.events()).toEqual([expect.objectContaining({ event: 'done', success: false, poeProblem: expect.stringContaining('no such item') as string })])
    expect(await readdir(join(folder, 'audit'))).toHaveLength(3)
  })
  test('another key than the accepted one, or than the one named, ends before the password', async () => {
    await keep(standIn.hostKeySha256)
    const other = await serveSsh()
    onTestFinished(async () => other.close())
    await expect(keep(other.hostKeySha256)).rejects.toMatchObject({ code: 'device/wrong-identity' })
    // The same place with a new key: somebody else, until a person says otherwise.
    const keys = join(folder, 'hostkeys.json')
    await writeFile(keys, JSON.stringify({ [`127.0.0.1:${standIn.port}`]: other.hostKeySha256 }))
    const before = standIn.logins.length
    await expect(keep()).rejects.toMatchObject({ code: 'device/wrong-identity', message: expect.stringContaining('not the accepted one') as string })
    expect(standIn.logins).toHaveLength(before)
    await writeFile(keys, 'rubbish')
    await expect(keep()).rejects.toMatchObject({ code: 'host/io' })
    expect(standIn.logins).toHaveLength(before)
  })
  test('from the shell: the next step is a flag', async () => {
    const environment = { DEFIB_POE_HOST: '127.0.0.1', DEFIB_POE_PASS: 'secret' }
    const argv = ['power', 'audit', '--ssh-port', String(standIn.port), '--data', folder, '--output', 'json']
    const fake = createFakeCli({ environment })
    expect(await runCli(argv, fake.deps)).toBe(5)
    expect(fake.events()[0]).toMatchObject({ event: 'error', code: 'device/wrong-identity', hint: expect.stringContaining(`--accept-key ${standIn.hostKeySha256}`) as string })
    const again = createFakeCli({ environment })
    expect(await runCli([...argv, '--accept-key', standIn.hostKeySha256], again.deps)).toBe(0)
    expect(again.events()).toEqual([expect.objectContaining({ event: 'done', success: true, path: expect.stringContaining('/audit/127.0.0.1-') as string })])
  })
})
