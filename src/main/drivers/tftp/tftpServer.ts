import type { DatagramSocket, Endpoint } from '../../../shared/devices/datagram.ts'
import { errorNumbers, opcodes, type TftpFrame, type TftpRequest } from '../../protocols/tftp/frame.ts'
import { agreeOnOptions } from '../../protocols/tftp/options.ts'
import { parseFrame } from '../../protocols/tftp/parser.ts'
import { writeError } from '../../protocols/tftp/writer.ts'
import { createDownload } from './download.ts'
import { createNameMap, type OfferEntry, type SlotEntry } from './nameMap.ts'
import { defaultTftpLimits, type TftpLimits, type TftpServer, type TftpServerOptions } from './tftpTypes.ts'
import { createTransferTable, keyOf } from './transferTable.ts'
import { createUpload } from './upload.ts'

// Callers hold what `openTftpServer` gives them, and take its type from the same place.
export type { TftpServer } from './tftpTypes.ts'

/** `host/port-in-use` and `host/no-permission` come from the network. */
export async function openTftpServer(options: TftpServerOptions): Promise<TftpServer> {
  const { network, address, port, clock, answerFrom = 'listening-port', onEvent = () => undefined } = options
  const limits: TftpLimits = { ...defaultTftpLimits, ...options.limits }
  const names = createNameMap()
  const table = createTransferTable({ clock, limits, onEvent })
  // Clients whose own socket is being bound: a request that is repeated meanwhile must not open a second one.
  const opening = new Set<string>()
  let closed = false
  const socket = await network.bind(address, port)

  const refuse = (request: TftpRequest, from: Endpoint, errorNumber: number, reason: string): void => {
    socket.send(writeError(errorNumber, reason), from)
    const direction = request.kind === 'read-request' ? 'download' : 'upload'
    onEvent({ kind: 'failed', direction, name: shown(request.name), peer: peerOf(from), doneBytes: 0, totalBytes: undefined, reason })
  }

  const startDownload = (request: TftpRequest, offer: OfferEntry, from: Endpoint, lane: DatagramSocket): void => {
    const terms = agreeOnOptions(request.options, limits, offer.bytes.length)
    const finished = (): void => { offer.completedReads += 1 }
    table.add(request, offer, from, lane, ownSocket(lane), finished, (room) =>
      createDownload({ name: offer.name, peer: peerOf(from), bytes: offer.bytes, terms, limits, room }))
  }
  const startUpload = (request: TftpRequest, slot: SlotEntry, from: Endpoint, lane: DatagramSocket): void => {
    const terms = agreeOnOptions(request.options, limits, undefined)
    slot.busy = true
    const onReceived = (bytes: Uint8Array): void => { slot.arrival.resolve(bytes); names.removeEntry(slot) }
    table.add(request, slot, from, lane, ownSocket(lane), () => undefined, (room) =>
      createUpload({ name: slot.name, peer: peerOf(from), maxBytes: slot.maxBytes, terms, limits, room: {
        ...room, onOver: (outcome) => { slot.busy = false; room.onOver(outcome) },
      }, onReceived }))
  }
  const ownSocket = (lane: DatagramSocket): DatagramSocket | undefined => (lane === socket ? undefined : lane)

  const onRequest = (request: TftpRequest, from: Endpoint): void => {
    const key = keyOf(from)
    if (opening.has(key)) return
    const known = table.find(key)
    if (known && table.isSameRequest(key, request) && known.onSameRequest() === 'repeated') return
    // Whoever asks for something else from the same port has given up the transfer that used it.
    if (known) table.drop(key, 'the client started again')
    // Not converted and so not served: a netascii client rewrites line ends, and every image would arrive broken.
    if (request.mode !== 'octet') {
      refuse(request, from, errorNumbers.inWords, `Mode ${shown(request.mode).slice(0, 16)} is not served: use binary (octet)`)
    } else if (table.activeCount() + opening.size >= limits.maxTransfers) {
      refuse(request, from, errorNumbers.inWords, `Too many transfers at once (${limits.maxTransfers}): try again in a moment`)
    } else if (request.kind === 'read-request') {
      const offer = names.findOffer(request.name)
      if (!offer) refuse(request, from, errorNumbers.fileNotFound, 'File not found')
      else withLane(key, from, (lane) => { startDownload(request, offer, from, lane) }, () => names.has(offer))
    } else {
      const slot = names.findSlot(request.name)
      const announced = slot && agreeOnOptions(request.options, limits, undefined).announcedBytes
      if (!slot) refuse(request, from, errorNumbers.accessRefused, 'Writing is not allowed: no upload of this name is awaited')
      else if (slot.busy) refuse(request, from, errorNumbers.accessRefused, 'Another client is writing this file')
      else if (announced !== undefined && announced > slot.maxBytes) refuse(request, from, errorNumbers.noRoom, `Larger than the ${slot.maxBytes} bytes expected here`)
      else withLane(key, from, (lane) => { startUpload(request, slot, from, lane) }, () => names.has(slot) && !slot.busy)
    }
  }

  /** `start` is skipped when, after the wait for a fresh port, it is no longer wanted. */
  const withLane = (key: string, from: Endpoint, start: (lane: DatagramSocket) => void, stillWanted: () => boolean): void => {
    if (answerFrom === 'listening-port') { start(socket); return }
    opening.add(key)
    network.bind(address, 0).then(
      async (lane) => {
        opening.delete(key)
        if (closed || !stillWanted()) { await lane.close(); return }
        lane.onDatagram((bytes, sender) => { onTransferDatagram(lane, key, bytes, sender) })
        start(lane)
      },
      () => {
        opening.delete(key)
        if (!closed) socket.send(writeError(errorNumbers.inWords, 'No free port for this transfer'), from)
      },
    ).catch(() => undefined) // Closing a socket nobody used may fail; there is nobody to tell.
  }

  const onTransferDatagram = (lane: DatagramSocket, key: string, bytes: Uint8Array, from: Endpoint): void => {
    if (keyOf(from) === key) table.find(key)?.onFrame(parseFrame(bytes))
    else answerStranger(lane, parseFrame(bytes), from)
  }

  socket.onDatagram((bytes, from) => {
    const frame = parseFrame(bytes)
    if (frame.kind === 'read-request' || frame.kind === 'write-request') { onRequest(frame, from); return }
    const transfer = answerFrom === 'listening-port' ? table.find(keyOf(from)) : undefined
    if (transfer) transfer.onFrame(frame)
    else answerStranger(socket, frame, from)
  })

  return {
    address: socket.address,
    port: socket.port,
    offer: (name, bytes) => {
      const entry = names.addOffer(name, bytes)
      return {
        name, lengthBytes: bytes.length,
        get completedReads() { return entry.completedReads },
        remove: () => { removeEntry(entry) },
      }
    },
    openUpload: (name, maxBytes) => {
      const entry = names.addSlot(name, maxBytes)
      return { name, bytes: entry.arrival.promise, close: () => { removeEntry(entry) } }
    },
    remove: (name) => names.named(name).map(removeEntry).length > 0,
    offered: (name) => names.offered(name),
    activeTransfers: () => table.activeCount(),
    close: async () => {
      if (closed) return
      closed = true
      names.closeSlots('the TFTP server stops')
      await table.close('The server stops')
      await socket.close()
    },
  }

  function removeEntry(entry: OfferEntry | SlotEntry): void {
    if (names.removeEntry(entry)) table.stopAllOf(entry, 'The file was withdrawn')
  }
}

/** RFC 1350: an unknown endpoint is told so, and nobody else notices. Errors are never answered: two servers would talk forever. */
function answerStranger(socket: DatagramSocket, frame: TftpFrame, to: Endpoint): void {
  if (frame.kind === 'error') return
  if (frame.kind !== 'malformed') { socket.send(writeError(errorNumbers.unknownTransfer, 'Unknown transfer ID'), to); return }
  const isRequest = frame.opcode === opcodes.readRequest || frame.opcode === opcodes.writeRequest
  if (frame.opcode === undefined || frame.opcode === opcodes.error) return
  socket.send(isRequest
    ? writeError(errorNumbers.inWords, `Malformed request: ${frame.reason}`)
    : writeError(errorNumbers.illegalOperation, 'Illegal TFTP operation'), to)
}

/** The network's own object may carry more, and may be reused by it. */
const peerOf = (from: Endpoint): Endpoint => ({ address: from.address, port: from.port })

/** A stranger's word, fit for a message. */
const shown = (text: string): string => text.slice(0, 128).replace(/[^\x20-\x7e]/g, '?')
