import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import mqtt from 'mqtt'
import { openFleet } from '../../src/main/composition/fleetDesk.ts'
import { createJobBook } from '../../src/main/core/jobs/jobBook.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { newJobId } from '../../src/main/drivers/host/randomness.ts'
import { openSqliteJournal } from '../../src/main/drivers/storage/sqliteJournal.ts'
import type { AckStatus, CommandMessage } from '../../src/shared/fleet/command.schema.ts'
import { isFinal } from '../../src/shared/fleet/commandView.schema.ts'
import { ackTopic } from '../../src/shared/fleet/topics.ts'
import { ackText } from '../support/fleetBench.ts'
import { freeTcpPort } from '../support/freePort.ts'
import { numbered } from '../support/planFixture.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import type { BenchRow } from './row.ts'

const many = 10_000
const statuses: readonly AckStatus[] = ['accepted', 'execution_started', 'completed']
/** One in so many is never heard of again. */
const silentEach = 1_000
/** Long enough for all to be handed over on a slow disk, and short enough to see the silent ones expire. */
const lifeMs = 120_000
const limitMs = 600_000
const uuidOf = (number: number): string => `c0000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`

/** Ten thousand commands under way at once on mosquitto, then all their acks; and lists as long. */
export async function fleetCommandRows(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-fleet6-'))
  try {
    const jobs = jobRows(folder)
    return [...await commandRows(folder), ...jobs]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function commandRows(folder: string): Promise<BenchRow[]> {
  const program = findProgram('mosquitto')
  if (program === undefined) throw new Error('mosquitto is not installed here')
  const port = await freeTcpPort()
  const conf = join(folder, 'conf')
  await writeFile(conf, `${process.getuid?.() === 0 ? 'user root\n' : ''}listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\n`)
  const broker = spawn(program, ['-c', conf], { stdio: 'ignore' })
  const ended = new Promise((resolve) => { broker.once('exit', resolve) })
  const url = `mqtt://127.0.0.1:${port}`
  try {
    for (let turn = 0; turn < 200 && !await answers(port); turn += 1) await wait(50)
    return await measured(url, folder)
  } finally {
    broker.kill('SIGTERM')
    await ended
  }
}

async function measured(url: string, folder: string): Promise<BenchRow[]> {
  const screens = await mqtt.connectAsync(url, { protocolVersion: 4, clientId: 'all-screens' })
  const heard: CommandMessage[] = []
  screens.on('message', (_topic, payload) => { heard.push(JSON.parse(payload.toString()) as CommandMessage) })
  await screens.subscribeAsync('infoscreen/+/commands', { qos: 1 })
  const fleet = openFleet({ dataFolder: folder, clock: createSystemClock(), broker: { url }, transitional: false, log: (line) => { process.stderr.write(`${line}\n`) } })
  const { service, store } = fleet
  let open = many
  service.listen(({ state }) => { if (isFinal(state)) open -= 1 })
  try {
    await fleet.link.connected(AbortSignal.timeout(20_000))
    const [issuing] = await timed(() => { for (let number = 1; number <= many; number += 1) service.issue({ clientUuid: uuidOf(number), action: 'shutdown_host', lifeMs }) })
    await until('all are handed over', () => heard.length >= many)
    const answering = heard.filter((_, index) => index % silentEach !== 0)
    const [took] = await timed(async () => {
      // Status by status, so that all of them are under way together.
      for (const status of statuses) for (const { client_uuid: uuid, command_id: id } of answering) screens.publish(ackTopic(uuid), ackText(id, status), { qos: 1 })
      await until('all that answered have ended', () => open <= many - answering.length)
    })
    await until('the silent ones have ended as well', () => open <= 0)
    const rate = answering.length * statuses.length / (took / 1000)
    const listed = [await timed(() => service.list({ limit: many })), await timed(() => service.list({ limit: many })), await timed(() => service.list({ limit: many }))]
    // Of three: whoever else works on the machine takes one of them its turn.
    const [listing, list] = listed.toSorted(([a], [b]) => a - b)[1] ?? [Number.NaN, []]
    const finals = list.filter(({ state }) => isFinal(state)).length
    const completed = list.filter(({ state }) => state === 'completed').length
    return [
      { name: `commands: issue one of ${many}`, value: issuing / many, unit: 'ms', goal: '', ok: true },
      { name: 'commands: in flight on mosquitto that came to a final state', value: finals, unit: '', goal: `all ${many}`, ok: finals === many && store.commands({ open: true, limit: 1 }).length === 0 },
      { name: 'commands: completed of those that answered', value: completed, unit: '', goal: `all ${answering.length}`, ok: completed === answering.length },
      { name: 'commands: acks kept per second, sustained', value: rate, unit: '/s', goal: '>= 2000', ok: rate >= 2_000 },
      { name: `commands: list of ${many}`, value: listing, unit: 'ms', goal: '< 300', ok: listing < 300 && list.length === many },
    ]
  } finally {
    await fleet.close()
    await screens.endAsync(true)
  }
}

/** The journal with as many jobs that have ended, opened as a start does it, and listed as the window does. */
function jobRows(folder: string): BenchRow[] {
  const file = join(folder, 'jobs.sqlite')
  openSqliteJournal(file, { log: () => undefined }).close()
  const database = new DatabaseSync(file)
  // In one commit: what a thousand of them cost is another row's matter.
  database.exec('BEGIN')
  const owner = database.prepare("INSERT INTO owners (job, process) VALUES (?, 'nobody')")
  const insert = database.prepare('INSERT INTO events (job, sequence, at_ms, type, json) VALUES (?, ?, ?, ?, ?)')
  for (let number = 0; number < many; number += 1) {
    const name = `20261121-${String(number).padStart(6, '0')}-abcdef`
    owner.run(name)
    for (const event of numbered(name, [{ type: 'job-started' }, { type: 'job-succeeded', verdict: 'restored and booted', elapsedMs: 1_000 }])) insert.run(event.job, event.sequence, event.atMs, event.type, JSON.stringify(event))
  }
  database.exec('COMMIT')
  database.close()
  const startedMs = performance.now()
  const journal = openSqliteJournal(file, { log: () => undefined })
  const jobs = createJobBook({ journal, clock: createSystemClock(), newJobId: () => newJobId(0), log: () => undefined })
  const shown = jobs.list().length
  const tookMs = performance.now() - startedMs
  journal.close()
  return [{ name: `jobs: journal with ${many}, opened, ${shown} newest listed`, value: tookMs, unit: 'ms', goal: '< 300', ok: tookMs < 300 && shown > 0 }]
}

async function timed<T>(work: () => T | Promise<T>): Promise<readonly [number, T]> {
  const startedMs = performance.now()
  const result = await work()
  return [performance.now() - startedMs, result]
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isSo(); waitedMs += 10) {
    if (waitedMs > limitMs) throw new Error(`never: ${what}`)
    await wait(10)
  }
}

const answers = async (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1')
  socket.once('connect', () => { socket.destroy(); resolve(true) })
  socket.once('error', () => { resolve(false) })
})
