import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Transport } from '../../src/shared/devices/transport.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import { createMemoryCable } from './memoryCable.ts'
import type { ThrowAwayCertificate } from './throwAwayCertificate.ts'

export interface StandInPort {
  readonly name: string
  readonly comment?: string
  /** Absent: a port without PoE. */
  poe?: string
  /** Whether a camera hangs there. */
  hasLoad?: boolean
  /** Whether its link is up; absent: not told. */
  readonly running?: boolean
  /** Addresses of what is plugged in there. */
  readonly behind?: readonly string[]
  /** Another switch announces itself there. */
  readonly neighbour?: boolean
  watts?: number
  /** A fault at this port: it gives no power while that is so, and its status says why. */
  trouble?: 'short-circuit' | 'overload' | 'voltage-too-low' | undefined
  /** Until when a native cycle keeps it off. */
  pulse?: AbortController | undefined
}

/** What this switch does wrong, or differently. Changed while a test runs. */
export interface StandInBehaviour {
  user: string
  password: string
  legacyLogin: boolean
  /** `none`: no monitor. `row`: the status stands in the row of the port. */
  status: 'monitor' | 'row' | 'none'
  /** Says "done" and does nothing. */
  lies: boolean
  /** The relay follows its setting this much later. */
  lagMs: number
  /** Settings change, the relay is stuck. */
  welded: boolean
  answerAfterMs: number
  /** What its ports may have together; absent on a model that does not say. */
  limitWatts?: number
  /** Told of each change of a relay, as the camera on it is. */
  onRelay: (port: string, on: boolean) => void
  /** Text of the `!trap`, when it is to refuse. */
  trap: (words: readonly string[]) => string | undefined
  /** `drop`: closes instead of an answer. `drop-done`: acts, then closes. `silent`: never answers. `fatal`: says so and closes. */
  fault: (words: readonly string[]) => 'drop' | 'drop-done' | 'silent' | 'fatal' | undefined
}

export interface RouterOsStandIn {
  readonly behaviour: StandInBehaviour
  readonly ports: readonly StandInPort[]
  /** Each command that arrived, logins included, passwords too. */
  readonly commands: readonly string[]
  /** Power at a port, each change: `off@1500`. */
  readonly switchings: readonly string[]
  readonly sessions: () => number
  isPowered(port: string): boolean
  /** The near end of a new memory cable. */
  readonly openLine: (signal: AbortSignal) => Promise<Transport>
  listen(tls?: ThrowAwayCertificate): Promise<number>
  /** Ends every session, as a restart does. */
  hangUp(): void
  close(): Promise<void>
}

/** A PoE switch that speaks the API with a codec of its own. */
export function createRouterOsStandIn(clock: Clock, ports: StandInPort[] = standardPorts()): RouterOsStandIn {
  const behaviour: StandInBehaviour = {
    user: 'admin', password: 'secret', legacyLogin: false, status: 'monitor', lies: false, lagMs: 0, welded: false, answerAfterMs: 0, onRelay: () => undefined, trap: () => undefined, fault: () => undefined,
  }
  const over = new AbortController()
  const commands: string[] = []
  const switchings: string[] = []
  const relay = new Map(ports.map((port) => [port.name, wantsPower(port)]))
  const sessions = new Set<() => void>()
  const closers: (() => Promise<void>)[] = []

  const later = (durationMs: number, work: () => void, signal: AbortSignal = over.signal): void => {
    if (durationMs === 0) { work(); return }
    clock.sleep(durationMs, AbortSignal.any([signal, over.signal])).then(work, () => undefined)
  }
  const follow = (port: StandInPort): void => {
    const wanted = wantsPower(port)
    later(behaviour.lagMs, () => {
      if (behaviour.welded || relay.get(port.name) === wanted) return
      relay.set(port.name, wanted)
      behaviour.onRelay(port.name, wanted)
      switchings.push(`${wanted ? 'on' : 'off'}@${Math.round(clock.nowMs())}`)
    })
  }

  const act = (words: readonly string[]): string[][] => {
    const [verb = ''] = words
    const value = (key: string): string | undefined => words.find((word) => word.startsWith(`=${key}=`))?.slice(key.length + 2)
    const trap = (message: string): string[][] => [['!trap', `=message=${message}`], ['!done']]
    const refusal = behaviour.trap(words)
    if (refusal !== undefined) return trap(refusal)
    const byId = (id: string | undefined): StandInPort | undefined => ports.find((port, index) => `*${index + 1}` === id || port.name === id)
    if (verb === '/system/identity/print') return [['!re', '=name=lab'], ['!done']]
    if (verb === '/interface/ethernet/print') {
      return [...ports.map((port, index) => ['!re', `=.id=*${index + 1}`, `=name=${port.name}`, ...(port.comment === undefined ? [] : [`=comment=${port.comment}`]), ...(port.running === undefined ? [] : [`=running=${String(port.running)}`])]), ['!done']]
    }
    if (verb === '/interface/bridge/host/print') return [['!re', '=mac-address=02:00:00:00:00:01', '=on-interface=bridge', '=local=true'], ...ports.flatMap((port) => (port.behind ?? []).map((mac) => ['!re', `=mac-address=${mac}`, `=on-interface=${port.name}`, '=local=false'])), ['!done']]
    if (verb === '/ip/neighbor/print') return [...ports.flatMap((port) => (port.neighbour ? [['!re', `=interface=${port.name},bridge`, '=identity=core']] : [])), ['!done']]
    if (verb === '/interface/ethernet/poe/print') {
      const wanted = words.find((word) => word.startsWith('?name='))?.slice(6)
      const rows = ports.flatMap((port, index) => (port.poe === undefined || (wanted !== undefined && port.name !== wanted) ? [] : [[
        '!re', `=.id=*${index + 1}`, `=name=${port.name}`, `=poe-out=${port.poe}`, ...(behaviour.status === 'row' ? [`=poe-out-status=${statusOf(port)}`] : []),
      ]]))
      return rows.length > 0 ? [...rows, ['!done']] : [['!empty'], ['!done']]
    }
    if (verb === '/interface/ethernet/poe/settings/print') return behaviour.limitWatts === undefined ? trap('no such command') : [['!re', `=poe-out-limit-power=${String(behaviour.limitWatts)}W`], ['!done']]
    if (verb === '/interface/ethernet/poe/monitor') {
      const port = byId(value('numbers'))
      if (behaviour.status !== 'monitor') return trap('no such command')
      return port?.poe === undefined ? trap('no such item') : [['!re', `=name=${port.name}`, `=poe-out-status=${statusOf(port)}`, ...(port.watts === undefined || port.trouble !== undefined || !relay.get(port.name) ? [] : [`=poe-out-power=${String(port.watts)}W`])], ['!done']]
    }
    const port = byId(value('.id'))
    if (port?.poe === undefined) return trap('no such item')
    if (behaviour.lies) return [['!done']]
    if (verb === '/interface/ethernet/poe/set') {
      port.poe = value('poe-out') ?? port.poe
      follow(port)
      return [['!done']]
    }
    if (verb === '/interface/ethernet/poe/power-cycle') {
      const pulse = new AbortController()
      if (port.poe !== 'off') {
        port.pulse = pulse
        follow(port)
        later(Number.parseFloat(value('duration') ?? '') * 1000, () => { port.pulse = undefined; follow(port) })
      }
      return [['!done']]
    }
    return trap('no such command')
  }
  const statusOf = (port: StandInPort): string => {
    if (port.trouble !== undefined && port.poe !== 'off' && !port.pulse) return port.trouble
    if (relay.get(port.name)) return port.hasLoad ? 'powered-on' : 'waiting-for-load'
    return port.pulse ? 'power-reset' : port.poe === 'off' ? 'off' : 'waiting-for-load'
  }

  const serve = async (far: Transport): Promise<void> => {
    const hangUp = (): void => { void far.close() }
    sessions.add(hangUp)
    let rest = Buffer.alloc(0)
    let challenge: Buffer | undefined
    let isIn = false
    const login = (words: readonly string[]): string[][] => {
      const value = (key: string): string => words.find((word) => word.startsWith(`=${key}=`))?.slice(key.length + 2) ?? ''
      const wrong = [['!trap', '=message=invalid user name or password (6)'], ['!done']]
      if (behaviour.legacyLogin && challenge === undefined) { challenge = randomBytes(16); return [['!done', `=ret=${challenge.toString('hex')}`]] }
      const good = challenge
        ? value('response') === `00${createHash('md5').update(Buffer.concat([Buffer.of(0), Buffer.from(behaviour.password), challenge])).digest('hex')}`
        : value('password') === behaviour.password
      isIn = good && value('name') === behaviour.user
      return isIn ? [['!done']] : wrong
    }
    const answer = async (words: readonly string[]): Promise<boolean> => {
      commands.push(words.join(' '))
      const fault = behaviour.fault(words)
      if (fault === 'drop') return false
      if (fault === 'silent') return true
      if (fault === 'fatal') { await far.write(encode([['!fatal', 'session terminated on request']]), over.signal); return false }
      const replies = words[0] === '/login' ? login(words) : isIn ? act(words) : [['!fatal', 'not logged in']]
      if (fault === 'drop-done') return false
      if (behaviour.answerAfterMs > 0) await clock.sleep(behaviour.answerAfterMs, over.signal)
      await far.write(encode(replies), over.signal)
      return replies[0]?.[0] !== '!fatal'
    }
    try {
      for (let chunk = await far.read(over.signal); chunk; chunk = await far.read(over.signal)) {
        rest = Buffer.concat([rest, chunk])
        for (let found = decode(rest); found; found = decode(rest)) {
          rest = rest.subarray(found.lengthBytes)
          if (!await answer(found.words)) return
        }
      }
    } finally {
      sessions.delete(hangUp)
      await far.close()
    }
  }
  const accept = (socket: Socket): void => { socket.on('error', () => undefined); serve(transportOf(socket)).catch(() => undefined) }

  return {
    behaviour, ports, commands, switchings,
    sessions: () => sessions.size,
    isPowered: (name) => relay.get(name) ?? false,
    openLine: async () => {
      const { near, far } = createMemoryCable()
      serve(far).catch(() => undefined)
      return near
    },
    listen: async (tls) => {
      const server = tls ? createTlsServer({ key: tls.key, cert: tls.cert }, accept).on('tlsClientError', () => undefined) : createServer(accept)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      closers.push(async () => new Promise<void>((resolve) => { server.close(() => { resolve() }) }))
      return (server.address() as AddressInfo).port
    },
    hangUp: () => { for (const end of sessions) end() },
    close: async () => {
      over.abort(new Error('the stand-in is closed'))
      for (const end of sessions) end()
      for (const end of closers) await end()
    },
  }
}

export const standardPorts = (): StandInPort[] => [
  { name: 'ether1', comment: 'uplink' },
  { name: 'ether2', comment: 'hi3516av300', poe: 'auto-on', hasLoad: true },
  { name: 'ether3', comment: 'gk7205v300', poe: 'forced-on', hasLoad: true },
  { name: 'ether4', comment: 'parked', poe: 'off', hasLoad: true },
  { name: 'ether5', comment: 'hi3516av200', poe: 'auto-on', hasLoad: false },
]

const wantsPower = ({ poe, hasLoad, pulse, trouble }: StandInPort): boolean => poe !== undefined && trouble === undefined && poe !== 'off' && !pulse && (poe === 'forced-on' || hasLoad === true)

/** Lengths as the vendor's page gives them, on purpose in another way than the program's own codec. */
function encode(sentences: readonly (readonly string[])[]): Buffer {
  return Buffer.concat(sentences.flatMap((words) => [...words.flatMap((text) => {
    const word = Buffer.from(text, 'utf8')
    const size = Buffer.alloc(4)
    size.writeUInt32BE(word.length)
    const extra = [0x80, 0x4000, 0x200000, 0x10000000].filter((limit) => word.length >= limit).length
    const head = extra === 4 ? Buffer.concat([Buffer.of(0xf0), size]) : Buffer.from(size.subarray(3 - extra))
    if (extra > 0 && extra < 4) head[0] = (head[0] ?? 0) + (0xf0 << (4 - extra) & 0xff)
    return [head, word]
  }), Buffer.of(0)]))
}

function decode(bytes: Buffer): { words: string[]; lengthBytes: number } | undefined {
  const words: string[] = []
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0
    // The count of leading one bits is the count of bytes that follow.
    const extra = first >= 0xf0 ? 4 : Math.clz32(~(first << 24))
    if (at + 1 + extra > bytes.length) return undefined
    let length = extra === 4 ? 0 : first & (0xff >> (extra + 1))
    for (let index = 1; index <= extra; index += 1) length = length * 256 + (bytes[at + index] ?? 0)
    at += 1 + extra
    if (length === 0) return { words, lengthBytes: at }
    if (at + length > bytes.length) return undefined
    words.push(bytes.toString('utf8', at, at + length))
    at += length
  }
  return undefined
}

function transportOf(socket: Socket): Transport {
  const iterator = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return {
    label: 'stand-in',
    read: async () => { const next = await iterator.next(); return next.done ? undefined : next.value },
    write: async (bytes) => new Promise<void>((resolve, reject) => { socket.write(bytes, (error) => { if (error) reject(error); else resolve() }) }),
    discardInput: async () => 0,
    close: async () => { socket.destroy() },
  }
}
