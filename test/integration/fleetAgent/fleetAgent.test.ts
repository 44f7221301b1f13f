import { describe, expect, onTestFinished, test } from 'vitest'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { createDeferred } from '../../../src/shared/lifecycle/signals.ts'
import type { HelperOutcome } from '../../../src/main/core/fleetAgent/agentParts.ts'
import { isoTimes } from '../../../src/main/drivers/host/isoTimes.ts'
import { emptyAgentState } from '../../../src/shared/fleet/agentState.schema.ts'
import { commandIdOf, openAgentRig, otherScreen, screen } from '../../support/fleetAgentRig.ts'

const at = (ms: number): string => isoTimes.toText(ms)

describe('one command', () => {
  test('accepted, started, helper; completed by the boot id of the next start and not before', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1))
    expect(rig.statuses()).toEqual(['accepted', 'execution_started'])
    expect(rig.helperCalls).toEqual(['reboot_host'])
    expect(rig.disk().pending_recovery).toMatchObject({ command_id: commandIdOf(1), boot_id: 'boot-0001' })
    await rig.clock.advance(40_000)
    await rig.crash()
    const next = openAgentRig({ clock: rig.clock, first: rig.disk(), bootId: 'boot-0002' })
    await next.clock.advance(0)
    expect(next.statuses()).toEqual(['completed'])
    expect(next.helperCalls).toEqual([])
    expect(next.disk()).toMatchObject({ pending_recovery: null, commands: [{ status: 'completed' }], unsent: [] })
  })
  test('each ack goes to both names of the topic, in the same order', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1))
    expect(rig.transitional).toEqual(rig.acks)
  })
  test('4.7 duplicate after client process restart: not executed; last ack re-sent', async () => {
    const rig = openAgentRig()
    const command = rig.command(1)
    await rig.send(command)
    await rig.crash()
    const next = openAgentRig({ clock: rig.clock, first: rig.disk() })
    await next.send(command)
    expect(next.statuses()).toEqual(['execution_started'])
    expect(next.helperCalls).toEqual([])
    // Once it is over all that applies is said again, also after it has expired.
    const last = openAgentRig({ clock: rig.clock, first: next.disk(), bootId: 'boot-0002' })
    await last.clock.advance(300_000)
    await last.send(command)
    expect(last.statuses()).toEqual(['completed', 'accepted', 'execution_started', 'completed'])
    expect(last.helperCalls).toEqual([])
  })
  test('4.8 expires_at 1 s in the past on arrival: ack failed stale_command, no helper call', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1, { issued_at: at(rig.clock.wallMs() - 241_000), expires_at: at(rig.clock.wallMs() - 1_000) }))
    expect(rig.statuses()).toEqual(['failed stale_command'])
    expect(rig.acks[0]?.error_message).toContain('expired')
    expect(rig.helperCalls).toEqual([])
    // Not even when the clock goes back.
    await rig.send(rig.command(1))
    expect(rig.statuses()).toEqual(['failed stale_command', 'failed stale_command'])
    expect(rig.helperCalls).toEqual([])
  })
  test('a command from the future is refused with clock_skew; one within a minute is done', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1, { issued_at: at(rig.clock.wallMs() + 60_001) }))
    expect(rig.statuses()).toEqual(['failed clock_skew'])
    await rig.send(rig.command(2, { issued_at: at(rig.clock.wallMs() + 60_000) }))
    expect(rig.helperCalls).toHaveLength(1)
  })
  test('4.10 client_uuid of another device: not executed, no ack', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1, { client_uuid: otherScreen }))
    await rig.send(rig.command(2, { client_uuid: otherScreen, x: 1 }))
    expect([rig.acks, rig.helperCalls, rig.saves]).toEqual([[], [], []])
    expect(rig.news.filter(({ event }) => event === 'ignored')).toMatchObject([{ code: 'wrong_client' }, { code: 'wrong_client' }])
  })
  test('a retained command is not executed and not answered, however often the broker hands it over', async () => {
    const rig = openAgentRig()
    for (let time = 0; time < 3; time += 1) await rig.send(rig.command(1, { retained: true }))
    await rig.send(rig.command(1, { retained: true, x: 1 }))
    expect([rig.acks, rig.helperCalls]).toEqual([[], []])
  })
  test('malformed JSON, an oversized payload and a message without an id are said here only', async () => {
    const rig = openAgentRig()
    for (const text of ['', '{', '[]', 'null', '"x"', '{"command_id":"x"}']) await rig.send({ bytes: new TextEncoder().encode(text), retained: false })
    await rig.send({ bytes: new Uint8Array(65 * 1024).fill(32), retained: false })
    await rig.send({ bytes: Uint8Array.of(0xff, 0xfe), retained: false })
    expect([rig.acks, rig.helperCalls, rig.saves]).toEqual([[], [], []])
    expect(rig.news.filter(({ event }) => event === 'ignored')).toHaveLength(8)
  })
  test('a message that breaks the schema is answered with invalid_schema; under the id of a running command it fails nothing', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1, { action: 'restart_app' }))
    expect(rig.statuses()).toEqual(['failed invalid_schema'])
    await rig.send(rig.command(2))
    await rig.send(rig.command(2, { x: 1 }))
    expect(rig.statuses(2)).toEqual(['accepted', 'execution_started', 'execution_started'])
    // Nor does a good one later do what was called failed.
    await rig.send(rig.command(1))
    expect(rig.statuses(1)).toEqual(['failed invalid_schema', 'failed invalid_schema'])
    expect(rig.helperCalls).toHaveLength(1)
  })
  test('a second id while one runs fails as busy; after the end the next one is done', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1))
    await rig.send(rig.command(2, { action: 'shutdown_host' }))
    expect(rig.statuses(2)).toEqual(['failed busy'])
    await rig.clock.advance(150_000)
    expect(rig.statuses(1).at(-1)).toBe('failed reboot_not_observed')
    await rig.send(rig.command(3))
    expect(rig.helperCalls).toEqual(['reboot_host', 'reboot_host'])
  })
  test('a busy helper keeps nobody waiting: the second id hears at once, and its duplicate later', async () => {
    const ending = createDeferred<HelperOutcome>()
    const rig = openAgentRig({ helper: async () => ending.promise })
    await rig.send(rig.command(1))
    await rig.send(rig.command(2))
    expect(rig.statuses(2)).toEqual(['failed busy'])
    ending.resolve({ kind: 'failed', code: 'execution_failed', words: 'exit code 1' })
    await rig.clock.advance(0)
    expect(rig.statuses(1)).toEqual(['accepted', 'execution_started', 'failed execution_failed'])
    expect(rig.disk().pending_recovery).toBeNull()
  })
  test('shutdown_host is completed once the helper has taken it, without a reconnect', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1, { action: 'shutdown_host' }))
    expect(rig.statuses()).toEqual(['accepted', 'execution_started', 'completed'])
    expect(rig.helperCalls).toEqual(['shutdown_host'])
  })
  test('a helper that something else ended says nothing: the boot id decides, or 150 s', async () => {
    const rig = openAgentRig({ helper: async () => ({ kind: 'cut-off' }) })
    await rig.send(rig.command(1, { action: 'shutdown_host' }))
    await rig.clock.advance(149_999)
    expect(rig.statuses()).toEqual(['accepted', 'execution_started'])
    await rig.clock.advance(1)
    expect(rig.statuses().at(-1)).toBe('failed reboot_not_observed')
  })
})

describe('what survives a crash', () => {
  test('4.23 crash after persist of accepted, before helper: after start failed, helper never called', async () => {
    const rig = openAgentRig({ onSave: async (count, each) => { if (count === 2) void each.crash() } })
    await rig.send(rig.command(1))
    await rig.crash()
    expect(rig.disk().commands).toMatchObject([{ status: 'accepted' }])
    expect(rig.helperCalls).toEqual([])
    const next = openAgentRig({ clock: rig.clock, first: rig.disk() })
    await next.clock.advance(0)
    expect(next.statuses().at(-1)).toBe('failed execution_failed')
    await next.send(next.command(1))
    expect(next.helperCalls).toEqual([])
  })
  test('the same boot id after a restart of the process alone: reboot_not_observed 150 s after the helper, not after the restart', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1))
    await rig.clock.advance(100_000)
    await rig.crash()
    const next = openAgentRig({ clock: rig.clock, first: rig.disk() })
    await next.clock.advance(49_999)
    expect(next.statuses()).toEqual([])
    await next.clock.advance(1)
    expect(next.statuses()).toEqual(['failed reboot_not_observed'])
  })
  test('a wall clock that jumped back does not make the wait longer than 150 s', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1))
    await rig.crash()
    const { pending_recovery: pending } = rig.disk()
    const next = openAgentRig({ clock: rig.clock, first: { ...rig.disk(), pending_recovery: { ...pending!, since: at(rig.clock.wallMs() + 86_400_000) } } })
    await next.clock.advance(150_000)
    expect(next.statuses()).toEqual(['failed reboot_not_observed'])
  })
  test('acks made while offline are kept and sent in order after reconnect, also by the next process', async () => {
    const rig = openAgentRig({ offline: true, helper: async () => ({ kind: 'failed', code: 'helper_missing', words: 'it does not exist' }) })
    await rig.send(rig.command(1))
    await rig.clock.advance(5_000)
    await rig.send(rig.command(2))
    await rig.clock.advance(5_000)
    expect(rig.acks).toEqual([])
    await rig.crash()
    const next = openAgentRig({ clock: rig.clock, first: rig.disk(), offline: true })
    await next.clock.advance(60_000)
    next.online(true)
    await next.clock.advance(0)
    expect(next.acks.map(({ command_id: id, status }) => `${id.at(-1)} ${status}`)).toEqual([
      '1 accepted', '1 execution_started', '1 failed', '2 accepted', '2 execution_started', '2 failed'])
    expect(next.disk().unsent).toEqual([])
  })
  test('disk full: nothing is told, no helper is called, and what runs ends when there is room again', async () => {
    let full = true
    const rig = openAgentRig({ onSave: () => { if (full) throw new WorkbenchError('host/disk-full', 'the disk is full') } })
    await rig.send(rig.command(1))
    expect([rig.acks, rig.helperCalls, rig.disk().commands]).toEqual([[], [], []])
    full = false
    await rig.send(rig.command(2))
    expect(rig.helperCalls).toHaveLength(1)
    full = true
    await rig.clock.advance(200_000)
    expect(rig.statuses(2)).toEqual(['accepted', 'execution_started'])
    full = false
    await rig.clock.advance(20_000)
    expect(rig.statuses(2).at(-1)).toBe('failed reboot_not_observed')
  })
  test('a state that cannot be kept between accepted and started: no helper, and an end', async () => {
    const rig = openAgentRig({ onSave: (count) => { if (count === 2) throw new WorkbenchError('host/disk-full', 'the disk is full') } })
    await rig.send(rig.command(1))
    await rig.clock.advance(20_000)
    expect(rig.statuses()).toEqual(['accepted', 'failed execution_failed'])
    expect(rig.helperCalls).toEqual([])
  })
  test('a thousand records are kept; what is forgotten earlier than it expires is refused by its age', async () => {
    const before = openAgentRig()
    const early = before.command(0, { action: 'shutdown_host', expires_at: at(before.clock.wallMs() + 86_400_000) })
    await before.send(early)
    await before.clock.advance(1_000)
    await before.crash()
    const [old] = before.disk().commands
    const commands = [old!, ...Array.from({ length: 999 }, (_, index) => ({ ...old!, command_id: commandIdOf(index + 1) }))]
    const rig = openAgentRig({ clock: before.clock, first: { ...before.disk(), commands } })
    await rig.send(early)
    expect(rig.statuses(0)).toEqual(['accepted', 'execution_started', 'completed'])
    await rig.send(rig.command(1_000, { x: 1 }))
    expect(rig.disk().commands).toHaveLength(1_000)
    expect(rig.disk().commands.some(({ command_id: id }) => id === commandIdOf(0))).toBe(false)
    await rig.send(early)
    expect(rig.helperCalls).toEqual([])
    expect(rig.statuses(0).at(-1)).toBe('failed stale_command')
  })
  test('finished commands are forgotten after a day, running ones never', async () => {
    const rig = openAgentRig()
    await rig.send(rig.command(1, { action: 'shutdown_host' }))
    await rig.clock.advance(24 * 3_600_000)
    await rig.send(rig.command(2, { x: 1 }))
    expect(rig.disk().commands).toHaveLength(2)
    await rig.clock.advance(1)
    await rig.send(rig.command(3, { x: 1 }))
    expect(rig.disk().commands.map(({ command_id: id }) => id)).toEqual([commandIdOf(2), commandIdOf(3)])
  })
  test('4.35 after a lost store: commands issued before the start are refused, new ones work', async () => {
    const rig = openAgentRig({ first: { ...emptyAgentState(screen), refuse_issued_until: '2026-05-12T00:00:00.000Z' } })
    await rig.clock.advance(1_000)
    await rig.send(rig.command(1, { issued_at: '2026-05-12T00:00:00.000Z' }))
    expect(rig.statuses()).toEqual(['failed stale_command'])
    await rig.send(rig.command(2))
    expect(rig.helperCalls).toEqual(['reboot_host'])
  })
})

test('the end in the middle of a round, while the disk is slow: no rejection that nobody hears', async () => {
  const slow = createDeferred<void>()
  const unheard: unknown[] = []
  const note = (error: unknown): void => { unheard.push(error) }
  process.on('unhandledRejection', note)
  onTestFinished(() => { process.off('unhandledRejection', note) })
  const rig = openAgentRig({ onSave: async () => slow.promise })
  await rig.send(rig.command(1))
  const ending = rig.crash()
  await new Promise((resolve) => { setImmediate(resolve) })
  slow.resolve()
  await ending
  expect(unheard).toEqual([])
})

describe('the mock flag', () => {
  const outcomes = async (options: Parameters<typeof openAgentRig>[0]): Promise<readonly string[]> => {
    const rig = openAgentRig({ mockFlag: true, ...options })
    await rig.send(rig.command(1))
    return [...rig.statuses(), ...rig.news.flatMap((news) => (news.event === 'problem' ? ['problem'] : []))]
  }
  test('completes at once with the mock helper, and says in its health that it does', async () => {
    expect(await outcomes({ helperIsMock: true })).toEqual(['accepted', 'execution_started', 'completed'])
    const rig = openAgentRig({ mockFlag: true, helperIsMock: true })
    await rig.clock.advance(0)
    expect(rig.health).toMatchObject([{ mock_reboot: true }])
  })
  test('is ignored with a problem for a real helper and under a unit of systemd', async () => {
    expect(await outcomes({ helperIsMock: false })).toEqual(['accepted', 'execution_started', 'problem'])
    expect(await outcomes({ helperIsMock: true, isUnderUnit: true })).toEqual(['accepted', 'execution_started', 'problem'])
  })
  test('without it the mock helper reboots nothing, and that is found out', async () => {
    const rig = openAgentRig({ helperIsMock: true })
    await rig.send(rig.command(1))
    await rig.clock.advance(150_000)
    expect(rig.statuses().at(-1)).toBe('failed reboot_not_observed')
  })
})

describe('health', () => {
  test('broker_connection counts reconnects from 0 and names the last disconnect', async () => {
    const rig = openAgentRig()
    await rig.clock.advance(10_000)
    expect(rig.health.map(({ broker_connection: each }) => each)).toEqual([{ reconnect_count: 0, last_disconnect_at: null }])
    rig.online(false)
    await rig.clock.advance(30_000)
    rig.online(true)
    await rig.clock.advance(0)
    expect(rig.health.at(-1)?.broker_connection).toEqual({ reconnect_count: 1, last_disconnect_at: '2026-05-12T00:00:10.000Z' })
    await rig.clock.advance(120_000)
    expect(rig.health.length).toBeGreaterThanOrEqual(3)
  })
})

describe('the watchdog', () => {
  /** systemd's part: it looks at nothing but the time since it heard. */
  const watch = (clock: { nowMs(): number }) => {
    const heard: number[] = [clock.nowMs()]
    return { heard: () => { heard.push(clock.nowMs()) }, longestSilence: () => Math.max(...[...heard, clock.nowMs()].map((ms, index, all) => ms - (all[index - 1] ?? ms))) }
  }
  test('4.28 main loop blocked 61 s: no WATCHDOG in 60 s, so the unit counts as killed', async () => {
    const blocked = createDeferred<void>()
    const beats: { heard(): void } = { heard: () => undefined }
    const rig = openAgentRig({ onAlive: () => { beats.heard() }, onSave: async () => blocked.promise })
    const systemd = watch(rig.clock)
    beats.heard = systemd.heard
    await rig.clock.advance(600_000)
    expect(systemd.longestSilence()).toBeLessThanOrEqual(30_000)
    // A disk that never answers: the loop hangs in the middle of a command.
    await rig.send(rig.command(1))
    await rig.clock.advance(61_000)
    expect(systemd.longestSilence()).toBeGreaterThan(60_000)
    blocked.resolve()
    await rig.clock.advance(0)
  })
  test('a helper that takes its 15 s does not stop the loop', async () => {
    const ending = createDeferred<HelperOutcome>()
    const beats: { heard(): void } = { heard: () => undefined }
    const rig = openAgentRig({ onAlive: () => { beats.heard() }, helper: async () => ending.promise })
    const systemd = watch(rig.clock)
    beats.heard = systemd.heard
    await rig.send(rig.command(1))
    await rig.clock.advance(61_000)
    expect(systemd.longestSilence()).toBeLessThanOrEqual(30_000)
    ending.resolve({ kind: 'started' })
  })
})
