import { chmod, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { lockAgentState } from '../../../src/main/drivers/fleetAgent/agentLock.ts'
import { commandIdOf, screen } from '../../support/fleetAgentRig.ts'
import { type FleetScreen, type HelperConduct, openFleetScreen } from '../../support/fleetScreen.ts'
import { openPlainBroker, type PlainBroker } from '../../support/plainBroker.ts'

const command = (number: number, change: object = {}): Record<string, unknown> => ({
  schema_version: '1.0', command_id: commandIdOf(number), client_uuid: screen, action: 'reboot_host',
  issued_at: new Date().toISOString(), expires_at: new Date(Date.now() + 240_000).toISOString(), requested_by: 1, reason: null, ...change,
})
const said = ({ acks }: PlainBroker, number = 1): readonly string[] => acks.filter(({ command_id: id }) => id === commandIdOf(number)).map(({ status, error_code: code }) => (code === null ? status : `${status} ${code}`))
const isFinal = (text: string): boolean => text === 'completed' || text.startsWith('failed')

async function bench(conduct: HelperConduct = 'works') {
  const broker = await openPlainBroker()
  return { broker, screen: await openFleetScreen(broker.url, conduct) }
}

/** Killed once at this point, started again, told the same command again, and waited for. */
async function crashedAt(killAt: { save: number; when: 'before' | 'after' } | undefined, conduct: HelperConduct = 'works', second?: { save: number; when: 'before' | 'after' }) {
  const { broker, screen: computer } = await bench(conduct)
  const first = computer.start(killAt ? { killAt } : {})
  await broker.listening(screen)
  const sent = command(1)
  await broker.send(screen, sent)
  expect(await computer.ended(first)).toBe('SIGKILL')
  if (second) expect(await computer.ended(computer.start({ killAt: second }))).toBe('SIGKILL')
  // Fast enough that 150 s are a moment; its helper is not called any more.
  computer.start({ speed: 100 })
  await broker.listening(screen)
  await broker.send(screen, sent)
  await broker.until('the command is over', () => said(broker).some(isFinal))
  // Once more after the end: everything is said again and nothing is done.
  const before = broker.acks.length
  await broker.send(screen, sent)
  await broker.until('the repetition is answered', () => broker.acks.length > before)
  const finals = new Set(said(broker).filter(isFinal))
  expect(finals.size).toBe(1)
  return { end: [...finals][0], calls: await computer.calls() }
}

describe('kill -9 at each persist point', () => {
  const reboots = ['[reboot_host]']
  test.each([
    ['before accepted is kept: the broker delivers it again, and it is done', { save: 1, when: 'before' }, 'reboots', undefined, 'completed', reboots],
    ['4.23 crash after persist of accepted, before helper: after start failed, helper never called', { save: 1, when: 'after' }, 'reboots', undefined, 'failed execution_failed', []],
    ['before execution_started is kept: failed, helper never called', { save: 2, when: 'before' }, 'reboots', undefined, 'failed execution_failed', []],
    ['after execution_started is kept: the boot id is the same 150 s later', { save: 2, when: 'after' }, 'reboots', undefined, 'failed reboot_not_observed', []],
    ['by the reboot itself: completed', undefined, 'reboots', undefined, 'completed', reboots],
    ['in the helper, without a reboot: no completed', undefined, 'killsAgent', undefined, 'failed reboot_not_observed', reboots],
    ['before completed is kept: completed by the next start', undefined, 'reboots', { save: 1, when: 'before' }, 'completed', reboots],
    ['after completed is kept: told by the next start', undefined, 'reboots', { save: 1, when: 'after' }, 'completed', reboots],
  ] as const)('%s', async (_, killAt, conduct, second, end, calls) => {
    if (killAt?.save === 1 && killAt.when === 'before') {
      // The second process reboots, the third one says so.
      const { broker, screen: computer } = await bench(conduct)
      const first = computer.start({ killAt })
      await broker.listening(screen)
      await broker.send(screen, command(1))
      await computer.ended(first)
      expect(await computer.ended(computer.start())).toBe('SIGKILL')
      computer.start()
      await broker.until('completed', () => said(broker).includes(end))
      expect(await computer.calls()).toEqual(calls)
      return
    }
    expect(await crashedAt(killAt, conduct, second)).toEqual({ end, calls })
  }, 60_000)
})

describe('the agent as a process, at a real broker', () => {
  test('4.7 duplicate after client process restart: not executed; last ack re-sent', async () => {
    const { broker, screen: computer } = await bench()
    const first = computer.start()
    await broker.listening(screen)
    const sent = command(1)
    await broker.send(screen, sent)
    await broker.until('started', () => said(broker).includes('execution_started'))
    await broker.until('the helper was called', async () => (await computer.calls()).length === 1)
    await computer.kill(first)
    const before = broker.acks.length
    computer.start()
    await broker.listening(screen)
    await broker.send(screen, sent)
    await broker.until('told again', () => broker.acks.slice(before).some(({ status }) => status === 'execution_started'))
    expect(await computer.calls()).toEqual(['[reboot_host]'])
  }, 60_000)

  test.each<readonly [string, HelperConduct, (computer: FleetScreen) => Promise<void>, string, number]>([
    ['exits 1', 'fails', async () => undefined, 'execution_failed', 1],
    ['hangs', 'hangs', async () => undefined, 'execution_timeout', 1],
    ['missing', 'works', async ({ helper }) => rm(helper), 'helper_missing', 0],
    ['EACCES', 'works', async ({ helper }) => chmod(helper, 0o644), 'permission_denied', 0],
  ])('4.25 helper %s: failed with its code and non-empty message', async (_, conduct, prepare, code, calls) => {
    const { broker, screen: computer } = await bench(conduct)
    await prepare(computer)
    computer.start()
    await broker.listening(screen)
    await broker.send(screen, command(1))
    await broker.until('over', () => said(broker).some(isFinal))
    expect(said(broker)).toEqual(['accepted', 'execution_started', `failed ${code}`])
    expect(broker.acks.at(-1)?.error_message).toMatch(/\w/)
    expect(await computer.calls()).toHaveLength(calls)
  }, 60_000)

  test('4.26 reason contains `; rm -rf /`: helper argv is exactly [action]', async () => {
    const { broker, screen: computer } = await bench()
    computer.start()
    await broker.listening(screen)
    await broker.send(screen, command(1, { action: 'shutdown_host', reason: '; rm -rf / $(touch x) `id` \n --help' }))
    await broker.until('over', () => said(broker).some(isFinal))
    expect(said(broker)).toEqual(['accepted', 'execution_started', 'completed'])
    expect(await computer.calls()).toEqual(['[shutdown_host]'])
    expect(await readdir(computer.folder)).not.toContain('x')
  }, 60_000)

  test('two agents on one state file: the second one is not started, the first goes on, and after kill -9 the next one has it', async () => {
    const { broker, screen: computer } = await bench()
    const first = computer.start()
    await broker.listening(screen)
    expect(await computer.ended(computer.start())).toBe('1')
    // Also in one process, and before anything of the state is read.
    expect(() => lockAgentState(computer.statePath)).toThrow(expect.objectContaining({ code: 'input/conflict', message: expect.stringContaining(computer.statePath) as string }) as Error)
    await broker.send(screen, command(1))
    await broker.until('started', () => said(broker).includes('execution_started'))
    await broker.until('the helper was called', async () => (await computer.calls()).length === 1)
    await computer.kill(first)
    lockAgentState(computer.statePath).release()
    computer.start()
    await broker.listening(screen)
    await broker.send(screen, command(2))
    await broker.until('the second is answered', () => said(broker, 2).length > 0)
    expect(await computer.calls()).toEqual(['[reboot_host]'])
  }, 60_000)

  test('4.35 dedupe store truncated: renamed aside, old-issued commands refused, new ones work', async () => {
    const { broker, screen: computer } = await bench('fails')
    const first = computer.start()
    await broker.listening(screen)
    const old = command(1)
    await broker.send(screen, old)
    await broker.until('over', () => said(broker).some(isFinal))
    await computer.kill(first)
    await truncate(computer.statePath, 40)
    const second = computer.start()
    await broker.listening(screen)
    await broker.send(screen, old)
    await broker.until('refused', () => said(broker).includes('failed stale_command'))
    expect((await readdir(computer.folder)).filter((name) => name.startsWith('state.json.damaged-'))).toHaveLength(1)
    await broker.send(screen, command(2))
    await broker.until('the new one is over', () => said(broker, 2).some(isFinal))
    expect(said(broker, 2).at(-1)).toBe('failed execution_failed')
    // Also after the next crash: the file of the second process is whole, and knows nothing of what was done before.
    await computer.kill(second)
    const third = command(3, { issued_at: old['issued_at'] })
    computer.start()
    await broker.listening(screen)
    await broker.send(screen, third)
    await broker.until('refused', () => said(broker, 3).includes('failed stale_command'))
    expect(await computer.calls()).toEqual(['[reboot_host]', '[reboot_host]'])
  }, 60_000)

  test('the broker throws everybody out: the agent comes back, counts it, and what came meanwhile is done', async () => {
    const { broker, screen: computer } = await bench('fails')
    computer.start()
    await broker.listening(screen)
    broker.dropAll()
    await broker.listening(screen)
    await broker.send(screen, command(1))
    await broker.until('over', () => said(broker).some(isFinal))
    await broker.until('health', () => broker.healths.some((health) => (health['broker_connection'] as { reconnect_count: number }).reconnect_count === 1))
  }, 60_000)

  test('a replayed retained command does nothing, at no connection', async () => {
    const { broker, screen: computer } = await bench()
    await broker.send(screen, command(1), { retain: true })
    const first = computer.start()
    await broker.listening(screen)
    broker.dropAll()
    await broker.listening(screen)
    await broker.send(screen, command(2, { action: 'shutdown_host' }))
    await broker.until('over', () => said(broker, 2).some(isFinal))
    expect([said(broker, 1), await computer.calls()]).toEqual([[], ['[shutdown_host]']])
    first.kill('SIGTERM')
    expect(await computer.ended(first)).toBe('0')
  }, 60_000)

  test('a state file of another screen, and one that cannot be read, start nothing', async () => {
    const { screen: computer } = await bench()
    await writeFile(computer.statePath, JSON.stringify({ version: 1, client_uuid: '11111111-2222-4333-8444-555555555555', commands: [], pending_recovery: null, unsent: [], refuse_issued_until: null }))
    expect(await computer.ended(computer.start())).toBe('1')
    expect(await readFile(computer.statePath, 'utf8')).toContain('11111111')
  }, 60_000)
})
