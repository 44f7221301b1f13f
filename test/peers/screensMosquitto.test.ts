import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { openFleet } from '../../src/main/composition/fleetDesk.ts'
import { createScaledClock } from '../../src/main/drivers/host/systemClock.ts'
import { duplicatesAcks, helperFails, neverReturns, type ScreenBehaviour } from '../../src/main/sim/screens/screenBehaviours.ts'
import { simScreenUuid, startSimScreens } from '../../src/main/sim/screens/startSimScreens.ts'
import { type AckMessage, ackMessageSchema } from '../../src/shared/fleet/command.schema.ts'
import { commandTopic, serverAccount, serverSubscriptions } from '../../src/shared/fleet/topics.ts'
import { freeTcpPort } from '../support/freePort.ts'
import { createRealClock } from '../support/realClock.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { createThrowAwayCertificate } from '../support/throwAwayCertificate.ts'
import { describeWithPeer } from './peerGate.ts'

const screens = 200
/** The beginnings of these ids are all the same, so here an account has the whole one. */
const accountOf = (uuid: string): string => `screen-${uuid}`
const passwordOf = (user: string): string => `password of ${user}`
const bin = join(import.meta.dirname, '../../src/main/hosts/cli/bin.mjs')

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let look = 0; look < 3_000; look += 1) {
    if (holds()) return
    await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
  throw new Error(`never: ${what}`)
}

/** Accounts, rules and TLS as in the field. */
async function openBroker(): Promise<{ readonly url: string; readonly tlsUrl: string; readonly ca: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-mosquitto-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const file = async (name: string, text: string): Promise<string> => { await writeFile(join(folder, name), text, { mode: 0o600 }); return join(folder, name) }
  const uuids = Array.from({ length: screens }, (_, index) => simScreenUuid(index + 1))
  const accounts = [serverAccount, ...uuids.map(accountOf)]
  const passwords = await file('passwords', accounts.map((user) => `${user}:${passwordOf(user)}`).join('\n') + '\n')
  expect(spawnSync('mosquitto_passwd', ['-U', passwords], { timeout: 60_000 }).status).toBe(0)
  const rules = await file('rules', [
    `user ${serverAccount}`, ...['commands', 'command'].map((leaf) => `topic write infoscreen/+/${leaf}`), ...['commands/ack', 'command/ack', 'heartbeat', 'health', 'service_failed'].map((leaf) => `topic read infoscreen/+/${leaf}`),
    ...uuids.flatMap((uuid) => [`user ${accountOf(uuid)}`, ...['commands', 'command'].map((leaf) => `topic read infoscreen/${uuid}/${leaf}`), ...['commands/ack', 'command/ack', 'heartbeat', 'health'].map((leaf) => `topic write infoscreen/${uuid}/${leaf}`)]),
  ].join('\n'))
  const { cert, key } = createThrowAwayCertificate('localhost')
  const ca = await file('cert.pem', cert)
  const [port, tlsPort] = [await freeTcpPort(), await freeTcpPort()]
  const conf = await file('conf', `${process.getuid?.() === 0 ? 'user root\n' : ''}allow_anonymous false\npassword_file ${passwords}\nacl_file ${rules}\nlistener ${port} 127.0.0.1\nlistener ${tlsPort} localhost\ncertfile ${ca}\nkeyfile ${await file('key.pem', key)}\n`)
  const child = spawn('mosquitto', ['-c', conf], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise((resolve) => { child.once('close', resolve) })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text })
  onTestFinished(async () => { child.kill('SIGTERM'); await ended })
  await until('mosquitto runs', () => / running/.test(said))
  return { url: `mqtt://127.0.0.1:${port}`, tlsUrl: `mqtts://localhost:${tlsPort}`, ca }
}

async function openServer(url: string): Promise<{ readonly acks: readonly AckMessage[]; readonly send: (number: number) => Promise<void>; readonly said: (number: number) => readonly string[] }> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, username: serverAccount, password: passwordOf(serverAccount) })
  onTestFinished(async () => { await client.endAsync(true) })
  const acks: AckMessage[] = []
  client.on('message', (topic, payload) => { if (topic.endsWith('/commands/ack')) acks.push(ackMessageSchema.parse(JSON.parse(payload.toString()))) })
  await client.subscribeAsync(serverSubscriptions.filter((filter) => !filter.endsWith('service_failed')), { qos: 1 })
  const idOf = (number: number): string => `c0000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
  return {
    acks,
    said: (number) => acks.filter(({ command_id: id }) => id === idOf(number)).map(({ status }) => status),
    send: async (number) => {
      const uuid = simScreenUuid(number)
      await client.publishAsync(commandTopic(uuid), JSON.stringify({
        schema_version: '1.0', command_id: idOf(number), client_uuid: uuid, action: 'reboot_host', issued_at: new Date().toISOString(), expires_at: new Date(Date.now() + 240_000).toISOString(), requested_by: 1, reason: null,
      }), { qos: 1 })
    },
  }
}

const missing = ['mosquitto', 'mosquitto_passwd'].filter((name) => findProgram(name) === undefined)

describeWithPeer('two hundred screens at mosquitto, with accounts and rules', missing, () => {
  test('each gets its command twice and restarts once; the odd ones say what is wrong with them', async () => {
    const { url } = await openBroker()
    const server = await openServer(url)
    const oddity = (number: number): readonly ScreenBehaviour[] => (number % 40 === 0 ? [neverReturns] : number % 10 === 0 ? [helperFails('execution_failed')] : number % 3 === 0 ? [duplicatesAcks(2)] : [])
    const numbers = Array.from({ length: screens }, (_, index) => index + 1)
    const rack = await startSimScreens({
      brokerUrl: url, clock: createScaledClock(createRealClock(), 200), count: screens, heartbeatMs: 60_000, behaviours: Object.fromEntries(numbers.map((number) => [number, oddity(number)])),
      loginOf: (uuid) => ({ user: accountOf(uuid), password: passwordOf(accountOf(uuid)) }),
    })
    onTestFinished(async () => rack.close())
    await Promise.all(numbers.map(async (number) => { await server.send(number); await server.send(number) }))
    const back = numbers.filter((number) => number % 40 !== 0)
    await until('all that come back have said their last word', () => back.every((number) => server.said(number).some((status) => status === 'completed' || status === 'failed')))
    for (const number of numbers) {
      const last = new Set(server.said(number).filter((status) => status === 'completed' || status === 'failed'))
      expect([number, ...last]).toEqual([number, ...(number % 40 === 0 ? [] : number % 10 === 0 ? ['failed'] : ['completed'])])
      expect([number, ...(rack.screens[number - 1]?.reboots.values() ?? [])]).toEqual([number, ...(number % 10 === 0 && number % 40 !== 0 ? [] : [1])])
    }
  })

  test('our own service at mosquitto: each of two hundred commands is followed to its one end, and nothing is completed that did not restart', async () => {
    const { url } = await openBroker()
    const clock = createScaledClock(createRealClock(), 10)
    const numbers = Array.from({ length: screens }, (_, index) => index + 1)
    const endOf = (number: number): string => (number % 40 === 0 ? 'timed_out' : number % 10 === 0 ? 'failed' : 'completed')
    const rack = await startSimScreens({
      brokerUrl: url, clock, count: screens, heartbeatMs: 600_000, loginOf: (uuid) => ({ user: accountOf(uuid), password: passwordOf(accountOf(uuid)) }),
      behaviours: Object.fromEntries(numbers.map((number) => [number, endOf(number) === 'timed_out' ? [neverReturns] : endOf(number) === 'failed' ? [helperFails('execution_failed')] : number % 3 === 0 ? [duplicatesAcks(2)] : []])),
    })
    onTestFinished(async () => rack.close())
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-fleet-'))
    const fleet = openFleet({ dataFolder: folder, clock, broker: { url, login: { user: serverAccount, password: passwordOf(serverAccount) } }, transitional: true, log: () => undefined })
    onTestFinished(async () => { await fleet.close(); await rm(folder, { recursive: true, force: true }) })
    await fleet.link.connected(AbortSignal.timeout(20_000))
    const issued = new Map(numbers.map((number) => [number, fleet.service.issue({ clientUuid: simScreenUuid(number), action: 'reboot_host' }).command.id]))
    await until('all have ended', () => fleet.store.commands({ open: true, limit: 1 }).length === 0)
    for (const [number, id] of issued) {
      const { command, acks } = fleet.service.get(id)
      expect([number, command.state]).toEqual([number, endOf(number)])
      expect([number, rack.screens[number - 1]?.reboots.get(id) ?? 0]).toEqual([number, command.state === 'failed' ? 0 : 1])
      expect(acks.every(({ verdict }) => verdict === 'moved' || verdict === 'repeated' || verdict === 'late')).toBe(true)
    }
    expect(fleet.store.security(10)).toEqual([])
  })

  test('the agent itself by TLS with its own login; with a wrong password it says so, once, and goes on trying', async () => {
    const { url, tlsUrl, ca } = await openBroker()
    const server = await openServer(url)
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-agent-'))
    const uuid = simScreenUuid(1)
    const start = (password: string, more: readonly string[]) => {
      const child = spawn(process.execPath, [bin, 'agent', '--client', uuid, '--state', join(folder, 'state.json'), '--helper', 'mock', '--output', 'json', ...more], {
        stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], COMMAND_MOCK_REBOOT_IMMEDIATE_COMPLETE: '1', MQTT_USER: accountOf(uuid), MQTT_PASSWORD_BROKER: password, MQTT_USERNAME: 'not this', MQTT_PASSWORD: 'nor this' },
      })
      const said = { out: '', err: '' }
      child.stdout.setEncoding('utf8').on('data', (text: string) => { said.out += text })
      child.stderr.setEncoding('utf8').on('data', (text: string) => { said.err += text })
      const ended = new Promise<number | null>((resolve) => { child.once('close', resolve) })
      onTestFinished(async () => { child.kill('SIGKILL'); await ended; await rm(folder, { recursive: true, force: true }) })
      return { child, said, end: async () => { child.kill('SIGTERM'); return ended } }
    }
    const wrong = start('wrong', ['--broker', url])
    await until('it says so', () => wrong.said.err !== '')
    expect(await wrong.end()).toBe(0)
    expect(wrong.said.err.trim().split('\n')).toHaveLength(1)
    expect(wrong.said.out).not.toContain('connected')
    const right = start(passwordOf(accountOf(uuid)), ['--broker', tlsUrl, '--tls-ca', ca])
    await until('it is connected', () => right.said.out.includes('"connected"'))
    await server.send(1)
    await until('completed', () => server.said(1).includes('completed')).catch((error: unknown) => { throw new Error(`${right.said.out}${right.said.err}${JSON.stringify(server.acks)}`, { cause: error }) })
    expect(await right.end()).toBe(0)
    expect(right.said.err).toBe('')
    // A certificate that nobody vouched for is none.
    const strange = start(passwordOf(accountOf(uuid)), ['--broker', tlsUrl])
    await until('it says so', () => strange.said.err !== '')
    expect(strange.said.out).not.toContain('connected')
    expect(await strange.end()).toBe(0)
  })
})
