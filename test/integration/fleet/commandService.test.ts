import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ClientPower } from '../../../src/main/core/fleet/escalateClient.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { transitionalAckTopic } from '../../../src/shared/fleet/topics.ts'
import { clientA, clientB, someCommandId } from '../../support/commandFixture.ts'
import { ackText, type FleetBench, type FleetBenchOptions, openFleetBench } from '../../support/fleetBench.ts'

let folder: string
let bench: FleetBench
const benchOf = (options: FleetBenchOptions = {}): FleetBench => (bench = openFleetBench({ file: join(folder, 'fleet.sqlite'), ...options }))
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'rackbench-fleet-')) })
afterEach(async () => { await bench.stop(); rmSync(folder, { recursive: true, force: true }) })

const reboot = (clientUuid = clientA, more: object = {}) => bench.service.issue({ clientUuid, action: 'reboot_host', ...more })
const shutdown = () => bench.service.issue({ clientUuid: clientA, action: 'shutdown_host' })
const stateOf = (id: string): string => bench.service.get(id).command.state
const whatOf = (id: string): string[] => bench.service.get(id).events.map(({ what }) => what)
const second = 1_000

describe('fleet commands', () => {
  test('4.5 a reboot goes from queued to completed, each state kept with its time', async () => {
    benchOf()
    const { command } = reboot(clientA, { reason: 'frozen; rm -rf /', requestedBy: 7 })
    expect(command.state).toBe('queued')
    await bench.clock.advance(second)
    expect(bench.commandsOf(clientA)).toEqual([expect.objectContaining({ command_id: command.id, action: 'reboot_host', reason: 'frozen; rm -rf /', requested_by: 7 })])
    expect(bench.sent.every(({ retain }) => !retain)).toBe(true)
    for (const status of ['accepted', 'execution_started'] as const) { await bench.clock.advance(second); bench.ack(clientA, command.id, status) }
    expect(stateOf(command.id)).toBe('awaiting_reconnect')
    await bench.clock.advance(40 * second)
    bench.ack(clientA, command.id, 'completed')
    expect(whatOf(command.id)).toEqual(['queued', 'sent', 'published', 'accepted', 'execution_started', 'awaiting_reconnect', 'completed'])
    const times = bench.service.get(command.id).events.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times.at(-1)! - times[0]!).toBe(43 * second)
    expect(bench.service.get(command.id).command).toMatchObject({ endedBy: 'ack', untimed: false })
  })

  test('4.11 completed and then accepted: completed, which the later one does not change', async () => {
    benchOf()
    const { command } = reboot()
    await bench.clock.advance(1)
    bench.ack(clientA, command.id, 'completed')
    bench.ack(clientA, command.id, 'accepted')
    const { command: ended, acks } = bench.service.get(command.id)
    expect([ended.state, ended.untimed]).toEqual(['completed', true])
    expect(acks.map(({ status, verdict }) => [status, verdict])).toEqual([['completed', 'moved'], ['accepted', 'late']])
  })

  test('4.13 ack completed after timed_out: the state stays, the ack is kept as late', async () => {
    benchOf()
    const { command } = reboot()
    await bench.clock.advance(1)
    bench.ack(clientA, command.id, 'execution_started')
    await bench.clock.advance(90 * second)
    expect(bench.service.get(command.id).command.overdue).toBe(false)
    await bench.clock.advance(1)
    expect(bench.service.get(command.id).command).toMatchObject({ state: 'awaiting_reconnect', overdue: true })
    await bench.clock.advance(60 * second - 1)
    expect(stateOf(command.id)).toBe('awaiting_reconnect')
    await bench.clock.advance(1)
    expect(stateOf(command.id)).toBe('timed_out')
    bench.ack(clientA, command.id, 'completed')
    bench.ack(clientA, command.id, 'failed')
    expect(stateOf(command.id)).toBe('timed_out')
    expect(bench.service.get(command.id).acks.map(({ status, verdict }) => [status, verdict])).toEqual([['execution_started', 'moved'], ['completed', 'late'], ['failed', 'late']])
  })

  test('4.14 no ack until expires_at, after 240 s: expired', async () => {
    benchOf()
    const { command } = reboot()
    await bench.clock.advance(240 * second - 1)
    expect(stateOf(command.id)).toBe('published')
    await bench.clock.advance(1)
    expect(stateOf(command.id)).toBe('expired')
  })

  test('accepted and never begun ends as well', async () => {
    benchOf()
    const { command } = reboot()
    await bench.clock.advance(1)
    bench.ack(clientA, command.id, 'accepted')
    await bench.clock.advance(151 * second)
    expect(stateOf(command.id)).toBe('timed_out')
  })

  test('4.16 and 4.17 the 4th reboot within 900 s is kept as blocked and never published, with when to try again; at 900 s it is allowed', async () => {
    benchOf()
    for (const atMs of [0, 300, 600]) {
      await bench.clock.advance(Math.max(0, atMs * second - bench.clock.nowMs()))
      bench.ack(clientA, reboot().command.id, 'completed')
    }
    await bench.clock.advance(299 * second)
    const blocked = reboot()
    expect([blocked.command.state, blocked.command.retryAfterS]).toEqual(['blocked', 1])
    await bench.clock.advance(500)
    expect(bench.commandsOf(clientA)).not.toContainEqual(expect.objectContaining({ command_id: blocked.command.id }))
    expect(whatOf(blocked.command.id)).toEqual(['queued', 'blocked'])
    // Another client has a lockout of its own, and a shutdown has none.
    expect(reboot(clientB).command.state).toBe('queued')
    expect(shutdown().command.state).toBe('queued')
    bench.ack(clientA, bench.service.list({ clientUuid: clientA, open: true, limit: 1 })[0]!.id, 'completed')
    await bench.clock.advance(500)
    expect(reboot().command.state).toBe('queued')
  })

  const switchOf = (cycle: ClientPower['cycle'] = async () => Promise.resolve({ isVerified: true })): { readonly cycled: string[]; readonly power: ClientPower } => {
    const cycled: string[] = []
    return { cycled, power: { knows: () => true, capability: () => ({ by: 'the switch' }), cycle: async (client, command) => { cycled.push(client.uuid); return cycle(client, command) } } }
  }
  const allow = (hasPoe: boolean, powerCycleAllowed: boolean): void => { bench.store.putClient({ ...bench.store.client(clientA)!, hasPoe, powerCycleAllowed }) }
  /** A reboot that failed, of a client that may be switched and has not shown itself since. */
  async function lost(): Promise<string> {
    bench.message(`infoscreen/${clientA}/heartbeat`, '{}')
    allow(true, true)
    const { command } = reboot()
    await bench.clock.advance(10)
    bench.ack(clientA, command.id, 'failed')
    await bench.clock.advance(95 * second)
    return command.id
  }

  test('4.19 escalation 59 s after the last step is refused, at 60 s it is allowed; without PoE it is manual; without a rule nothing is switched', async () => {
    const { cycled, power } = switchOf()
    benchOf({ power })
    bench.message(`infoscreen/${clientA}/heartbeat`, '{}')
    allow(true, true)
    const { command } = reboot()
    await bench.clock.advance(10)
    expect(await bench.service.escalate(command.id)).toMatchObject({ step: 'none' })
    bench.ack(clientA, command.id, 'failed')
    await bench.clock.advance(95 * second)
    expect(await bench.service.escalate(command.id)).toMatchObject({ step: 'power_cycle', outcome: 'verified', why: expect.stringContaining('read back') as string })
    await bench.clock.advance(59 * second)
    expect(await bench.service.escalate(command.id)).toMatchObject({ step: 'none', retryAfterS: 1 })
    await bench.clock.advance(second)
    // The cycle did not help, so the next is for a person, and the one after that as well.
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await bench.service.escalate(command.id)).toMatchObject({ step: 'manual', why: expect.stringContaining('did not bring it back') as string })
      await bench.clock.advance(60 * second)
    }
    expect(cycled).toEqual([clientA])
    for (const [hasPoe, rule] of [[false, true], [true, false]] as const) {
      allow(hasPoe, rule)
      await bench.clock.advance(61 * second)
      expect(await bench.service.escalate(command.id)).toMatchObject({ step: 'manual' })
    }
    bench.message(`infoscreen/${clientA}/heartbeat`, '{}')
    await bench.clock.advance(61 * second)
    expect(await bench.service.escalate(command.id)).toMatchObject({ step: 'none', why: expect.stringContaining('shows itself') as string })
    expect(cycled).toEqual([clientA])
  })

  test('two that escalate at once take one step; a crash in the middle of a power cycle does not make a second one', async () => {
    const { cycled, power } = switchOf(async () => new Promise(() => undefined))
    benchOf({ power })
    const id = await lost()
    const never = bench.service.escalate(id)
    never.catch(() => undefined)
    expect(await bench.service.escalate(id)).toMatchObject({ step: 'none', retryAfterS: 60 })
    expect(bench.store.lastEscalation(clientA)).toMatchObject({ step: 'power_cycle', outcome: 'begun', hadCycle: true })
    await bench.restart()
    await bench.clock.advance(61 * second)
    expect(await bench.service.escalate(id)).toMatchObject({ step: 'manual' })
    expect(cycled).toEqual([clientA])
  })

  test('a power cycle that was refused before anything was switched may be tried again; while another command is under way nothing is', async () => {
    let isBusy = true
    const { cycled, power } = switchOf(async () => { if (isBusy) throw new WorkbenchError('pod/busy', 'cam-door is in use by a restore'); return Promise.resolve({ isVerified: false }) })
    benchOf({ power })
    const id = await lost()
    expect(await bench.service.escalate(id)).toMatchObject({ step: 'power_cycle', outcome: 'refused', why: 'cam-door is in use by a restore' })
    isBusy = false
    await bench.clock.advance(60 * second)
    const { command } = shutdown()
    expect(await bench.service.escalate(id)).toMatchObject({ step: 'none', why: expect.stringContaining('under way') as string })
    bench.ack(clientA, command.id, 'failed')
    expect(await bench.service.escalate(command.id)).toMatchObject({ step: 'none', why: expect.stringContaining('shut down') as string })
    expect(await bench.service.escalate(id)).toMatchObject({ step: 'power_cycle', outcome: 'unverified', why: expect.stringContaining('cannot be asked') as string })
    expect(cycled).toEqual([clientA, clientA])
  })

  test('4.22 broker down at issue, back after 60 s: published then; back after 300 s: expired, and never published', async () => {
    benchOf()
    bench.broker.isUp = false
    const first = reboot().command
    await bench.clock.advance(60 * second)
    expect(stateOf(first.id)).toBe('queued')
    bench.broker.isUp = true
    bench.service.wake()
    await bench.clock.advance(1)
    expect([stateOf(first.id), bench.commandsOf(clientA).length]).toEqual(['published', 1])
    bench.broker.isUp = false
    const second_ = reboot(clientB).command
    await bench.clock.advance(300 * second)
    expect(stateOf(second_.id)).toBe('expired')
    bench.broker.isUp = true
    bench.service.wake()
    await bench.clock.advance(10 * second)
    expect(bench.commandsOf(clientB)).toEqual([])
    // Never handed over, it is no reboot for the lockout.
    expect(bench.service.bulk.preview({ clients: [clientB], action: 'reboot_host' }).items).toEqual([{ clientUuid: clientB, verdict: 'ready' }])
  })

  test('4.32 a second command of the same action while the first is open is refused; the same key gives the same command', async () => {
    benchOf()
    const { command } = reboot(clientA, { idempotencyKey: 'k1' })
    expect(() => reboot()).toThrowError(expect.objectContaining({ code: 'input/conflict', context: expect.objectContaining({ commandId: command.id, reason: 'Open' }) as object }) as Error)
    expect(reboot(clientA, { idempotencyKey: 'k1' })).toMatchObject({ repeated: true, command: { id: command.id } })
    expect(() => reboot(clientB, { idempotencyKey: 'k1' })).toThrowError(expect.objectContaining({ code: 'input/conflict' }) as Error)
    expect(() => shutdown()).toThrowError(expect.objectContaining({ code: 'input/conflict' }) as Error)
    await bench.clock.advance(1)
    bench.ack(clientA, command.id, 'completed')
    expect(reboot(clientA, { idempotencyKey: 'k1' }).command.state).toBe('completed')
    expect(reboot().repeated).toBe(false)
  })

  test('4.34 shutdown_host: completed without coming back, and the disconnect of the host is recorded', async () => {
    benchOf()
    const { command } = shutdown()
    await bench.clock.advance(1)
    for (const status of ['accepted', 'execution_started', 'completed'] as const) bench.ack(clientA, command.id, status)
    bench.service.clientGone(clientA)
    expect([stateOf(command.id), bench.store.client(clientA)?.lastDisconnectMs]).toEqual(['completed', bench.service.now()])
    expect(whatOf(command.id)).not.toContain('awaiting_reconnect')
  })

  test('a shutdown whose host was seen to go is completed by that after 30 s; not if it shows itself, and not if it never went', async () => {
    benchOf()
    const begin = async (): Promise<string> => { const { command } = shutdown(); await bench.clock.advance(1); bench.ack(clientA, command.id, 'execution_started'); return command.id }
    const first = await begin()
    bench.service.clientGone(clientA)
    await bench.clock.advance(30 * second - 1)
    expect(stateOf(first)).toBe('execution_started')
    await bench.clock.advance(1)
    expect(bench.service.get(first).command).toMatchObject({ state: 'completed', endedBy: 'observed' })
    const next = await begin()
    bench.service.clientGone(clientA)
    await bench.clock.advance(20 * second)
    bench.message(`infoscreen/${clientA}/heartbeat`, '{}')
    await bench.clock.advance(100 * second)
    expect(stateOf(next)).toBe('execution_started')
    await bench.clock.advance(31 * second)
    expect(stateOf(next)).toBe('timed_out')
  })

  test('a queued command can be canceled, one that was handed over cannot', async () => {
    benchOf()
    bench.broker.isUp = false
    const { command } = reboot()
    expect(bench.service.cancel(command.id).state).toBe('canceled')
    bench.broker.isUp = true
    bench.broker.refuses = true
    const next = reboot().command
    await bench.clock.advance(1)
    // The connection broke while it was on its way, so nobody knows.
    expect(stateOf(next.id)).toBe('queued')
    expect(() => bench.service.cancel(next.id)).toThrowError(expect.objectContaining({ code: 'input/conflict' }) as Error)
    bench.broker.refuses = false
    await bench.clock.advance(6 * second)
    expect(stateOf(next.id)).toBe('published')
  })

  test('acks on the singular topic count, and commands go out on it only while that is wanted', async () => {
    benchOf({ transitional: true })
    const { command } = reboot()
    await bench.clock.advance(1)
    expect(bench.sent.map(({ topic }) => topic)).toEqual([`infoscreen/${clientA}/commands`, `infoscreen/${clientA}/command`])
    bench.ack(clientA, command.id, 'accepted', transitionalAckTopic(clientA))
    bench.ack(clientA, command.id, 'accepted')
    expect(bench.service.get(command.id)).toMatchObject({ command: { state: 'accepted' }, acks: [{ verdict: 'moved' }, { verdict: 'repeated' }] })
  })

  test('fault: a server that starts anew re-arms its timers, and hands over what was queued', async () => {
    benchOf()
    const { command } = reboot()
    await bench.clock.advance(1)
    bench.ack(clientA, command.id, 'execution_started')
    bench.broker.isUp = false
    const waiting = reboot(clientB).command
    await bench.clock.advance(50 * second)
    await bench.restart()
    bench.broker.isUp = true
    bench.service.wake()
    await bench.clock.advance(1)
    expect([stateOf(command.id), stateOf(waiting.id)]).toEqual(['awaiting_reconnect', 'published'])
    await bench.clock.advance(101 * second)
    expect(stateOf(command.id)).toBe('timed_out')
    expect(bench.commandsOf(clientB)).toHaveLength(1)
  })

  test('fault: 1,000 acks of unknown commands change nothing and are noted', () => {
    benchOf({ file: ':memory:' })
    const { command } = reboot()
    for (let n = 0; n < 1_000; n += 1) bench.ack(clientA, `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, 'completed')
    expect([stateOf(command.id), bench.store.security(2_000).length]).toEqual(['queued', 1_000])
    expect(bench.store.security(1)).toMatchObject([{ kind: 'unknown_command', clientUuid: clientA }])
  })

  test.each([
    ['malformed JSON', '{"command_id":', 'malformed'], ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'malformed'], ['another field', ackText(someCommandId, 'accepted').replace('{', '{"x":1,'), 'malformed'],
    ['an oversized payload', `"${'x'.repeat(70_000)}"`, 'oversized'], ['nothing', '', 'malformed'], ['depth', '['.repeat(30_000), 'malformed'],
  ] as const)('fault: %s as an ack is noted and nothing else', (_name, payload, kind) => {
    benchOf()
    bench.message(`infoscreen/${clientA}/commands/ack`, payload)
    expect(bench.store.security(5)).toMatchObject([{ kind, clientUuid: clientA }])
  })

  test('fault: an ack of the wrong client is kept as foreign and moves nothing', async () => {
    benchOf()
    const { command } = reboot()
    await bench.clock.advance(1)
    bench.ack(clientB, command.id, 'completed')
    expect(bench.service.get(command.id)).toMatchObject({ command: { state: 'published' }, acks: [{ clientUuid: clientB, verdict: 'foreign' }] })
    expect(bench.store.security(5)).toMatchObject([{ kind: 'foreign_client', clientUuid: clientB }])
  })

  test('fault: a replayed retained ack, heartbeat or health is from some other time', async () => {
    benchOf()
    const { command } = reboot()
    await bench.clock.advance(1)
    bench.message(`infoscreen/${clientA}/commands/ack`, ackText(command.id, 'completed'), true)
    bench.message(`infoscreen/${clientA}/heartbeat`, '{}', true)
    bench.message(`infoscreen/${clientA}/health`, '{"broker_connection":{"reconnect_count":9,"last_disconnect_at":null}}', true)
    expect([stateOf(command.id), bench.store.client(clientA)]).toEqual(['published', undefined])
    expect(bench.store.security(5).map(({ kind }) => kind)).toEqual(['retained'])
  })

  test('fault: the wall clock jumps by a day, either way: timers and lockout do not notice', async () => {
    for (const jump of [86_400_000, -86_400_000]) {
      const wallMs = { jump: 0 }
      benchOf({ wallMs, file: ':memory:' })
      const { command } = reboot()
      await bench.clock.advance(1)
      wallMs.jump = jump
      await bench.clock.advance(second)
      expect(stateOf(command.id)).toBe('published')
      bench.ack(clientA, command.id, 'execution_started')
      await bench.clock.advance(150 * second)
      expect(stateOf(command.id)).toBe('awaiting_reconnect')
      await bench.clock.advance(1)
      expect(stateOf(command.id)).toBe('timed_out')
      // The screen compares with its own clock, so the wire has the time of the wall.
      const next = reboot().command
      expect(Date.parse(next.issuedAt)).toBe(bench.clock.wallMs())
      expect(next.issuedAtMs).toBe(bench.service.now())
      await bench.stop()
    }
    benchOf()
  })

  test('fault: a message whose time on the wire is over is not sent', async () => {
    const wallMs = { jump: 0 }
    benchOf({ wallMs })
    bench.broker.isUp = false
    const { command } = reboot()
    wallMs.jump = 3_600_000
    bench.broker.isUp = true
    await bench.clock.advance(6 * second)
    expect([stateOf(command.id), bench.sent]).toEqual(['expired', []])
  })

  test('fault: the wall clock is set back between two starts: no time of the server is earlier than what is kept', async () => {
    const wallMs = { jump: 0 }
    benchOf({ wallMs })
    const { command } = reboot()
    await bench.clock.advance(1)
    bench.ack(clientA, command.id, 'execution_started')
    wallMs.jump = -86_400_000
    await bench.restart()
    await bench.clock.advance(151 * second)
    expect(stateOf(command.id)).toBe('timed_out')
  })

  test('fault: the disk is full while the journal is written: nothing is told or sent that is not kept', async () => {
    benchOf({ maxPages: 60 })
    let issued = 0
    const heard: string[] = []
    bench.service.listen(({ id }) => { heard.push(id) })
    bench.broker.isUp = false
    const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
    expect(() => { for (; issued < 2_000; issued += 1) reboot(idOf(issued), { reason: 'x'.repeat(1_000) }) }).toThrowError(expect.objectContaining({ code: 'host/disk-full' }) as Error)
    expect(bench.service.list({ limit: 2_000 })).toHaveLength(issued)
    expect(heard).toHaveLength(issued)
    // An ack that cannot be kept is thrown back, so that the broker sends it again.
    const { id, clientUuid } = bench.service.list({ limit: 1 })[0]!
    expect(() => { for (let n = 0; n < 40; n += 1) bench.ack(clientUuid, id, 'accepted') }).toThrowError(expect.objectContaining({ code: 'host/disk-full' }) as Error)
    bench.broker.isUp = true
    await bench.clock.advance(30 * second)
    expect(bench.sent.length).toBeLessThan(issued)
    expect(bench.logged.length).toBeGreaterThan(0)
  })
})
