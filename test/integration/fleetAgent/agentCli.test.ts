import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { serviceFailedMessageSchema } from '../../../src/shared/fleet/health.schema.ts'
import { serviceFailedTopic } from '../../../src/shared/fleet/topics.ts'
import { commandIdOf, screen } from '../../support/fleetAgentRig.ts'
import { openPlainBroker, type PlainBroker } from '../../support/plainBroker.ts'

const root = join(import.meta.dirname, '../../..')
const bin = join(root, 'src/main/hosts/cli/bin.mjs')

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-agent-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}

async function program(path: string, text: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
  return path
}

interface Running { readonly child: ChildProcess; readonly events: { readonly event: string; readonly [key: string]: unknown }[]; readonly ended: Promise<number | null>; errors(): string }

function start(command: string, args: readonly string[], env: Record<string, string | undefined> = {}): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], ...env } })
  const events: Running['events'] = []
  let rest = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    // A line that is no JSON fails the test.
    events.push(...lines.map((line) => JSON.parse(line) as { event: string }))
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text })
  const ended = new Promise<number | null>((resolve) => { child.once('close', resolve) })
  onTestFinished(async () => { child.kill('SIGKILL'); await ended })
  return { child, events, ended, errors: () => errors }
}

const agent = async (broker: PlainBroker, more: readonly string[] = [], env: Record<string, string> = {}): Promise<Running> =>
  start(process.execPath, [bin, 'agent', '--broker', broker.url, '--client', screen, '--state', join(await tempFolder(), 'state.json'), '--helper', 'mock', '--output', 'json', ...more], env)

const command = (number: number): object => ({
  schema_version: '1.0', command_id: commandIdOf(number), client_uuid: screen, action: 'reboot_host',
  issued_at: new Date().toISOString(), expires_at: new Date(Date.now() + 240_000).toISOString(), requested_by: null, reason: null,
})

describe('rackbench agent', () => {
  test('a dry run: each step is a line of JSON, and SIGTERM ends it with 0', async () => {
    const broker = await openPlainBroker()
    const { child, events, ended, errors } = await agent(broker, [], { COMMAND_MOCK_REBOOT_IMMEDIATE_COMPLETE: '1' })
    await broker.listening(screen)
    await broker.send(screen, command(1))
    await broker.until('completed', () => broker.acks.some(({ status }) => status === 'completed'))
    child.kill('SIGTERM')
    expect([await ended, errors()]).toEqual([0, ''])
    expect(events.map(({ event }) => event)).toEqual(['connected', 'accepted', 'execution_started', 'completed', 'done'])
    expect(events[3]).toMatchObject({ command_id: commandIdOf(1), action: 'reboot_host', mock: true })
    expect(errors()).toBe('')
  }, 60_000)

  test('as a service: READY, then WATCHDOG from the main loop, then STOPPING; the mock flag is ignored with a problem', async () => {
    const broker = await openPlainBroker()
    const folder = await tempFolder()
    await program(join(folder, 'systemd-notify'), `echo "$NOTIFY_SOCKET $*" >> ${folder}/heard`)
    const { child, events, ended } = await agent(broker, [], { COMMAND_MOCK_REBOOT_IMMEDIATE_COMPLETE: '1', NOTIFY_SOCKET: '/run/of/systemd', WATCHDOG_USEC: '3000000', PATH: `${folder}:/usr/bin:/bin` })
    const heard = async (): Promise<readonly string[]> => readFile(join(folder, 'heard'), 'utf8').then((text) => text.trim().split('\n'), () => [])
    await broker.listening(screen)
    await broker.send(screen, command(1))
    await broker.until('the watchdog was told twice', async () => (await heard()).filter((line) => line === '/run/of/systemd WATCHDOG=1').length >= 2)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    await broker.until('stopping', async () => (await heard()).includes('/run/of/systemd STOPPING=1'))
    expect((await heard())[0]).toBe('/run/of/systemd READY=1 WATCHDOG=1')
    expect(events[0]).toMatchObject({ event: 'problem', words: expect.stringContaining('service of systemd') as string })
    expect(broker.acks.map(({ status }) => status)).toEqual(['accepted', 'execution_started'])
  }, 60_000)

  test('a broker that is away stops nothing: the agent runs, says so once, and ends with 0', async () => {
    const { child, events, ended, errors } = start(process.execPath, [bin, 'agent', '--broker', 'mqtt://127.0.0.1:1', '--client', screen, '--state', join(await tempFolder(), 'state.json'), '--helper', 'mock', '--output', 'json'])
    for (let look = 0; look < 500 && errors() === ''; look += 1) await new Promise((resolve) => { setTimeout(resolve, 20) })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(errors()).toMatch(/^The broker cannot be reached: nobody listens there[^\n]*\n$/)
    expect(events.map(({ event }) => event)).toEqual(['done'])
  }, 60_000)

  test('4.29 systemd gives up: retained alert seen by a client that subscribes later; after clear, a new subscriber gets none', async () => {
    const broker = await openPlainBroker()
    const folder = await tempFolder()
    const rackbench = await program(join(folder, 'rackbench'), `exec ${process.execPath} ${bin} "$@"`)
    const { events, ended } = start(join(root, 'resources/fleet/infoscreen-notify-failure'), ['infoscreen-agent.service'], { RACKBENCH: rackbench, BROKER_URL: broker.url, CLIENT_UUID: screen })
    expect(await ended).toBe(0)
    expect(events).toEqual([{ event: 'done', success: true, unit: 'infoscreen-agent.service', exitCode: 0 }])
    const lateComer = async (): Promise<string | undefined> => {
      const client = await mqtt.connectAsync(broker.url, { protocolVersion: 4, clean: true })
      let found: string | undefined
      client.on('message', (_, payload, packet) => { if (packet.retain) found = payload.toString() })
      await client.subscribeAsync(serviceFailedTopic(screen), { qos: 1 })
      // Retained messages come before the answer to what is asked after them.
      await client.publishAsync('probe', 'x', { qos: 1 })
      await client.endAsync()
      return found
    }
    const alert = await lateComer()
    expect(serviceFailedMessageSchema.parse(JSON.parse(alert ?? ''))).toMatchObject({ client_uuid: screen, unit: 'infoscreen-agent.service' })
    const server = await mqtt.connectAsync(broker.url, { protocolVersion: 4 })
    await server.publishAsync(serviceFailedTopic(screen), '', { qos: 1, retain: true })
    await server.endAsync()
    expect(await lateComer()).toBeUndefined()
  }, 60_000)

  test('the alert does not take the session of the agent away', async () => {
    const broker = await openPlainBroker()
    const { child, events, ended } = await agent(broker)
    await broker.listening(screen)
    const alert = start(process.execPath, [bin, 'agent', '--broker', broker.url, '--client', screen, '--service-failed', 'x.service', '--output', 'json'])
    expect(await alert.ended).toBe(0)
    child.kill('SIGTERM')
    await ended
    expect(events.map(({ event }) => event)).toEqual(['connected', 'done'])
  }, 60_000)
})

describe('the helper that is shipped', () => {
  const helper = join(root, 'resources/fleet/infoscreen-helper')
  const call = async (...args: string[]): Promise<{ readonly code: number | null; readonly said: string }> => {
    const { ended, errors } = start(helper, args)
    return { code: await ended, said: errors() }
  }
  test('takes exactly one word of two', async () => {
    for (const args of [[], ['reboot'], ['reboot_host', 'now'], ['; reboot_host'], ['reboot_host ']]) expect(await call(...args)).toMatchObject({ code: 64 })
  })
  test('sudo allows just these two', async () => {
    const rule = (await readFile(join(root, 'resources/fleet/infoscreen-agent.sudoers'), 'utf8')).split('\n').filter((line) => line.startsWith('infoscreen '))
    expect(rule).toEqual(['infoscreen ALL=(root) NOPASSWD: /usr/local/libexec/infoscreen-helper reboot_host, /usr/local/libexec/infoscreen-helper shutdown_host'])
  })
})
