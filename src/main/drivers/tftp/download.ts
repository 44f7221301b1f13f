import type { Endpoint } from '../../../shared/devices/datagram.ts'
import { errorNumbers } from '../../protocols/tftp/frame.ts'
import type { TransferTerms } from '../../protocols/tftp/options.ts'
import { dataHeaderBytes, writeDataInto, writeError, writeOptionsAck } from '../../protocols/tftp/writer.ts'
import { createPatience, type PatienceLimits } from './patience.ts'
import { freshRequestMs, type Transfer, type TransferOutcome, type TransferRoom } from './transfer.ts'

export interface DownloadOptions {
  readonly name: string
  readonly peer: Endpoint
  readonly bytes: Uint8Array
  readonly terms: TransferTerms
  readonly limits: PatienceLimits
  readonly room: TransferRoom
}

/** Blocks are counted from 1 without wrapping; only the wire sees them modulo 65536. */
export function createDownload({ name, peer, bytes, terms, limits, room }: DownloadOptions): Transfer {
  const { blockBytes, windowBlocks } = terms
  // A file that is a multiple of the block ends with an empty block.
  const lastBlock = Math.floor(bytes.length / blockBytes) + 1
  const packets = createPackets(bytes, blockBytes, Math.min(windowBlocks, lastBlock))
  const patience = createPatience(limits, room.nowMs(), terms.timeoutMs)
  let awaitsOptionsAck = terms.accepted.length > 0
  let acknowledged = 0
  let sent = 0
  let over = false

  const end = (outcome: TransferOutcome): void => {
    if (over) return
    over = true
    room.onOver(outcome)
  }
  const sendWindow = (): void => {
    sent = Math.min(acknowledged + windowBlocks, lastBlock)
    for (let block = acknowledged + 1; block <= sent; block += 1) room.send(packets(block))
  }
  const sendAll = (): void => {
    if (awaitsOptionsAck) room.send(writeOptionsAck(terms.accepted))
    else sendWindow()
  }
  const repeat = (nowMs: number, backOff: boolean): void => { sendAll(); patience.repeated(nowMs, backOff) }

  const onAck = (block: number): void => {
    const nowMs = room.nowMs()
    if (awaitsOptionsAck) {
      if (block !== 0) return
      awaitsOptionsAck = false
      sendWindow()
      patience.heard(nowMs, true)
      patience.sentNew(nowMs)
      return
    }
    const distance = (block - acknowledged) & 0xffff
    if (acknowledged + distance > sent) return
    if (distance === 0) {
      // The client misses the first block of this window, or the network doubled its last acknowledgement.
      patience.heard(nowMs, false)
      if (patience.mayRepeatOnDemand(nowMs)) repeat(nowMs, false)
      return
    }
    acknowledged += distance
    if (acknowledged === lastBlock) { end({ ok: true }); return }
    const wholeWindow = acknowledged === sent
    sendWindow()
    patience.heard(nowMs, wholeWindow)
    patience.sentNew(nowMs)
    // RFC 7440: a part of the window was acknowledged, the next window begins right behind it. Blocks that are on
    // their way already make the client say the same again; those are not answered.
    if (!wholeWindow) patience.repeated(nowMs, false)
  }

  return {
    direction: 'download', name, peer, totalBytes: bytes.length,
    doneBytes: () => Math.min(acknowledged * blockBytes, bytes.length),
    begin: () => { sendAll(); patience.sentNew(room.nowMs()) },
    onFrame: (frame) => {
      if (over) return
      if (frame.kind === 'ack') onAck(frame.block)
      else if (frame.kind === 'error') end({ ok: false, reason: `the client stopped: ${frame.message} (error ${frame.number})` })
      else stop(errorNumbers.illegalOperation, 'the client sent something that is no acknowledgement')
    },
    onSameRequest: () => {
      if (over) return 'start-over'
      const nowMs = room.nowMs()
      const untouched = acknowledged === 0 && (awaitsOptionsAck || terms.accepted.length === 0)
      if (!untouched) return patience.silentMs(nowMs) < freshRequestMs ? 'repeated' : 'start-over'
      patience.heard(nowMs, false)
      if (patience.mayRepeatOnDemand(nowMs)) repeat(nowMs, false)
      return 'repeated'
    },
    onTime: (nowMs) => {
      if (over) return
      if (patience.hasGivenUp(nowMs)) {
        const reason = sent === lastBlock
          ? 'the end was sent and never acknowledged; the client may have all of it'
          : 'the client went silent'
        end({ ok: false, reason })
      } else if (patience.isDue(nowMs)) repeat(nowMs, true)
    },
    nextDueMs: () => patience.nextDueMs(),
    stop,
    drop: (reason) => { end({ ok: false, reason }) },
  }

  function stop(errorNumber: number, reason: string): void {
    if (over) return
    room.send(writeError(errorNumber, reason))
    end({ ok: false, reason })
  }
}

/** Packets of one window, in memory that is used again for the next: at most one window is copied at any time. */
function createPackets(bytes: Uint8Array, blockBytes: number, windowBlocks: number): (block: number) => Uint8Array {
  const slotBytes = dataHeaderBytes + blockBytes
  const memory = new Uint8Array(slotBytes * windowBlocks)
  const slots = Array.from({ length: windowBlocks }, (_, index) => memory.subarray(index * slotBytes, (index + 1) * slotBytes))
  return (block) => {
    const from = (block - 1) * blockBytes
    const content = bytes.subarray(from, from + blockBytes)
    const slot = slots[block % windowBlocks]
    // The short end has memory of its own: a full packet that still waits in the system must not change its length.
    const packet = slot !== undefined && content.length === blockBytes ? slot : new Uint8Array(dataHeaderBytes + content.length)
    writeDataInto(packet, block, content)
    return packet
  }
}
