import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { type EmbeddedBroker, openEmbeddedBroker } from '../../../src/main/drivers/mqtt/embeddedBroker.ts'
import type { AckStatus } from '../../../src/shared/fleet/command.schema.ts'
import { ackTopic, clientAccount } from '../../../src/shared/fleet/topics.ts'
import { clientA } from '../../support/commandFixture.ts'
import { createFakeCli, type FakeCli } from '../../support/fakeCli.ts'
import { ackText } from '../../support/fleetBench.ts'
import { openScreen, type ScreenStandIn } from '../../support/simScreen.ts'

let folder: string
let broker: EmbeddedBroker
let screen: ScreenStandIn | undefined
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rackbench-fleetcli-'))
  broker = await openEmbeddedBroker({ port: 0, log: () => undefined, accounts: () => [{ name: 'infoscreen-server', password: 'top', role: { kind: 'server' } }, { name: clientAccount(clientA), password: 'screen word', role: { kind: 'client', clientUuid: clientA } }] })
})
afterEach(async () => { await screen?.close(); screen = undefined; await broker.close(); rmSync(folder, { recursive: true, force: true }) })

const answering = async (answers?: readonly AckStatus[]): Promise<void> => { screen = openScreen(broker.url, clientA, 'screen word', answers); await screen.link.connected(AbortSignal.timeout(10_000)) }
const send = async (...more: string[]): Promise<{ fake: FakeCli; code: number; states: unknown[] }> => {
  const fake = createFakeCli({ dataFolder: folder, environment: { WORD: 'top' } })
  const code = await runCli(['fleet', 'send', '--client', clientA.toUpperCase(), '--action', 'reboot_host', '--broker', broker.url, '--user', 'infoscreen-server', '--password-env', 'WORD', '--output', 'json', ...more], fake.deps)
  return { fake, code, states: fake.events().filter(({ event }) => event === 'state').map((each) => (each as { state?: unknown }).state) }
}

test('fleet send waits for the final state: completed is 0, and each state was told on the way', async () => {
  await answering()
  const { fake, code, states } = await send('--reason', 'frozen')
  expect([code, states.at(0), states.at(-1)]).toEqual([0, 'queued', 'completed'])
  expect(fake.events().at(-1)).toMatchObject({ event: 'done', success: true, command: { state: 'completed', clientUuid: clientA, reason: 'frozen' } })
  expect(screen!.got).toHaveLength(1)
  expect(fake.out.lines.join()).not.toContain('"top"')
})

test('failed is 5, and says what the client said; the 4th within 15 minutes is blocked, which is 4; list has them all', async () => {
  await answering(['accepted', 'failed'])
  for (let turn = 0; turn < 3; turn += 1) expect((await send()).code).toBe(5)
  const { code, states } = await send()
  expect([code, states]).toEqual([4, ['blocked']])
  expect(screen!.got).toHaveLength(3)
  const fake = createFakeCli({ dataFolder: folder })
  expect(await runCli(['fleet', 'list'], fake.deps)).toBe(0)
  expect(fake.out.lines.join('\n').match(/failed|blocked/g)).toEqual(expect.arrayContaining(['blocked', 'failed', 'failed', 'failed']) as string[])
  expect(fake.out.lines.join('\n')).toContain('execution_failed')
})

test('whoever stops waiting takes back what was not handed over, and is told of what was', async () => {
  await answering(['accepted'])
  const handed = createFakeCli({ dataFolder: folder, environment: { WORD: 'top' } })
  const running = runCli(['fleet', 'send', '--client', clientA, '--action', 'shutdown_host', '--broker', broker.url, '--user', 'infoscreen-server', '--password-env', 'WORD', '--output', 'json'], handed.deps)
  for (let turn = 0; turn < 500 && !handed.out.lines.some((line) => line.includes('"accepted"')); turn += 1) await new Promise((resolve) => { setTimeout(resolve, 10) })
  handed.interrupt()
  expect(await running).toBe(8)
  expect(handed.events().at(-1)).toMatchObject({ event: 'done', command: { state: 'accepted' } })
  const unreached = createFakeCli({ dataFolder: folder })
  const waiting = runCli(['fleet', 'send', '--client', clientA, '--action', 'reboot_host', '--broker', 'mqtt://127.0.0.1:1', '--output', 'json'], unreached.deps)
  for (let turn = 0; turn < 500 && unreached.out.lines.length === 0; turn += 1) await new Promise((resolve) => { setTimeout(resolve, 10) })
  unreached.interrupt()
  expect(await waiting).toBe(7)
  expect(unreached.events().at(-1)).toMatchObject({ event: 'done', command: { state: 'canceled' } })
})

const wait = async (id: string, ...more: string[]): Promise<{ fake: FakeCli; code: number }> => {
  const fake = createFakeCli({ dataFolder: folder, environment: { WORD: 'top' } })
  return { fake, code: await runCli(['fleet', 'wait', id, '--user', 'infoscreen-server', '--password-env', 'WORD', ...more], fake.deps) }
}

test('a command that was left is waited for again, at the broker it was sent to; once it has ended, no broker is wanted', async () => {
  await answering(['accepted'])
  const left = createFakeCli({ dataFolder: folder, environment: { WORD: 'top' } })
  const running = runCli(['fleet', 'send', '--client', clientA, '--action', 'reboot_host', '--broker', broker.url, '--user', 'infoscreen-server', '--password-env', 'WORD', '--output', 'quiet'], left.deps)
  const stored = async (): Promise<string> => { const fake = createFakeCli({ dataFolder: folder }); await runCli(['fleet', 'list', '--output', 'json'], fake.deps); return fake.out.lines.join() }
  for (let turn = 0; turn < 200 && !(await stored()).includes('"state":"accepted"'); turn += 1) await new Promise((resolve) => { setTimeout(resolve, 25) })
  left.interrupt()
  expect(await running).toBe(8)
  const [id = ''] = left.out.lines
  expect(id).toMatch(/^[\da-f-]{36}$/)

  let hasEnded = false
  const listening = wait(id, '--output', 'json').finally(() => { hasEnded = true })
  // As a screen says it again until the broker has taken it; what is said before anybody listens is lost.
  for (let turn = 0; turn < 200 && !hasEnded; turn += 1) {
    await screen!.link.publish(ackTopic(clientA), ackText(id, 'failed'), { retain: false }, AbortSignal.timeout(5_000))
    await new Promise((resolve) => { setTimeout(resolve, 25) })
  }
  const { fake, code } = await listening
  expect([code, fake.events().at(-1)]).toMatchObject([5, { event: 'done', success: false, command: { id, state: 'failed' } }])
  expect(screen!.got).toHaveLength(1)

  await broker.close()
  const again = await wait(id, '--output', 'quiet')
  expect([again.code, again.fake.out.lines]).toEqual([5, ['failed']])
})

test('what cannot be waited for is said', async () => {
  const unknown = '0e1f1f1e-1111-4111-8111-111111111111'
  const { code, fake } = await wait(unknown)
  expect([code, fake.err.lines]).toEqual([2, [`Error: There is no command ${unknown} in this data folder`, '       "rackbench fleet list" names them']])
  expect((await wait('x')).fake.err.lines[0]).toBe('Error: "x" is no command')
  expect((await wait(unknown, '--action', 'reboot_host')).fake.err.lines[0]).toBe('Error: --action has no meaning for wait')
})
