import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type ComPortManners, type ComPortState, createComPortServer, restingPort } from '../../src/main/sim/comPortServer.ts'
import { createBell } from '../../src/shared/lifecycle/bell.ts'
import { type ByteQueue, createByteQueue, joinBytes } from '../../src/shared/lifecycle/byteQueue.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import type { FarEnd } from '../contract/transport.contract.ts'

const limit = (): AbortSignal => AbortSignal.timeout(10_000)

export interface Rfc2217StandInOptions extends ComPortManners {
  /** Every answer goes out in packets of one byte. */
  readonly splitsPackets?: boolean
  /** Behaves like a bridge that has the camera's power: on only while a client is connected, pulsed by DTR and RTS. */
  readonly vectis?: { readonly clock: Clock; readonly onPower?: (isOn: boolean) => void; readonly onPulse?: (offMs: number) => void }
}

export interface Rfc2217StandIn {
  readonly port: number
  /** Whoever sits at the UART. Rejects when no client comes. */
  readonly farEnd: () => Promise<FarEnd>
  /** The port as it is now. */
  readonly state: Readonly<ComPortState>
  /** Every port command that was taken, as `command:value`, in order: `1:115200`, `5:9`. */
  readonly commands: readonly string[]
  /** Resolves when that command was taken; commands that are not confirmed have no other proof. */
  took(command: string): Promise<void>
  readonly clients: number
  readonly refusedClients: number
  readonly isPowered: boolean
  /** Full pulses: how long both lines were off, milliseconds of the given clock. */
  readonly pulsesMs: readonly number[]
  /** Raw, without any doubling: what a broken server sends. */
  sendRaw(bytes: Uint8Array): void
  /** Takes nothing any more, and stays connected: a hung adapter. */
  stopReading(): void
  /** As when its cable is pulled and the system notices. */
  dropConnection(): void
  close(): Promise<void>
}

/** One RFC 2217 port on loopback for one client; a second one is closed at once. Its codec is the simulator's, not ours. */
export async function openRfc2217StandIn(options: Rfc2217StandInOptions = {}): Promise<Rfc2217StandIn> {
  const state = restingPort()
  const commands: string[] = []
  const pulsesMs: number[] = []
  const news = createBell()
  const fromClient = createByteQueue()
  const { vectis, splitsPackets = false, ...manners } = options
  let client: Client | undefined
  let refusedClients = 0
  let droppedAtMs: number | undefined

  const watchPulse = (): void => {
    if (!vectis) return
    // The lines rest low before a client touches them; only a fall that was told is the begin of a pulse.
    const last = commands.at(-1)
    if (!state.isDtrOn && !state.isRtsOn && (last === '5:9' || last === '5:12')) droppedAtMs ??= vectis.clock.nowMs()
    if (!state.isDtrOn || !state.isRtsOn || droppedAtMs === undefined) return
    const offMs = vectis.clock.nowMs() - droppedAtMs
    droppedAtMs = undefined
    pulsesMs.push(offMs)
    vectis.onPulse?.(offMs)
  }
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    if (client) { refusedClients += 1; socket.destroy(); return }
    socket.setNoDelay(true)
    const { send, sent } = splitsPackets ? byteByByte(socket) : { send: (bytes: Uint8Array) => { socket.write(bytes) }, sent: async () => undefined }
    Object.assign(state, restingPort())
    const port = createComPortServer({
      ...manners, state, send, onData: (bytes) => { fromClient.push(bytes) },
      onCommand: (command, value) => { commands.push(`${command}:${value}`); watchPulse(); news.ring() },
    })
    client = { socket, say: port.say, send, sent }
    vectis?.onPower?.(true)
    news.ring()
    socket.on('data', port.hear)
    socket.on('close', () => {
      client = undefined
      droppedAtMs = undefined
      vectis?.onPower?.(false)
      news.ring()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const until = async (isSo: () => boolean): Promise<void> => {
    const signal = limit()
    while (!isSo()) await news.next(signal)
  }
  return {
    port: (server.address() as AddressInfo).port, state, commands, pulsesMs,
    farEnd: async () => { await until(() => client !== undefined); return farEndOf(() => client, fromClient) },
    took: async (command) => until(() => commands.includes(command)),
    get clients() { return client ? 1 : 0 },
    get refusedClients() { return refusedClients },
    get isPowered() { return client !== undefined },
    sendRaw: (bytes) => { client?.send(bytes) },
    stopReading: () => { client?.socket.pause() },
    dropConnection: () => { client?.socket.resetAndDestroy() },
    close: async () => {
      client?.socket.destroy()
      await new Promise<void>((resolve) => { server.close(() => { resolve() }) })
    },
  }
}

interface Client {
  readonly socket: Socket
  readonly say: (bytes: Uint8Array) => void
  readonly send: (bytes: Uint8Array) => void
  /** Resolves when all that was given to `send` is in the hands of the system. */
  readonly sent: () => Promise<unknown>
}

function farEndOf(client: () => Client | undefined, fromClient: ByteQueue): FarEnd {
  return {
    send: async (bytes) => { client()?.say(bytes) },
    take: async (lengthBytes) => {
      const parts: Uint8Array[] = []
      for (let got = 0; got < lengthBytes;) {
        const chunk = await fromClient.read(limit())
        if (!chunk) throw new Error('the client is gone')
        parts.push(chunk)
        got += chunk.length
      }
      return joinBytes(parts)
    },
    close: async () => { await client()?.sent(); client()?.socket.end() },
  }
}

/** Writes in order, each byte in a packet of its own. */
function byteByByte(socket: Socket): Pick<Client, 'send' | 'sent'> {
  let before: Promise<unknown> = Promise.resolve()
  const one = async (byte: number): Promise<void> => {
    if (!socket.destroyed) socket.write(Uint8Array.of(byte))
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  return { send: (bytes) => { for (const byte of bytes) before = before.then(async () => one(byte)) }, sent: async () => before }
}
