import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createCommandPower } from '../../src/main/drivers/power/commandPower.ts'
import { openPower, type OpenPowerDeps } from '../../src/main/drivers/power/openPower.ts'
import { createPduDaemonPower } from '../../src/main/drivers/power/pduDaemonPower.ts'
import { createTasmotaPower } from '../../src/main/drivers/power/tasmotaPower.ts'
import { createVectisPower } from '../../src/main/drivers/power/vectisPower.ts'
import { powerSpecSchema } from '../../src/shared/devices/powerSpec.schema.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { type CommandStandIn, createCommandStandIn, type RelayStandIn, servePduDaemon, serveTasmota } from '../support/powerStandIns.ts'
import { createRealClock } from '../support/realClock.ts'
import { createRouterOsStandIn } from '../support/routerOsStandIn.ts'
import { createVectisStandIn } from '../support/vectisStandIn.ts'
import { createVirtualClock } from '../support/virtualClock.ts'

const clock = createRealClock()
const never = new AbortController().signal

describe('Tasmota', () => {
  let standIn: RelayStandIn
  afterEach(async () => { await standIn.close() })
  const tasmota = (more: { relay?: number; password?: string } = {}) => createTasmotaPower({ clock, host: '127.0.0.1', port: standIn.port, relay: 1, user: 'admin', password: undefined, ...more })

  test('what goes over the wire, with a password and without', async () => {
    standIn = await serveTasmota({ relays: 4 })
    await tasmota({ relay: 2 }).set('off', never)
    await tasmota({ relay: 2, password: 'a&b c+d' }).read(never)
    expect(standIn.requests).toEqual(['GET /cm?cmnd=Power2%20Off', 'GET /cm?cmnd=Power2', 'GET /cm?user=admin&password=a%26b%20c%2Bd&cmnd=Power2'])
    expect([standIn.hasPower(1), standIn.hasPower(2)]).toEqual([true, false])
  })
  test.each([true, false])('a wrong password is named and is in no message (200 and a warning: %s)', async (warnsWith200) => {
    standIn = await serveTasmota({ password: 'right', warnsWith200 })
    const error = await tasmota({ password: 'hunter2' }).set('off', never).catch((failed: unknown) => failed)
    expect(error).toMatchObject({ code: 'pod/refused', message: expect.stringContaining('wants another user or password') as string })
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2')
    await expect(tasmota().read(never)).rejects.toMatchObject({ message: expect.stringContaining('wants a user and a password') as string })
    expect(standIn.hasPower()).toBe(true)
  })
  test('a relay that it has not', async () => {
    standIn = await serveTasmota({ relays: 2 })
    await expect(tasmota({ relay: 3 }).set('off', never)).rejects.toMatchObject({ code: 'pod/no-power-control', message: expect.stringContaining('no relay 3') as string })
  })
  test('one that says yes and does nothing is caught', async () => {
    standIn = await serveTasmota()
    standIn.lies = true
    await expect(tasmota().set('off', never)).rejects.toMatchObject({ code: 'pod/wrong-power-state', context: { state: 'on' } })
  })
  test.each([['<html>router</html>', 200], ['[]', 200], ['{"POWER":1}', 200], ['{"POWER":"ON"}', 500], ['', 204]])('%j with HTTP %i is no Tasmota', async (text, status) => {
    standIn = await serveTasmota()
    standIn.override = (_request, response) => { response.writeHead(status).end(text); return true }
    await expect(tasmota().read(never)).rejects.toMatchObject({ name: 'WorkbenchError' })
  })
  test('nobody there, a broken line, an answer without end: each has its code, and no password', async () => {
    standIn = await serveTasmota()
    const power = tasmota({ password: 'hunter2' })
    const failed = async (): Promise<unknown> => power.set('off', never).catch((error: unknown) => error)
    const errors: unknown[] = []
    standIn.override = (request) => { request.socket.destroy(); return true }
    errors.push(await failed())
    standIn.override = (_request, response) => {
      const more = (): void => { if (!response.destroyed) response.write('x'.repeat(65_536), () => { setImmediate(more) }) }
      more()
      return true
    }
    errors.push(await failed())
    await standIn.close()
    errors.push(await failed())
    expect(errors.map((error) => (error as { code: string }).code)).toEqual(['link/closed', 'link/garbled', 'link/unreachable'])
    expect(errors.map(String).join()).not.toContain('hunter2')
    standIn = await serveTasmota()
  })
  test('silence ends after 10 s', async () => {
    standIn = await serveTasmota()
    const virtual = createVirtualClock()
    const power = createTasmotaPower({
      clock: virtual, host: 'plug', port: 80, relay: 1, user: 'admin', password: undefined,
      exchange: async ({ onConnected }, signal) => { onConnected?.(); return new Promise((_, reject) => { signal.addEventListener('abort', () => { reject(signal.reason as Error) }) }) },
    })
    expect(await virtual.run(power.read(never).catch((error: unknown) => error))).toMatchObject({ code: 'link/timeout' })
    expect(virtual.nowMs()).toBe(10_000)
  })
})

describe('PDUDaemon', () => {
  test('what goes over the wire: never "reboot", and always a delay of its own', async () => {
    const standIn = await servePduDaemon()
    const power = createPduDaemonPower({ clock, host: '127.0.0.1', port: standIn.port, pdu: 'pdu01', outlet: '3' })
    expect(await power.read(never)).toBe('unknown')
    await power.cycle(10, never)
    expect(standIn.requests).toEqual(['GET /power/control/off?hostname=pdu01&port=3&delay=0', 'GET /power/control/on?hostname=pdu01&port=3&delay=0'])
    expect(await power.read(never)).toBe('on')
    await standIn.close()
  })
  test('a unit that it does not know', async () => {
    const standIn = await servePduDaemon()
    const power = createPduDaemonPower({ clock, host: '127.0.0.1', port: standIn.port, pdu: 'other & more', outlet: '3' })
    await expect(power.set('off', never)).rejects.toMatchObject({ code: 'pod/refused', message: expect.stringContaining('PDU not found in config') as string })
    expect(await power.read(never)).toBe('unknown')
    await standIn.close()
  })
})

describe('a command', () => {
  let standIn: CommandStandIn
  afterEach(async () => { await standIn.dispose() })
  const nodeOf = async (source: string): Promise<readonly [string, string]> => {
    standIn = await createCommandStandIn()
    const path = join(standIn.folder, 'program.mjs')
    await writeFile(path, source)
    return [process.execPath, path]
  }
  const power = (on: readonly [string, ...string[]], more: { read?: readonly [string, ...string[]]; limitMs?: number } = {}) =>
    createCommandPower({ clock, on, off: on, read: undefined, limitMs: 20_000, environment: process.env, ...more })
  const pidIn = async (name: string): Promise<number> => {
    for (let turn = 0; turn < 2_000; turn += 1) {
      const text = await readFile(join(standIn.folder, name), 'utf8').catch(() => '')
      if (text.endsWith('\n')) return Number(text)
      await clock.sleep(5, never)
    }
    throw new Error('the program did not start')
  }
  const isAlive = (pid: number): boolean => { try { process.kill(pid, 0); return true } catch { return false } }
  const gone = async (pid: number): Promise<void> => {
    for (let turn = 0; isAlive(pid); turn += 1) {
      if (turn === 2_000) throw new Error(`process ${pid} goes on`)
      await clock.sleep(5, never)
    }
  }
  /** Starts a child, writes both numbers down, and stays. */
  const stubborn = `
    import { spawn } from 'node:child_process'
    import { writeFileSync } from 'node:fs'
    import { dirname, join } from 'node:path'
    const folder = dirname(process.argv[1])
    process.on('SIGTERM', () => undefined)
    const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => undefined); setInterval(() => undefined, 1000)'], { stdio: 'inherit' })
    writeFileSync(join(folder, 'child'), child.pid + '\\n')
    writeFileSync(join(folder, 'program'), process.pid + '\\n')
    setInterval(() => undefined, 1000)
  `

  test('no shell reads the arguments', async () => {
    const program = await nodeOf('import { writeFileSync } from "node:fs"; writeFileSync(process.argv[2], JSON.stringify(process.argv.slice(3)))')
    const seen = join(standIn.folder, 'seen')
    const words = ['a b', '$HOME', '; touch x', '`id`', '"', "'", '*', '']
    await power([...program, seen, ...words]).set('on', never)
    expect(JSON.parse(await readFile(seen, 'utf8'))).toEqual(words)
  })
  test('an exit code that is not 0 is a failure, with the first words', async () => {
    const program = await nodeOf('console.error("\\u001b[2Jno answer\\nfrom the hub"); process.exitCode = 7')
    await expect(power(program).set('off', never)).rejects.toMatchObject({ code: 'pod/refused', message: `The command ${process.execPath} failed (exit code 7): [2Jno answer from the hub`, context: { exit: 7 } })
  })
  test('a program that is not there', async () => {
    standIn = await createCommandStandIn()
    await expect(power(['/nowhere/uhubctl']).set('off', never)).rejects.toMatchObject({ code: 'input/not-found', message: 'The command /nowhere/uhubctl cannot be started: it does not exist' })
    await expect(power(['/nowhere/uhubctl']).cycle(10, never)).rejects.toMatchObject({ code: 'input/not-found' })
  })
  test('a reading that does not follow is caught; one that is none is named', async () => {
    const program = await nodeOf('console.log("Port 3: powered OFF")')
    await expect(power(program, { read: program }).set('on', never)).rejects.toMatchObject({ code: 'pod/wrong-power-state', context: { state: 'off' } })
    const other = await (async () => { await standIn.dispose(); return nodeOf('console.log("maybe")') })()
    await expect(power(other, { read: other }).read(never)).rejects.toMatchObject({ code: 'pod/refused', message: expect.stringContaining('"maybe"') as string })
  })
  test('output without end is read and not kept', async () => {
    const program = await nodeOf('const text = "x".repeat(1 << 20); for (let count = 0; count < 24; count += 1) process.stdout.write(text); process.stderr.write("no\\n"); process.exitCode = 1')
    const error = await power(program).set('on', never).catch((failed: unknown) => failed) as Error
    expect(error.message.length).toBeLessThan(500)
  })
  test('a cancel ends the program and what it started, also when both ignore the polite way', async () => {
    const program = await nodeOf(stubborn)
    const cancel = new AbortController()
    const reason = new Error('cancelled')
    const switching = power(program).set('on', cancel.signal).catch((error: unknown) => error)
    const [own, child] = [await pidIn('program'), await pidIn('child')]
    cancel.abort(reason)
    expect(await switching).toBe(reason)
    await gone(own)
    await gone(child)
  })
  test('a program that hangs is ended at its limit', async () => {
    const program = await nodeOf(stubborn)
    const switching = power(program, { limitMs: 1_500 }).set('on', never).catch((error: unknown) => error)
    expect(await switching).toMatchObject({ code: 'link/timeout' })
    await gone(await pidIn('program'))
    await gone(await pidIn('child'))
  })
  test('a child that keeps the output open does not keep us', async () => {
    const program = await nodeOf(`
      import { spawn } from 'node:child_process'
      import { writeFileSync } from 'node:fs'
      import { dirname, join } from 'node:path'
      const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'inherit', detached: true })
      child.unref()
      writeFileSync(join(dirname(process.argv[1]), 'child'), child.pid + '\\n')
    `)
    await power(program).set('on', never)
    const child = await pidIn('child')
    expect(isAlive(child)).toBe(true)
    process.kill(child, 'SIGKILL')
    await gone(child)
  })
})

describe('Vectis', () => {
  const bench = (hasLines: boolean, legacyPulse: boolean) => {
    const virtual = createVirtualClock()
    const bridge = createVectisStandIn(virtual, { hasLines })
    return { virtual, bridge, power: createVectisPower({ transport: bridge.transport, clock: virtual, legacyPulse }) }
  }
  test('DTR off, RTS off, 250 ms, RTS on, DTR on, and not one byte', async () => {
    const { virtual, bridge, power } = bench(true, false)
    await virtual.run(power.cycle(3_000, never))
    expect(bridge.events).toEqual(['dtr-@0', 'rts-@0', 'rts+@250', 'dtr+@250'])
    await bridge.close()
  })
  test('Ctrl+P only when it was asked for, never because the lines are missing', async () => {
    const plain = bench(false, false)
    await expect(plain.power.cycle(3_000, never)).rejects.toMatchObject({ code: 'pod/no-power-control', hint: expect.stringContaining('rfc2217://') as string })
    expect(plain.bridge.events).toEqual([])
    const legacy = bench(false, true)
    await legacy.virtual.run(legacy.power.cycle(3_000, never))
    expect(legacy.bridge.events).toEqual(['10@0'])
    await Promise.all([plain.bridge.close(), legacy.bridge.close()])
  })
  test('a line that turns out to have no modem lines says just that', async () => {
    const { virtual, bridge } = bench(false, false)
    const noLines = async (): Promise<void> => { throw new WorkbenchError('input/not-supported', 'no modem lines here') }
    const power = createVectisPower({ clock: virtual, transport: { ...bridge.transport, setLines: noLines } })
    await expect(virtual.run(power.cycle(3_000, never))).rejects.toMatchObject({ code: 'input/not-supported' })
    await bridge.close()
  })
  test('a cancel in the pulse raises both lines; a line that breaks there is said to leave the camera dark', async () => {
    const cancelled = bench(true, false)
    const cancel = new AbortController()
    const cycling = cancelled.power.cycle(3_000, cancel.signal).catch(() => 'cancelled')
    await cancelled.virtual.advance(100)
    cancel.abort(new Error('closed'))
    expect(await cycling).toBe('cancelled')
    expect(cancelled.bridge.events.slice(2)).toEqual(['rts+@100', 'dtr+@100'])
    const broken = bench(true, false)
    const breaking = broken.power.cycle(3_000, never).catch((error: unknown) => error)
    await broken.virtual.advance(100)
    broken.bridge.breakLine()
    expect(await broken.virtual.run(breaking)).toMatchObject({ code: 'pod/wrong-power-state', message: expect.stringContaining('may be dark') as string })
    await Promise.all([cancelled.bridge.close(), broken.bridge.close()])
  })
})

describe('opening by a spec', () => {
  const deps = (secrets: Readonly<Record<string, string>> = {}): OpenPowerDeps => ({ clock, secretOf: async (ref) => secrets[ref], ask: async () => undefined, label: 'camera 1', environment: {} })

  test('each kind becomes its controller', async () => {
    const made: string[] = []
    for (const spec of [
      { kind: 'rack', host: 'fe80::1' }, { kind: 'routeros', host: 'sw', ethernet: 'ether3' }, { kind: 'routeros', host: 'sw', comment: 'cam', tls: true }, { kind: 'pdudaemon', host: 'pdud', pdu: 'pdu01', outlet: '3' },
      { kind: 'tasmota', host: 'plug', relay: 2 }, { kind: 'command', on: ['switch', 'on'], off: ['switch', 'off'] }, { kind: 'manual' },
    ]) {
      const { power, close } = await openPower(powerSpecSchema.parse(spec), deps())
      made.push(`${power.ability}: ${power.label}`)
      await close()
    }
    expect(made).toEqual([
      'on-off: power of the pod at http://[fe80::1]:8080', 'on-off: power of ether3 of RouterOS at sw:8728', 'on-off: power of the port commented "cam" of RouterOS at sw:8729',
      'on-off: power of outlet 3 of pdu01 (PDUDaemon at pdud:16421)', 'on-off: power of relay 2 of Tasmota at plug:80', 'on-off: power by the command switch', 'manual: power of camera 1, by hand',
    ])
  })
  test('the password comes by its name, and a name without one is an error', async () => {
    const standIn = createRouterOsStandIn(clock)
    standIn.behaviour.password = 'from the safe'
    const spec = powerSpecSchema.parse({ kind: 'routeros', host: '127.0.0.1', port: await standIn.listen(), passwordRef: 'lab switch', ethernet: 'ether3' })
    await expect(openPower(spec, deps())).rejects.toMatchObject({ code: 'input/not-found', message: expect.stringContaining('"lab switch"') as string })
    const { power, close } = await openPower(spec, deps({ 'lab switch': 'from the safe' }))
    if (power.ability !== 'on-off') throw new Error('unexpected')
    await power.set('off', never)
    expect(standIn.isPowered('ether3')).toBe(false)
    await close()
    await standIn.close()
  })
  test('a Vectis bridge needs the line of its console', async () => {
    const spec = powerSpecSchema.parse({ kind: 'vectis', host: 'bridge' })
    await expect(openPower(spec, deps())).rejects.toMatchObject({ code: 'input/conflict' })
    const bridge = createVectisStandIn(createVirtualClock(), { hasLines: true })
    const { power } = await openPower(spec, { ...deps(), transport: bridge.transport })
    expect(power.ability).toBe('cycle-only')
    await bridge.close()
  })
})
