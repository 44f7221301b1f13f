import type { Endpoint } from '../../../shared/devices/datagram.ts'
import { errorNumbers } from '../../protocols/tftp/frame.ts'
import type { TransferTerms } from '../../protocols/tftp/options.ts'
import { writeAck, writeError, writeOptionsAck } from '../../protocols/tftp/writer.ts'
import { createPatience, type PatienceLimits } from './patience.ts'
import { freshRequestMs, type Transfer, type TransferOutcome, type TransferRoom } from './transfer.ts'

export interface UploadOptions {
  readonly name: string
  readonly peer: Endpoint
  readonly maxBytes: number
  readonly terms: TransferTerms
  readonly limits: PatienceLimits
  readonly room: TransferRoom
  /** All of it, before the last acknowledgement goes out. */
  readonly onReceived: (bytes: Uint8Array) => void
}

export function createUpload({ name, peer, maxBytes, terms, limits, room, onReceived }: UploadOptions): Transfer {
  const { blockBytes, windowBlocks } = terms
  const patience = createPatience(limits, room.nowMs(), terms.timeoutMs)
  const content = createGrowingBytes()
  let received = 0
  let inWindow = 0
  let gapToldAt = -1
  let over = false
  let complete = false

  const end = (outcome: TransferOutcome): void => {
    if (over) return
    over = true
    complete = outcome.ok
    room.onOver(outcome)
  }
  const acknowledge = (): void => {
    inWindow = 0
    room.send(received === 0 && terms.accepted.length > 0 ? writeOptionsAck(terms.accepted) : writeAck(received))
  }
  const repeat = (nowMs: number, backOff: boolean): void => { acknowledge(); patience.repeated(nowMs, backOff) }

  const onNextBlock = (bytes: Uint8Array, nowMs: number): void => {
    if (bytes.length > blockBytes) { stop(errorNumbers.illegalOperation, 'the block is longer than agreed'); return }
    if (content.lengthBytes() + bytes.length > maxBytes) { stop(errorNumbers.noRoom, `larger than the ${maxBytes} bytes expected here`); return }
    received += 1
    inWindow += 1
    const isLast = bytes.length < blockBytes
    // The client works on its next block while this one is put away. The last one is answered only when all of it is in place.
    if (!isLast && inWindow >= windowBlocks) acknowledge()
    content.add(bytes)
    if (isLast) { onReceived(content.take()); acknowledge() }
    patience.heard(nowMs, false)
    patience.sentNew(nowMs)
    if (isLast) end({ ok: true })
  }

  const onData = (block: number, bytes: Uint8Array): void => {
    const distance = (block - received) & 0xffff
    const nowMs = room.nowMs()
    // After the end only the acknowledgement of the last block may have been lost.
    if (over) { if (complete && distance === 0) acknowledge(); return }
    if (distance === 1) { onNextBlock(bytes, nowMs); return }
    patience.heard(nowMs, false)
    // The last one again: our acknowledgement was lost. The one who sends repeats at most once per timeout of its own.
    if (distance === 0 && received > 0) { repeat(nowMs, false); return }
    // RFC 7440: the first block behind a gap says so, the rest of that window says nothing new.
    if (distance <= windowBlocks && gapToldAt !== received) { gapToldAt = received; repeat(nowMs, false) }
  }

  return {
    direction: 'upload', name, peer, totalBytes: terms.announcedBytes,
    doneBytes: () => content.lengthBytes(),
    begin: () => { acknowledge(); patience.sentNew(room.nowMs()) },
    onFrame: (frame) => {
      if (frame.kind === 'data') onData(frame.block, frame.bytes)
      else if (over) return
      else if (frame.kind === 'error') end({ ok: false, reason: `the client stopped: ${frame.message} (error ${frame.number})` })
      else stop(errorNumbers.illegalOperation, 'the client sent something that is no data')
    },
    onSameRequest: () => {
      if (over) return 'start-over'
      const nowMs = room.nowMs()
      if (received > 0) return patience.silentMs(nowMs) < freshRequestMs ? 'repeated' : 'start-over'
      patience.heard(nowMs, false)
      if (patience.mayRepeatOnDemand(nowMs)) repeat(nowMs, false)
      return 'repeated'
    },
    onTime: (nowMs) => {
      if (over) return
      if (patience.hasGivenUp(nowMs)) end({ ok: false, reason: 'the client went silent' })
      else if (patience.isDue(nowMs)) { gapToldAt = -1; repeat(nowMs, true) }
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

/** 1 MiB: a flash arrives in a few of them, a small file in one, and none of them is ever copied to make room. */
const pieceBytes = 1024 * 1024

/** Grows with what came, never with what was announced. */
function createGrowingBytes(): { add: (bytes: Uint8Array) => void; take: () => Uint8Array; lengthBytes: () => number } {
  let full: Uint8Array[] = []
  let piece = new Uint8Array(64 * 1024)
  let pieceUsed = 0
  let lengthBytes = 0
  return {
    add: (bytes) => {
      if (pieceUsed + bytes.length > piece.length) {
        full.push(piece.subarray(0, pieceUsed))
        piece = new Uint8Array(Math.max(pieceBytes, bytes.length))
        pieceUsed = 0
      }
      piece.set(bytes, pieceUsed)
      pieceUsed += bytes.length
      lengthBytes += bytes.length
    },
    take: () => {
      const whole = new Uint8Array(lengthBytes)
      let at = 0
      for (const each of [...full, piece.subarray(0, pieceUsed)]) { whole.set(each, at); at += each.length }
      full = []
      piece = new Uint8Array(0)
      pieceUsed = 0
      return whole
    },
    lengthBytes: () => lengthBytes,
  }
}
