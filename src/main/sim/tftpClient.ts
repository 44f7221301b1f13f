import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { DatagramNetwork, DatagramSocket, Endpoint } from '../../shared/devices/datagram.ts'
import { encodeAck, encodeReadRequest, parseTftpPacket, type TftpPacket } from './tftpCodec.ts'
import type { UbootMachine } from './ubootMachine.ts'

export type TftpOutcome =
  | { readonly kind: 'done'; readonly lengthBytes: number }
  | { readonly kind: 'refused'; readonly code: number; readonly text: string }
  | { readonly kind: 'unreachable'; readonly text: string }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'gave-up' }

export interface FetchOptions {
  readonly machine: UbootMachine
  readonly name: string
  readonly server: Endpoint
  /** One block has come. */
  readonly mark: () => void
  readonly store: (offsetBytes: number, bytes: Uint8Array) => void
}

/** How often Ctrl-C is looked for while nothing comes. */
const lookMs = 200

/** U-Boot's client: timeout 5, blksize 1468, no windows; a repeated block is ignored without an ACK; it starts again for ever. */
export async function fetchByTftp(options: FetchOptions): Promise<TftpOutcome> {
  const { machine, server } = options
  const { datagrams, localAddress } = machine.network
  if (!datagrams) return nobodyAnswers(machine)
  for (;;) {
    const socket = await openSocket(datagrams, localAddress)
    if (!socket) return { kind: 'unreachable', text: 'the camera has no way into this network' }
    try {
      const outcome = await attempt(options, socket, server)
      if (outcome !== 'again') return outcome
    } finally {
      await socket.close()
    }
  }
}

export async function openSocket(datagrams: DatagramNetwork, address: string): Promise<DatagramSocket | undefined> {
  try {
    return await datagrams.bind(address, 0)
  } catch (error) {
    // The camera's console says what a camera would say; the rest is our own fault and must be seen.
    if (error instanceof WorkbenchError) return undefined
    throw error
  }
}

export async function nobodyAnswers(machine: UbootMachine): Promise<TftpOutcome> {
  const clock = machine.clock
  for (let tries = 0; tries < 5; tries += 1) {
    machine.say('T ')
    for (const endMs = clock.nowMs() + 5000; clock.nowMs() < endMs;) {
      await machine.pause(lookMs)
      if (machine.keyboard.takeInterrupt()) return { kind: 'aborted' }
    }
  }
  return { kind: 'unreachable', text: 'ARP Retry count exceeded' }
}

/** What both directions have; `last` is what a timeout sends again. */
export interface TransferState {
  heardMs: number
  timeouts: number
  readonly last: { readonly bytes: Uint8Array; readonly to: Endpoint }
  outcome: TftpOutcome | 'again' | undefined
}

interface Transfer extends TransferState {
  expected: number
  blockBytes: number
  receivedBytes: number
  peerPort: number | undefined
  last: { readonly bytes: Uint8Array; readonly to: Endpoint }
}

/** U-Boot's own settings of its client, from the environment. */
export function clientSettings({ environment }: UbootMachine): { readonly timeoutMs: number; readonly blockBytes: number; readonly mostTimeouts: number; readonly options: readonly (readonly [string, string])[] } {
  const asNumber = (name: string, otherwise: number): number => Number(environment.get(name) ?? otherwise) || otherwise
  const timeoutMs = Math.max(1000, asNumber('tftptimeout', 5000))
  const blockBytes = asNumber('tftpblocksize', 1468)
  return { timeoutMs, blockBytes, mostTimeouts: asNumber('tftptimeoutcountmax', 10), options: [['timeout', String(Math.round(timeoutMs / 1000))], ['blksize', String(blockBytes)]] }
}

async function attempt(options: FetchOptions, socket: DatagramSocket, server: Endpoint): Promise<TftpOutcome | 'again'> {
  const { machine } = options
  const settings = clientSettings(machine)
  const request = encodeReadRequest(options.name, settings.options)
  const transfer: Transfer = {
    expected: 1, blockBytes: 512, receivedBytes: 0, peerPort: undefined, timeouts: 0, outcome: undefined,
    last: { bytes: request, to: server }, heardMs: machine.clock.nowMs(),
  }
  const stallAt = machine.behaviours.ask('onTransfer', 65_536) ?? Infinity
  const send = (): void => {
    if (machine.behaviours.ask('onTftpBlock') === undefined) socket.send(transfer.last.bytes, transfer.last.to)
  }
  const wake = new AbortController()
  socket.onDatagram((packet, from) => {
    if (transfer.outcome !== undefined || transfer.receivedBytes >= stallAt || machine.behaviours.ask('onTftpBlock') !== undefined) return
    if (transfer.peerPort !== undefined && from.port !== transfer.peerPort) return
    const parsed = parseTftpPacket(packet)
    if (parsed && take(parsed, from, transfer, options)) send()
    if (transfer.outcome !== undefined) wake.abort()
  })
  send()
  return waitForEnd(transfer, machine, send, wake.signal)
}

/** Repeats after each timeout and looks for Ctrl-C, until there is an outcome. */
export async function waitForEnd(transfer: TransferState, machine: UbootMachine, send: () => void, wake: AbortSignal): Promise<TftpOutcome | 'again'> {
  const { timeoutMs, mostTimeouts } = clientSettings(machine)
  while (transfer.outcome === undefined) {
    const silentMs = machine.clock.nowMs() - transfer.heardMs
    if (silentMs >= timeoutMs) timeOut(transfer, machine, mostTimeouts, send)
    if (machine.keyboard.takeInterrupt()) transfer.outcome = { kind: 'aborted' }
    else await lookAgain(machine, Math.min(lookMs, timeoutMs), wake)
  }
  return transfer.outcome
}

/** Sleeps until there is something to do; the end of the transfer cuts it short. */
async function lookAgain(machine: UbootMachine, durationMs: number, wake: AbortSignal): Promise<void> {
  if (wake.aborted) return
  await machine.clock.sleep(durationMs, AbortSignal.any([machine.signal, wake])).catch((error: unknown) => {
    if (!wake.aborted) throw error
  })
}

function timeOut(transfer: TransferState, machine: UbootMachine, most: number, send: () => void): void {
  machine.say('T ')
  transfer.heardMs = machine.clock.nowMs()
  transfer.timeouts += 1
  if (transfer.timeouts < most) { send(); return }
  if (machine.environment.get('netretry') === 'no') { transfer.outcome = { kind: 'gave-up' }; return }
  machine.say('\nRetry count exceeded; starting again\n')
  transfer.outcome = 'again'
}

/** True when `transfer.last` is to be sent. */
function take(packet: TftpPacket, from: Endpoint, transfer: Transfer, { machine, store, mark }: FetchOptions): boolean {
  if (packet.kind === 'error') {
    transfer.outcome = outcomeOfError(packet, machine)
    return false
  }
  if (packet.kind === 'oack') {
    if (transfer.expected !== 1 || transfer.receivedBytes > 0) return false
    transfer.peerPort = from.port
    transfer.heardMs = machine.clock.nowMs()
    transfer.blockBytes = Number(packet.options.get('blksize') ?? 512)
    transfer.last = { bytes: encodeAck(0), to: from }
    return true
  }
  if (packet.kind === 'ack' || packet.block !== (transfer.expected & 0xffff)) return false
  if (packet.bytes.length > transfer.blockBytes) return false
  transfer.peerPort = from.port
  // Only a new block restarts the timer: with a lost ACK the server's repeats would keep it quiet for ever.
  transfer.heardMs = machine.clock.nowMs()
  store(transfer.receivedBytes, packet.bytes)
  mark()
  transfer.receivedBytes += packet.bytes.length
  transfer.expected += 1
  transfer.timeouts = 0
  transfer.last = { bytes: encodeAck(packet.block), to: from }
  if (packet.bytes.length < transfer.blockBytes) transfer.outcome = { kind: 'done', lengthBytes: transfer.receivedBytes }
  return true
}

/** 1 and 2 are final; any other error makes U-Boot start again. */
export function outcomeOfError({ code, text }: { readonly code: number; readonly text: string }, machine: UbootMachine): TftpOutcome | 'again' {
  if (code === 1 || code === 2) return { kind: 'refused', code, text }
  machine.say(`\nTFTP error: '${text}' (${code})\nStarting again\n\n`)
  return 'again'
}
