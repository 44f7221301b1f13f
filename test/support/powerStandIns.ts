import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Argv } from '../../src/main/drivers/power/commandPower.ts'

export interface RelayStandIn {
  readonly port: number
  /** Request lines as they came. */
  readonly requests: readonly string[]
  readonly hasPower: (relay?: number) => boolean
  readonly cuts: () => number
  refuses: 'on' | 'off' | undefined
  /** Says yes and does nothing. */
  lies: boolean
  /** Answers instead when it gives true. */
  override: (request: IncomingMessage, response: ServerResponse) => boolean
  readonly close: () => Promise<void>
}

async function serveRelays(count: number, answer: (url: URL, standIn: RelayStandIn, relays: Relays) => [number, string]): Promise<RelayStandIn> {
  const requests: string[] = []
  const relays = createRelays(count)
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    request.resume()
    if (standIn.override(request, response)) return
    const [status, text] = answer(new URL(request.url ?? '', 'http://stand-in'), standIn, relays)
    response.writeHead(status).end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const standIn: RelayStandIn = {
    port: (server.address() as AddressInfo).port, requests, hasPower: (relay = 1) => relays.isOn(relay), cuts: relays.cuts, refuses: undefined, lies: false, override: () => false,
    close: async () => { server.closeAllConnections(); await new Promise<void>((resolve) => { server.close(() => { resolve() }) }) },
  }
  return standIn
}

interface Relays {
  isOn(relay: number): boolean
  has(relay: number): boolean
  turn(relay: number, on: boolean): void
  readonly cuts: () => number
}

function createRelays(count: number): Relays {
  const on = Array.from({ length: count }, () => true)
  let cuts = 0
  return {
    isOn: (relay) => on[relay - 1] ?? false,
    has: (relay) => relay >= 1 && relay <= count,
    turn: (relay, state) => { if (on[relay - 1] && !state) cuts += 1; on[relay - 1] = state },
    cuts: () => cuts,
  }
}

/** With one relay its key has no number, with several each has. */
export async function serveTasmota(options: { readonly relays?: number; readonly password?: string; readonly warnsWith200?: boolean } = {}): Promise<RelayStandIn> {
  const count = options.relays ?? 1
  return serveRelays(count, (url, standIn, relays) => {
    const query = url.searchParams
    if (url.pathname !== '/cm') return [404, '']
    if (options.password !== undefined && (query.get('user') !== 'admin' || query.get('password') !== options.password)) {
      return [options.warnsWith200 ? 200 : 401, '{"WARNING":"Need user=<username>&password=<password>"}']
    }
    const [, number = '', wish = ''] = /^power(\d*)(?: (on|off))?$/i.exec(query.get('cmnd') ?? '') ?? []
    const relay = number === '' ? 1 : Number(number)
    if (!relays.has(relay)) return [200, '{"Command":"Unknown"}']
    const state = wish.toLowerCase()
    if (state !== '' && state === standIn.refuses) return [200, '{"Command":"Error"}']
    if (state !== '' && !standIn.lies) relays.turn(relay, state === 'on')
    const said = state === '' || !standIn.lies ? relays.isOn(relay) : state === 'on'
    return [200, JSON.stringify({ [count === 1 ? 'POWER' : `POWER${relay}`]: said ? 'ON' : 'OFF' })]
  })
}

/** Knows one unit, "pdu01". */
export async function servePduDaemon(): Promise<RelayStandIn> {
  return serveRelays(8, (url, standIn, relays) => {
    const [, state = ''] = /^\/power\/control\/(on|off|reboot)$/.exec(url.pathname) ?? []
    const query = url.searchParams
    if (state === '') return [404, '404: Not Found']
    if (query.get('hostname') !== 'pdu01' || !query.has('port')) return [500, 'Invalid request: PDU not found in config\n']
    if (state === standIn.refuses) return [500, 'Invalid request: timeout\n']
    relays.turn(Number(query.get('port')), state !== 'off')
    return [200, 'OK - accepted request\n']
  })
}

export interface CommandStandIn {
  readonly argv: (...words: readonly string[]) => Argv
  readonly hasPower: () => boolean
  readonly cuts: () => number
  readonly refuse: (state: 'on' | 'off') => Promise<void>
  readonly lie: () => Promise<void>
  readonly folder: string
  readonly dispose: () => Promise<void>
}

/** A small program that keeps the state of a relay in a file. */
export async function createCommandStandIn(): Promise<CommandStandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-command-'))
  const [script, log, rules] = [join(folder, 'relay.mjs'), join(folder, 'log'), join(folder, 'rules')]
  await writeFile(log, 'on\n')
  await writeFile(rules, '')
  await writeFile(script, `
    import { appendFileSync, readFileSync } from 'node:fs'
    const [log, rules, word] = process.argv.slice(2)
    const last = () => readFileSync(log, 'utf8').trim().split('\\n').at(-1)
    const says = readFileSync(rules, 'utf8')
    if (word === 'read') { console.log('port 3: ' + last()); process.exit(0) }
    if (says.includes('no-' + word)) { console.error('no answer from the hub'); process.exit(3) }
    if (!says.includes('lie') && last() !== word) appendFileSync(log, word + '\\n')
  `)
  const states = (): string[] => readFileSync(log, 'utf8').trim().split('\n')
  return {
    folder,
    argv: (...words) => [process.execPath, script, log, rules, ...words],
    hasPower: () => states().at(-1) === 'on',
    cuts: () => states().filter((state) => state === 'off').length,
    refuse: async (state) => writeFile(rules, `no-${state}`),
    lie: async () => writeFile(rules, 'lie'),
    dispose: async () => rm(folder, { recursive: true }),
  }
}
