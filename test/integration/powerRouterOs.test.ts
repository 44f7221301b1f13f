import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRouterOsConnection, openRouterOs, type RouterOsConnection } from '../../src/main/drivers/power/routerOsConnection.ts'
import { createRouterOsPower, listCommentedPorts, type RouterOsPowerDeps } from '../../src/main/drivers/power/routerOsPower.ts'
import type { OnOffPower } from '../../src/shared/devices/power.ts'
import { createMemoryCable } from '../support/memoryCable.ts'
import { createRealClock } from '../support/realClock.ts'
import { createRouterOsStandIn, type RouterOsStandIn } from '../support/routerOsStandIn.ts'
import { createThrowAwayCertificate } from '../support/throwAwayCertificate.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts'

const never = new AbortController().signal
const poePrint = '/interface/ethernet/poe/print'
const isSet = (words: readonly string[], mode: string): boolean => words.includes(`=poe-out=${mode}`)

let clock: VirtualClock
let standIn: RouterOsStandIn
let connection: RouterOsConnection

const connect = (more: { user?: string; password?: string } = {}): RouterOsConnection =>
  createRouterOsConnection({ label: 'RouterOS at lab:8728', user: 'admin', password: 'secret', openLine: standIn.openLine, clock, ...more })
const power = (port: RouterOsPowerDeps['port'], onMode?: RouterOsPowerDeps['onMode']): OnOffPower => createRouterOsPower({ connection, clock, port, ...(onMode === undefined ? {} : { onMode }) })
const commandsOf = (verb: string): string[] => standIn.commands.filter((each) => each.startsWith(verb))
const failure = async (work: Promise<unknown>): Promise<Error & { readonly code: string; readonly context: Readonly<Record<string, unknown>> }> =>
  clock.run(work.then(() => { throw new Error('that should have failed') }, (error: unknown) => error as never))
const modeOf = (name: string): string | undefined => standIn.ports.find((port) => port.name === name)?.poe

beforeEach(() => {
  clock = createVirtualClock()
  standIn = createRouterOsStandIn(clock)
  connection = connect()
})
afterEach(async () => { await connection.close(); await standIn.close() })

describe('the connection', () => {
  const ask = async (verb: string, ...words: readonly string[]): Promise<readonly ReadonlyMap<string, string>[]> => connection.ask([verb, ...words], never)

  test('plain login, and the older one with its challenge', async () => {
    await ask('/system/identity/print')
    expect(standIn.commands).toEqual(['/login =name=admin =password=secret', '/system/identity/print'])
    standIn.hangUp()
    standIn.behaviour.legacyLogin = true
    const second = connect()
    await second.ask(['/system/identity/print'], never)
    expect(standIn.commands.slice(3)).toEqual([expect.stringMatching(/^\/login =name=admin =response=00[0-9a-f]{32}$/), '/system/identity/print'])
    await second.close()
  })

  test.each([false, true])('a wrong password is named, is not tried again, and is in no message (older login: %s)', async (legacyLogin) => {
    standIn.behaviour.legacyLogin = legacyLogin
    connection = connect({ password: 'hunter2' })
    const error = await failure(connection.ask([poePrint], never, { isRepeatable: true }))
    expect(error).toMatchObject({ code: 'pod/refused', message: 'RouterOS at lab:8728 refused the login of "admin": invalid user name or password (6)', context: { user: 'admin' } })
    expect(JSON.stringify([error.message, error.context])).not.toContain('hunter2')
    expect(commandsOf('/login')).toHaveLength(legacyLogin ? 2 : 1)
    expect(standIn.sessions()).toBe(0)
  })

  test('after a !trap its !done is read as well, so the next answer is the next one\'s', async () => {
    await expect(ask('/interface/ethernet/poe/set', '=.id=*99', '=poe-out=off')).rejects.toMatchObject({ code: 'pod/refused', message: expect.stringContaining('no such item') as string })
    expect((await ask(poePrint, '?name=ether2'))[0]?.get('name')).toBe('ether2')
    expect((await ask('/system/identity/print'))[0]?.get('name')).toBe('lab')
    expect(commandsOf('/login')).toHaveLength(1)
  })

  test('!fatal ends the connection with its reason, and the next command opens a new one', async () => {
    await ask('/system/identity/print')
    standIn.behaviour.fault = () => 'fatal'
    await expect(ask(poePrint)).rejects.toMatchObject({ code: 'link/closed', message: expect.stringContaining('session terminated on request') as string })
    standIn.behaviour.fault = () => undefined
    await ask(poePrint, '?name=ether2')
    expect(commandsOf('/login')).toHaveLength(2)
  })

  test('silence ends after 10 s, the line is given up, and the late answer answers nothing', async () => {
    await ask('/system/identity/print')
    standIn.behaviour.answerAfterMs = 10_500
    expect(await failure(ask(poePrint, '?name=ether2'))).toMatchObject({ code: 'link/timeout' })
    expect(clock.nowMs()).toBe(10_000)
    standIn.behaviour.answerAfterMs = 0
    const rows = await clock.run(ask(poePrint, '?name=ether3'))
    expect(rows[0]?.get('name')).toBe('ether3')
  })

  test('a switch that answers slowly is waited for', async () => {
    standIn.behaviour.answerAfterMs = 4_000
    expect((await clock.run(ask(poePrint, '?name=ether2')))[0]?.get('name')).toBe('ether2')
  })

  test('a connection that was dropped between commands is opened again', async () => {
    await connection.ask([poePrint, '?name=ether2'], never, { isRepeatable: true })
    standIn.hangUp()
    expect((await connection.ask([poePrint, '?name=ether3'], never, { isRepeatable: true }))[0]?.get('name')).toBe('ether3')
    expect(commandsOf('/login')).toHaveLength(2)
  })

  test('a command that must not run twice is not sent again when the line breaks under it', async () => {
    await ask('/system/identity/print')
    standIn.behaviour.fault = (words) => (words[0]?.endsWith('/power-cycle') ? 'drop-done' : undefined)
    await expect(ask('/interface/ethernet/poe/power-cycle', '=.id=ether3', '=duration=5s')).rejects.toMatchObject({ code: 'link/closed' })
    expect(commandsOf('/interface/ethernet/poe/power-cycle')).toHaveLength(1)
  })

  test('one command at a time, in the order asked', async () => {
    standIn.behaviour.answerAfterMs = 100
    const names = await clock.run(Promise.all(['ether2', 'ether3', 'ether4'].map(async (name) => (await ask(poePrint, `?name=${name}`))[0]?.get('name'))))
    expect(names).toEqual(['ether2', 'ether3', 'ether4'])
    expect(commandsOf('/login')).toHaveLength(1)
  })

  test('a cancel ends the waiting and the line, and a waiter behind it goes on', async () => {
    await ask('/system/identity/print')
    standIn.behaviour.fault = (words) => (words.includes('?name=ether2') ? 'silent' : undefined)
    const cancel = new AbortController()
    const reason = new Error('cancelled')
    const asking = connection.ask([poePrint, '?name=ether2'], cancel.signal).catch((error: unknown) => error)
    const behind = connection.ask([poePrint, '?name=ether3'], never)
    await clock.advance(100)
    cancel.abort(reason)
    expect(await asking).toBe(reason)
    expect((await clock.run(behind))[0]?.get('name')).toBe('ether3')
  })

  test('something that speaks no API is named', async () => {
    const other = createRouterOsConnection({ label: 'RouterOS at lab:80', user: 'admin', password: 'secret', clock, openLine: async () => {
      const { near, far } = createMemoryCable()
      await far.write(Uint8Array.of(0xff, 0xfb, 0x01), never)
      return near
    } })
    await expect(other.ask([poePrint], never)).rejects.toMatchObject({ code: 'link/garbled' })
    await other.close()
  })

  test('after close nothing is opened any more', async () => {
    await connection.close()
    await expect(ask(poePrint)).rejects.toMatchObject({ code: 'link/closed' })
    expect(standIn.commands).toEqual([])
  })
})

describe('on sockets', () => {
  const realClock = createRealClock()
  const at = (port: number, more: object = {}): Parameters<typeof openRouterOs>[0] => ({ host: '127.0.0.1', port, user: 'admin', password: 'secret', ...more })

  test('plain: logs in at once, and a wrong password is known at once', async () => {
    const port = await standIn.listen()
    const opened = await openRouterOs(at(port), realClock, never)
    expect(await listCommentedPorts(opened, never)).toHaveLength(5)
    await opened.close()
    await expect(openRouterOs(at(port, { password: 'wrong' }), realClock, never)).rejects.toMatchObject({ code: 'pod/refused' })
  })

  test('nobody there', async () => {
    const port = await standIn.listen()
    await standIn.close()
    await expect(openRouterOs(at(port), realClock, never)).rejects.toMatchObject({ code: 'link/unreachable', message: `RouterOS at 127.0.0.1:${port} cannot be reached: nobody listens there (connection refused)` })
  })

  test('TLS: the first use shows the fingerprint and sends nothing; accepted, it works, with colons too', async () => {
    const certificate = createThrowAwayCertificate()
    const port = await standIn.listen(certificate)
    await expect(openRouterOs(at(port, { tls: { certificateSha256: undefined } }), realClock, never)).rejects.toMatchObject({
      code: 'device/wrong-identity', message: expect.stringContaining(certificate.sha256) as string, context: { certificateSha256: certificate.sha256 },
    })
    expect(standIn.commands).toEqual([])
    for (const certificateSha256 of [certificate.sha256, certificate.sha256.toUpperCase().replace(/(..)(?!$)/g, '$1:')]) {
      const opened = await openRouterOs(at(port, { tls: { certificateSha256 } }), realClock, never)
      await opened.close()
    }
  })

  test('TLS: another certificate than the accepted one is refused before the password goes out', async () => {
    const port = await standIn.listen(createThrowAwayCertificate())
    const accepted = createThrowAwayCertificate().sha256
    await expect(openRouterOs(at(port, { tls: { certificateSha256: accepted } }), realClock, never)).rejects.toMatchObject({ code: 'device/wrong-identity', message: expect.stringContaining('not the accepted one') as string })
    expect(standIn.commands).toEqual([])
  })

  test('TLS asked of a port in the clear is an error with a next step', async () => {
    const other = createServer((socket) => { socket.on('error', () => undefined).once('data', () => { socket.end('!fatal') }) }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    await expect(openRouterOs(at((other.address() as AddressInfo).port, { tls: { certificateSha256: 'a'.repeat(64) } }), realClock, never)).rejects.toMatchObject({
      code: 'link/unreachable', hint: expect.stringContaining('certificate') as string,
    })
    await new Promise((resolve) => { other.close(resolve) })
  })
})

describe('a port', () => {
  test('off and on restore the mode from before; a port parked dark gets light by force', async () => {
    for (const [name, expected] of [['ether2', 'auto-on'], ['ether3', 'forced-on'], ['ether4', 'forced-on']] as const) {
      const controller = power({ ethernet: name })
      await clock.run(controller.set('off', never))
      await clock.run(controller.set('off', never))
      expect([modeOf(name), standIn.isPowered(name)]).toEqual(['off', false])
      await clock.run(controller.set('on', never))
      expect([modeOf(name), standIn.isPowered(name)]).toEqual([expected, true])
    }
  })

  test('on without an off before keeps the mode that gives light, and a chosen mode wins', async () => {
    await clock.run(power({ ethernet: 'ether2' }).set('on', never))
    expect(modeOf('ether2')).toBe('auto-on')
    const forced = power({ ethernet: 'ether2' }, 'forced-on')
    await clock.run(forced.set('off', never))
    await clock.run(forced.set('on', never))
    expect(modeOf('ether2')).toBe('forced-on')
  })

  test('what was saved is forgotten once it was given back', async () => {
    const controller = power({ ethernet: 'ether2' })
    await clock.run(controller.set('off', never))
    await clock.run(controller.set('on', never))
    standIn.ports[1]!.poe = 'forced-on'
    await clock.run(controller.set('off', never))
    await clock.run(controller.set('on', never))
    expect(modeOf('ether2')).toBe('forced-on')
  })

  test('a port where nothing hangs is on, and says so', async () => {
    const controller = power({ ethernet: 'ether5' })
    await clock.run(controller.set('off', never))
    await clock.run(controller.set('on', never))
    expect(await clock.run(controller.read(never))).toBe('on')
  })

  test.each(['ether1', 'ether77'])('%s has no PoE: that is an error, not "auto-on"', async (ethernet) => {
    const controller = power({ ethernet })
    for (const act of [async () => controller.set('off', never), async () => controller.cycle(3_000, never), async () => controller.read(never)]) {
      expect(await failure(act())).toMatchObject({ code: 'pod/no-power-control', message: `${ethernet} of RouterOS at lab:8728 has no PoE, so its power cannot be switched` })
    }
    expect(standIn.switchings).toEqual([])
  })

  test('an empty name is an error, and switches nothing', async () => {
    expect(await failure(power({ ethernet: ' ' }).set('off', never))).toMatchObject({ code: 'input/malformed' })
  })

  test('a switch that says "done" and does nothing is caught, both ways', async () => {
    standIn.behaviour.lies = true
    expect(await failure(power({ ethernet: 'ether3' }).set('off', never))).toMatchObject({
      code: 'pod/wrong-power-state', message: 'ether3 of RouterOS at lab:8728 was switched off and still reads forced-on, powered-on', context: { mode: 'forced-on' },
    })
    expect(await failure(power({ ethernet: 'ether4' }).set('on', never))).toMatchObject({ code: 'pod/wrong-power-state', context: { mode: 'off' } })
  })

  test('a relay that stays on under "off" is caught by the status', async () => {
    standIn.behaviour.welded = true
    expect(await failure(power({ ethernet: 'ether3' }).set('off', never))).toMatchObject({ code: 'pod/wrong-power-state', context: { mode: 'off', status: 'powered-on' } })
    expect(await clock.run(power({ ethernet: 'ether3' }).read(never))).toBe('unknown')
  })

  test('a relay that follows late is waited for', async () => {
    standIn.behaviour.lagMs = 2_000
    await clock.run(power({ ethernet: 'ether3' }).set('off', never))
    expect([standIn.isPowered('ether3'), clock.nowMs() >= 2_000]).toEqual([false, true])
  })

  test('a !trap at "off" is told with its words, and the port stays on', async () => {
    standIn.behaviour.trap = (words) => (isSet(words, 'off') ? 'failure: controller busy' : undefined)
    expect(await failure(power({ ethernet: 'ether3' }).set('off', never))).toMatchObject({ code: 'pod/refused', message: expect.stringContaining('controller busy') as string })
    expect(standIn.isPowered('ether3')).toBe(true)
  })
})

describe('the port by its comment', () => {
  test('exact, and a unique part; found once and then kept', async () => {
    const controller = power({ comment: 'gk7205v300_imx335' })
    await clock.run(controller.set('off', never))
    expect(standIn.switchings).toEqual([expect.stringMatching(/^off@/)])
    expect(modeOf('ether3')).toBe('off')
    expect(controller.label).toBe('power of ether3 of RouterOS at lab:8728')
    await clock.run(controller.set('on', never))
    expect(commandsOf('/interface/ethernet/print')).toHaveLength(1)
  })

  test('two that fit: both are named, and none is switched', async () => {
    expect(await failure(power({ comment: 'hi3516av' }).set('off', never))).toMatchObject({
      code: 'input/conflict', message: '"hi3516av" fits more than one port of RouterOS at lab:8728: ether2 (hi3516av300), ether5 (hi3516av200)',
    })
    expect(commandsOf('/interface/ethernet/poe/set')).toEqual([])
  })

  test('none that fits: every port with a comment is named', async () => {
    const error = await failure(power({ comment: 'ssc338q' }).cycle(3_000, never))
    expect(error.code).toBe('input/not-found')
    for (const name of ['ether1 (uplink)', 'ether2', 'ether3', 'ether4', 'ether5']) expect(error.message).toContain(name)
  })

  test('the port that was matched has no PoE', async () => {
    expect(await failure(power({ comment: 'uplink' }).set('off', never))).toMatchObject({ code: 'pod/no-power-control' })
  })
})

describe('a cycle', () => {
  const spanMs = (): number => {
    const [off, on] = standIn.switchings.map((each) => Number(each.split('@')[1]))
    return (on ?? 0) - (off ?? 0)
  }

  test('is the switch\'s own, at least 5 s, and over only when there is light again', async () => {
    for (const [wishMs, keptMs] of [[1_000, 5_000], [7_200, 8_000]] as const) {
      standIn.close().catch(() => undefined)
      standIn = createRouterOsStandIn(clock)
      connection = connect()
      await clock.run(power({ ethernet: 'ether3' }).cycle(wishMs, never))
      expect(commandsOf('/interface/ethernet/poe/power-cycle')).toEqual([`/interface/ethernet/poe/power-cycle =.id=ether3 =duration=${keptMs / 1000}s`])
      expect([spanMs(), standIn.isPowered('ether3')]).toEqual([keptMs, true])
      expect(commandsOf('/interface/ethernet/poe/set').filter((each) => each.endsWith('=off'))).toEqual([])
    }
  })

  test('of a port that is off is off and on: its own cycle would leave it dark', async () => {
    await clock.run(power({ ethernet: 'ether4' }).cycle(3_000, never))
    expect(commandsOf('/interface/ethernet/poe/power-cycle')).toEqual([])
    expect([modeOf('ether4'), standIn.isPowered('ether4')]).toEqual(['forced-on', true])
  })

  test.each([['no status to watch', 3_000], ['longer than a pulse may be', 30_000]] as const)('is off and on where there is %s', async (why, offMs) => {
    if (why === 'no status to watch') standIn.behaviour.status = 'none'
    await clock.run(power({ ethernet: 'ether3' }).cycle(offMs, never))
    expect(commandsOf('/interface/ethernet/poe/power-cycle')).toEqual([])
    expect(spanMs()).toBeGreaterThanOrEqual(offMs)
  })

  test('a switch that says "done" to its own cycle and does nothing is not believed', async () => {
    standIn.behaviour.fault = (words) => { standIn.behaviour.lies = words[0]?.endsWith('/power-cycle') ?? false; return undefined }
    await clock.run(power({ ethernet: 'ether3' }).cycle(3_000, never))
    expect(commandsOf('/interface/ethernet/poe/set').map((each) => each.split('=').at(-1))).toEqual(['forced-on', 'off', 'forced-on'])
    expect([spanMs() >= 3_000, standIn.isPowered('ether3')]).toEqual([true, true])
  })

  test('the line drops between off and on: on goes over a new one', async () => {
    standIn.behaviour.status = 'none'
    const cycling = power({ ethernet: 'ether3' }).cycle(3_000, never)
    await clock.advance(1_000)
    expect(standIn.isPowered('ether3')).toBe(false)
    standIn.hangUp()
    await clock.run(cycling)
    expect(standIn.isPowered('ether3')).toBe(true)
    expect(commandsOf('/login')).toHaveLength(2)
  })

  test('the line drops under the switch\'s own cycle: nobody knows, so the light is seen to, and the error is told', async () => {
    standIn.behaviour.fault = (words) => (words[0]?.endsWith('/power-cycle') ? 'drop-done' : undefined)
    expect(await failure(power({ ethernet: 'ether3' }).cycle(3_000, never))).toMatchObject({ code: 'link/closed' })
    expect(standIn.isPowered('ether3')).toBe(true)
    expect(commandsOf('/interface/ethernet/poe/power-cycle')).toHaveLength(1)
  })

  test('cancelled under the switch\'s own cycle it rejects when the light is back', async () => {
    const cancel = new AbortController()
    const reason = new Error('closed the window')
    const cycling = power({ ethernet: 'ether3' }).cycle(3_000, cancel.signal).catch((error: unknown) => error)
    await clock.advance(1_000)
    expect(standIn.isPowered('ether3')).toBe(false)
    cancel.abort(reason)
    expect(await clock.run(cycling)).toBe(reason)
    expect(standIn.isPowered('ether3')).toBe(true)
  })

  test('silent after "off": the camera is said to be dark, with the state', async () => {
    standIn.behaviour.status = 'none'
    const cycling = power({ ethernet: 'ether3' }).cycle(3_000, never)
    await clock.advance(1_000)
    standIn.behaviour.fault = () => 'silent'
    expect(await failure(cycling)).toMatchObject({
      code: 'pod/wrong-power-state', context: { tries: 3, state: 'off' }, message: 'The camera is dark: ether3 of RouterOS at lab:8728 took "off" and not "on" (tried 3 times)',
    })
  })

  test('silent at "off": it may be dark, and that is what is said', async () => {
    standIn.behaviour.status = 'none'
    standIn.behaviour.fault = (words) => (words[0]?.endsWith('/set') ? 'silent' : undefined)
    expect(await failure(power({ ethernet: 'ether3' }).cycle(3_000, never))).toMatchObject({ code: 'pod/wrong-power-state', context: { state: 'unknown' }, message: expect.stringContaining('may be dark') as string })
  })
})
