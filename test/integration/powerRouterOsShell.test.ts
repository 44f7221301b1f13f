import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openRouterOsShell, type RouterOsShell } from '../../src/main/drivers/ssh/routerOsShell.ts'
import type { SshPlace } from '../../src/main/drivers/ssh/sshConnection.ts'
import { createRealClock } from '../support/realClock.ts'
import { serveSsh, type SshStandIn } from '../support/sshStandIn.ts'

const clock = createRealClock()
const never = new AbortController().signal
const exported = '# 2024-05-12 10:00:00 by RouterOS 7.14\r\n# software id = ABCD-EFGH\r\n/ppp secret add name=joe password=hunter2\r\n/interface ethernet set [ find default-name=ether3 ] comment=camera\r\n'

let standIn: SshStandIn
let shell: RouterOsShell | undefined
beforeEach(async () => { standIn = await serveSsh() })
afterEach(async () => { await shell?.close(); shell = undefined; await standIn.close() })

const open = async (more: Partial<SshPlace> = {}): Promise<RouterOsShell> => {
  shell = await openRouterOsShell({ host: '127.0.0.1', port: standIn.port, user: 'admin', secret: { password: 'secret' }, hostKeySha256: standIn.hostKeySha256, ...more }, clock, never)
  return shell
}
const says = (text: string, exit = 0): void => { standIn.answer = (_command, channel) => { channel.write(text); channel.exit(exit); channel.end() } }

describe('the shell of a RouterOS switch', () => {
  test('a host key that is not known yet is shown, and no password goes out', async () => {
    await expect(open({ hostKeySha256: undefined })).rejects.toMatchObject({
      code: 'device/wrong-identity', message: expect.stringContaining(standIn.hostKeySha256) as string, context: { hostKeySha256: standIn.hostKeySha256 },
    })
    expect(standIn.logins).toEqual([])
  })
  test('another host key than the accepted one is refused, and no password goes out', async () => {
    await expect(open({ hostKeySha256: `SHA256:${'A'.repeat(43)}` })).rejects.toMatchObject({ code: 'device/wrong-identity', message: expect.stringContaining('not the accepted one') as string })
    expect(standIn.logins).toEqual([])
  })
  test('a wrong password is named and is in no message', async () => {
    const error = await open({ secret: { password: 'hunter2' } }).catch((failed: unknown) => failed) as Error
    expect(error).toMatchObject({ code: 'pod/refused', message: expect.stringContaining('refused the login of "admin"') as string })
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })
  test('nobody there, and somebody who speaks no SSH', async () => {
    const other = createServer((socket) => { socket.on('error', () => undefined).resume().end('HTTP/1.1 400 Bad Request\r\n\r\n') }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(open({ port })).rejects.toMatchObject({ code: 'link/unreachable' })
    await new Promise((resolve) => { other.close(resolve) })
    await expect(open({ port })).rejects.toMatchObject({ code: 'link/unreachable' })
  })
  test('the configuration comes whole, without its secrets', async () => {
    says(exported)
    const text = await (await open()).exportConfiguration(never)
    expect(standIn.commands).toEqual(['/export terse'])
    expect(text).toContain('comment=camera')
    expect(text).toContain('password=***')
    expect(text).not.toContain('hunter2')
  })
  test('something else than a configuration is refused', async () => {
    says('welcome to the machine\r\n')
    await expect((await open()).exportConfiguration(never)).rejects.toMatchObject({ code: 'link/garbled' })
    says('')
    await expect(shell!.exportConfiguration(never)).rejects.toMatchObject({ code: 'link/garbled' })
  })
  test('a reading of the PoE power', async () => {
    says('             name: ether3\r\n  poe-out-status: powered-on\r\n poe-out-voltage: 52.8V\r\n poe-out-current: 123mA\r\n   poe-out-power: 6.4W\r\n')
    expect(await (await open()).poeReading('ether3', never)).toEqual({ status: 'powered-on', volts: 52.8, milliamperes: 123, watts: 6.4 })
    expect(standIn.commands).toEqual(['/interface ethernet poe monitor "ether3" once'])
  })
  test('a complaint is an error, whatever the exit code', async () => {
    says('input does not match any value of interface\r\n')
    await expect((await open()).poeReading('ether77', never)).rejects.toMatchObject({ code: 'pod/refused', message: expect.stringContaining('input does not match') as string })
    says('bad command name poe (line 1 column 21)\r\n', 1)
    await expect(shell!.poeReading('ether3', never)).rejects.toMatchObject({ code: 'pod/refused', message: expect.stringContaining('bad command name') as string })
    says('', 2)
    await expect(shell!.poeReading('ether3', never)).rejects.toMatchObject({ code: 'pod/refused', context: { exit: 2 } })
  })
  test('a name that could run another command is not sent', async () => {
    await open()
    for (const bad of ['ether3" ; /system reboot; "', '$x', 'a\nb', '']) await expect(shell!.poeReading(bad, never)).rejects.toMatchObject({ code: 'input/malformed' })
    expect(standIn.commands).toEqual([])
  })
  test('an answer without end is cut off, and the connection goes on', async () => {
    standIn.answer = (_command, channel) => {
      channel.on('error', () => undefined)
      const more = (): void => { if (channel.writable && !channel.destroyed) channel.write('x'.repeat(65_536), () => { setImmediate(more) }) }
      more()
    }
    await expect((await open()).exportConfiguration(never)).rejects.toMatchObject({ code: 'device/too-much-output' })
    says(exported)
    expect(await shell!.exportConfiguration(never)).toContain('comment=camera')
  })
  test('a connection that drops in the middle gives no half configuration', async () => {
    standIn.answer = (_command, channel, connection) => { channel.write(exported, () => { connection.end() }) }
    await expect((await open()).exportConfiguration(never)).rejects.toMatchObject({ code: 'link/closed' })
    await expect(shell!.exportConfiguration(never)).rejects.toMatchObject({ code: 'link/closed' })
  })
  test('a cancel ends the command with the reason', async () => {
    const cancel = new AbortController()
    const reason = new Error('cancelled')
    standIn.answer = () => { cancel.abort(reason) }
    await expect((await open()).exportConfiguration(cancel.signal)).rejects.toBe(reason)
    await expect(open({ hostKeySha256: standIn.hostKeySha256 }).then(async (second) => second.close())).resolves.toBeUndefined()
  })
  test('closing twice, and nothing stays open', async () => {
    await open()
    await shell!.close()
    await shell!.close()
    for (let turn = 0; turn < 1000 && standIn.connections() > 0; turn += 1) await new Promise((resolve) => { setImmediate(resolve) })
    expect(standIn.connections()).toBe(0)
  })
})
