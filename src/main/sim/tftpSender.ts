import type { Endpoint } from '../../shared/devices/datagram.ts'
import { clientSettings, nobodyAnswers, openSocket, outcomeOfError, type TftpOutcome, type TransferState, waitForEnd } from './tftpClient.ts'
import { encodeData, encodeWriteRequest, parseTftpPacket, type TftpPacket } from './tftpCodec.ts'
import type { UbootMachine } from './ubootMachine.ts'

export interface SendOptions {
  readonly machine: UbootMachine
  readonly name: string
  readonly server: Endpoint
  /** One block was acknowledged. */
  readonly mark: () => void
  readonly bytes: Uint8Array
}

interface Sending extends TransferState {
  /** Acknowledged; 0 after the request was. */
  acknowledged: number
  begun: boolean
  blockBytes: number
  peerPort: number | undefined
  last: TransferState['last']
}

/** U-Boot's other direction, with the same timeouts: one block at a time, and the last one is shorter than the others, if only by being empty. */
export async function sendByTftp(options: SendOptions): Promise<TftpOutcome> {
  const { machine } = options
  const { datagrams, localAddress } = machine.network
  if (!datagrams) return nobodyAnswers(machine)
  for (;;) {
    const socket = await openSocket(datagrams, localAddress)
    if (!socket) return { kind: 'unreachable', text: 'the camera has no way into this network' }
    const wake = new AbortController()
    const sending: Sending = {
      acknowledged: 0, begun: false, blockBytes: 512, peerPort: undefined, timeouts: 0, outcome: undefined, heardMs: machine.clock.nowMs(),
      last: { bytes: encodeWriteRequest(options.name, clientSettings(machine).options), to: options.server },
    }
    const stallAt = machine.behaviours.ask('onTransfer', options.bytes.length) ?? Infinity
    const send = (): void => {
      if (machine.behaviours.ask('onTftpBlock') === undefined) socket.send(sending.last.bytes, sending.last.to)
    }
    try {
      socket.onDatagram((packet, from) => {
        const isStalled = sending.acknowledged * sending.blockBytes >= stallAt
        if (sending.outcome !== undefined || isStalled || machine.behaviours.ask('onTftpBlock') !== undefined) return
        if (sending.peerPort !== undefined && from.port !== sending.peerPort) return
        const parsed = parseTftpPacket(packet)
        if (parsed && take(parsed, from, sending, options)) send()
        if (sending.outcome !== undefined) wake.abort()
      })
      send()
      const outcome = await waitForEnd(sending, machine, send, wake.signal)
      if (outcome !== 'again') return outcome
    } finally {
      await socket.close()
    }
  }
}

/** True when `sending.last` is to be sent. */
function take(packet: TftpPacket, from: Endpoint, sending: Sending, { machine, bytes, mark }: SendOptions): boolean {
  if (packet.kind === 'error') { sending.outcome = outcomeOfError(packet, machine); return false }
  if (packet.kind === 'oack') {
    if (sending.begun) return false
    sending.blockBytes = Number(packet.options.get('blksize') ?? 512)
  } else if (packet.kind === 'ack' && packet.block === ((sending.acknowledged + (sending.begun ? 1 : 0)) & 0xffff)) {
    if (sending.begun) {
      sending.acknowledged += 1
      mark()
    }
  } else {
    return false
  }
  sending.begun = true
  sending.peerPort = from.port
  sending.heardMs = machine.clock.nowMs()
  sending.timeouts = 0
  const at = sending.acknowledged * sending.blockBytes
  // The block that was shorter than the others has been acknowledged.
  if (at > bytes.length) { sending.outcome = { kind: 'done', lengthBytes: bytes.length }; return false }
  sending.last = { bytes: encodeData(sending.acknowledged + 1, bytes.subarray(at, at + sending.blockBytes)), to: from }
  return true
}
